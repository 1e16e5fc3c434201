"""A search for each condition's learning rate, with the same number of trials and steps for each.

The search is Optuna's tree-structured Parzen estimator (Bergstra et al. 2011) on a logarithmic scale from
a tenth to ten times the condition's own rate, which is the first trial. A trial trains under a seed that
no study uses, for a quarter of the steps, and counts by the CER of its validation lines; one whose loss does
not stay finite counts as the worst. The test lines are not touched.
"""

from __future__ import annotations

import importlib.util
import operator
import sys
from collections.abc import Mapping
from pathlib import Path

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.failure import divergence
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.study import scheduler
from ocr_tf.study.comparison.tuning import RANGE, Trial, Tuned
from ocr_tf.study.job import Job
from ocr_tf.study.study_folder import StudyFolder

RATE = "train.learning_rate"
FIRST_SEED = 1_000_000  # of the trials
SHARE = 4  # a trial has a quarter of the steps


def tune(
    folder: StudyFolder, conditions: Mapping[str, Experiment], trials: int
) -> tuple[dict[str, Experiment], dict[str, Tuned]]:
    """Searches for the best learning rate of each condition.

    Stopped and started again, it goes on; asked for more trials, it makes those.

    Returns:
        The conditions with the best rates, and the search as JSON values:
        {condition: {"steps": of each trial, "chosen": trial, "trials": [trial, ..]}} with a trial as
        {"learning_rate", "cer": None where its loss did not stay finite}.

    Raises:
        InputError: no rate of a condition trains.
    """
    best_rates, searches = {}, {}
    for name, experiment in conditions.items():
        tried = _search(folder.path / "tune" / name, name, experiment, trials)
        trained = [trial for trial in tried if trial.cer is not None]
        if not trained:
            raise InputError(
                f"{name}: the loss stays finite with none of {trials} learning rates around "
                f"{experiment.train.learning_rate:g}; lower its rate, or look at the lines"
            )
        best = min(trained, key=operator.attrgetter("cer"))  # of equals the first: the own rate
        found = Tuned(_steps(experiment), best, tuple(tried))
        edge = ", at an edge of the range: a better one may lie beyond" if found.at_an_edge else ""
        print(
            f"{name}: --{RATE}={best.learning_rate:.3g} of {trials} trials{edge}", file=sys.stderr
        )
        best_rates[name] = options.replace(experiment, {RATE: best.learning_rate})
        searches[name] = found
    return best_rates, searches


def check_installed() -> None:
    """Raises InputError where Optuna is not installed."""
    if importlib.util.find_spec("optuna") is None:
        raise InputError(
            "--study.tune: Optuna is not installed; pip install optuna, or leave the flag out"
        )


def _steps(experiment: Experiment) -> int:
    return max(1, experiment.train.steps // SHARE)


def _search(folder: Path, name: str, experiment: Experiment, trials: int) -> list[Trial]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    states = optuna.trial.TrialState
    folder.mkdir(parents=True, exist_ok=True)
    storage = f"sqlite:///{folder / 'trials.db'}"
    own = experiment.train.learning_rate
    while True:
        # Made anew for every trial, from the trials that are finished: what is asked next does not
        # depend on how often the search was stopped.
        search = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
        finished = search.get_trials(states=(states.COMPLETE, states.PRUNED))
        if len(finished) >= trials:
            kept = sorted(finished, key=lambda trial: trial.number)[:trials]
            return [Trial(t.params[RATE], t.value) for t in kept]
        number = len(finished)
        search.sampler = optuna.samplers.TPESampler(seed=number, n_startup_trials=min(5, trials))
        for broken in search.get_trials(states=(states.RUNNING,)):
            search.tell(broken.number, state=states.FAIL)
        waiting = search.get_trials(states=(states.WAITING,))
        if number == 0 and not waiting:
            search.enqueue_trial({RATE: own})
        trial = search.ask()
        rate = trial.suggest_float(RATE, own / RANGE, own * RANGE, log=True)
        values = {RATE: rate, "train.steps": _steps(experiment), "train.seed": FIRST_SEED + number}
        job = Job(
            f"{name}, trial {number + 1} of {trials}, rate {rate:.3g}",
            options.replace(experiment, values),
            folder / f"trial-{number}",
            test=(),
            normalize="none",
        )
        scheduler.run([job])
        if divergence(job.workdir) is not None:
            print(f"{job.title}: counts as the worst", file=sys.stderr)
            search.tell(trial, state=states.PRUNED)
            continue
        search.tell(trial, RunFolder.open(job.workdir).checkpoints.state().best_cer)

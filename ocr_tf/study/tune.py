"""A search for each condition's learning rate, or for more options, with the same budget for each.

The search is Optuna's tree-structured Parzen estimator (Bergstra et al. 2011). A condition's own values are
the first trial. Options that are shares, such as dropout, are searched evenly up to a half; others on a
logarithmic scale from a tenth to ten times the condition's own value. A trial trains under seeds that no
study and no other trial uses, for a quarter of the steps, and counts by the mean CER of its validation lines;
one whose loss does not stay finite under one of them counts as the worst. The test lines are not touched.
"""

from __future__ import annotations

import importlib.util
import operator
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.failure import divergence
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.study import scheduler
from ocr_tf.study.comparison.tuning import Range, Trial, Tuned
from ocr_tf.study.config import RATE, Settings
from ocr_tf.study.job import Job
from ocr_tf.study.study_folder import StudyFolder

if TYPE_CHECKING:
    import optuna

CLIP = "train.clip_norm"
FIRST_SEED = 1_000_000  # of the trials
SHARE = 4  # a trial has a quarter of the steps
TIMES = 10  # the own value divided by this, to the own value times this
MOST = 0.5  # of a share


def tune(
    folder: StudyFolder, conditions: Mapping[str, Experiment], settings: Settings
) -> tuple[dict[str, Experiment], dict[str, Tuned]]:
    """Searches for the best values of each condition.

    Stopped and started again, it goes on; asked for more trials, it makes those.

    Returns:
        The conditions with the best values, and the search of each.

    Raises:
        InputError: no trial of a condition trains.
    """
    best_values, searches = {}, {}
    for name, experiment in conditions.items():
        ranges = _ranges(name, experiment, settings)
        tried = _search(folder.path / "tune" / name, name, experiment, ranges, settings)
        trained = [trial for trial in tried if trial.cer is not None]
        if not trained:
            raise InputError(
                f"{name}: the loss stays finite in none of {settings.tune} trials around {tried[0]}; lower "
                "its learning rate, or look at the lines"
            )
        best = min(trained, key=operator.attrgetter("cer"))  # of equals the first: the own values
        found = Tuned(_steps(experiment), settings.tune_seeds, ranges, best, tuple(tried))
        print(f"{name}: {best} of {settings.tune} trials{_edge(found)}", file=sys.stderr)
        best_values[name] = options.replace(experiment, dict(best.values))
        searches[name] = found
    return best_values, searches


def check(conditions: Mapping[str, Experiment], settings: Settings) -> None:
    """Looks at what is asked before anything is trained.

    Raises:
        InputError: Optuna is not installed, or a condition has no such option that can be searched.
    """
    if importlib.util.find_spec("optuna") is None:
        raise InputError(
            "--study.tune: Optuna is not installed; pip install optuna, or leave the flag out"
        )
    for name, experiment in conditions.items():
        _ranges(name, experiment, settings)


def _edge(found: Tuned) -> str:
    """Says which values lie at an edge; nothing where none does."""
    if not found.at_an_edge:
        return ""
    named = ", ".join(f"--{name}" for name in found.at_an_edge)
    return f"; {named} at an edge of the range: a better value may lie beyond"


def _ranges(name: str, experiment: Experiment, settings: Settings) -> dict[str, Range]:
    """Finds the range of each option that is searched."""
    numbers = {leaf.name: leaf for leaf in options.leaves(experiment) if leaf.type is float}
    found = {}
    for option in settings.tune_over:
        flag = f"--study.tune_over={option}"
        leaf = numbers.get(option)
        if leaf is None:
            raise InputError(
                f"{flag}: {name} has no such number; name options that every condition has, as {RATE}"
            )
        if option == CLIP and experiment.train.normalize_gradient:
            raise InputError(
                f"{flag}: gradients are brought to one norm, not clipped; give "
                "--train.normalize_gradient=false too, or leave it out"
            )
        least, most = leaf.field.metadata["minimum"], leaf.field.metadata["maximum"]
        if most is not None and most <= 1:
            found[option] = Range(least or 0.0, max(leaf.value, min(most, MOST)), log=False)
        elif leaf.value > 0:
            found[option] = Range(leaf.value / TIMES, leaf.value * TIMES, log=True)
        else:
            raise InputError(
                f"{flag}: {name} has {leaf.value:g}, around which there is no range; give it a value above 0"
            )
    return found


def _steps(experiment: Experiment) -> int:
    return max(1, experiment.train.steps // SHARE)


def _search(
    folder: Path,
    name: str,
    experiment: Experiment,
    ranges: Mapping[str, Range],
    settings: Settings,
) -> list[Trial]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    states = optuna.trial.TrialState
    folder.mkdir(parents=True, exist_ok=True)
    storage = f"sqlite:///{folder / 'trials.db'}"
    trials = settings.tune
    own = {leaf.name: leaf.value for leaf in options.leaves(experiment) if leaf.name in ranges}
    while True:
        # Made anew for every trial, from the trials that are finished: what is asked next does not
        # depend on how often the search was stopped.
        search = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
        _refuse_other(search, [*ranges, str(settings.tune_seeds)], folder)
        finished = search.get_trials(states=(states.COMPLETE, states.PRUNED))
        if len(finished) >= trials:
            kept = sorted(finished, key=lambda trial: trial.number)[:trials]
            return [Trial({option: t.params[option] for option in ranges}, t.value) for t in kept]
        number = len(finished)
        search.sampler = optuna.samplers.TPESampler(seed=number, n_startup_trials=min(5, trials))
        for broken in search.get_trials(states=(states.RUNNING,)):
            search.tell(broken.number, state=states.FAIL)
        waiting = search.get_trials(states=(states.WAITING,))
        if number == 0 and not waiting:
            search.enqueue_trial(own)
        trial = search.ask()
        values = {
            option: trial.suggest_float(option, one.low, one.high, log=one.log)
            for option, one in ranges.items()
        }
        cer = _train(folder / f"trial-{number}", name, experiment, values, number, settings)
        if cer is None:
            print(f"{name}, trial {number + 1}: counts as the worst", file=sys.stderr)
            search.tell(trial, state=states.PRUNED)
        else:
            search.tell(trial, cer)


def _refuse_other(search: optuna.Study, asked: list[str], folder: Path) -> None:
    """Refuses to go on with a search that tries other options, or other numbers of seeds."""
    if search.user_attrs.get("asked", asked) != asked:
        raise InputError(
            f"{folder}: a search of other --study.tune_over or --study.tune_seeds was begun here; give the "
            "same, or delete the folder"
        )
    search.set_user_attr("asked", asked)


def _train(
    folder: Path,
    name: str,
    experiment: Experiment,
    values: Mapping[str, float],
    number: int,
    settings: Settings,
) -> Optional[float]:
    """Trains a trial under its seeds; returns the mean CER, or None where a loss did not stay finite."""
    cers = []
    for seed in range(settings.tune_seeds):
        changed = {
            **values,
            "train.steps": _steps(experiment),
            "train.seed": FIRST_SEED + number * settings.tune_seeds + seed,
        }
        job = Job(
            f"{name}, trial {number + 1} of {settings.tune}, {Trial(dict(values), None)}",
            options.replace(experiment, changed),
            folder / f"seed-{seed}",
            test=(),
            normalize="none",
        )
        scheduler.run([job])
        diverged = divergence(job.workdir) is not None
        cer = None if diverged else RunFolder.open(job.workdir).checkpoints.state().best_cer
        if cer is None:
            return None
        cers.append(cer)
    return sum(cers) / len(cers)

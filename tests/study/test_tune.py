from __future__ import annotations

import math
import sys

import pytest

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.failure import Divergence, record_divergence
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.study import tune
from ocr_tf.study.comparison import tuning
from ocr_tf.study.comparison.tuning import Range, Trial, Tuned
from ocr_tf.study.config import RATE, Settings
from ocr_tf.study.study_folder import StudyFolder
from tests.experiment import tiny

pytest.importorskip("optuna", reason="Optuna is an extra")
CONDITIONS = {head: tiny.experiment(head) for head in tiny.HEADS}
BEST = 0.004
DIVERGES = 1e9


def cer(rate):
    """Grows with the distance from BEST, to a bound."""
    return min(0.15, abs(math.log(rate / BEST)) / 10)


class Trainings:
    """Stands in for the scheduler."""

    def __init__(self, monkeypatch):
        self.jobs, self.rates, self.until = [], {}, math.inf
        monkeypatch.setattr(tune.scheduler, "run", self.run)
        monkeypatch.setattr(RunFolder, "open", classmethod(lambda _, path: self.Run(self, path)))

    def run(self, jobs):
        (job,) = jobs
        train = job.experiment.train
        # What a run was begun with, it has to be continued with.
        assert self.rates.setdefault(job.workdir, train.learning_rate) == train.learning_rate
        if len(self.jobs) >= self.until:
            raise KeyboardInterrupt
        self.jobs.append(job)
        if train.learning_rate > DIVERGES:
            job.workdir.mkdir(parents=True)
            record_divergence(job.workdir, Divergence(3, "the loss is not finite"))

    class Run:
        def __init__(self, trainings, path):
            self.rate = trainings.rates[path]

        @property
        def checkpoints(self):
            return self

        def state(self):
            return TrainingState(best_cer=cer(self.rate))


@pytest.fixture
def trainings(monkeypatch):
    return Trainings(monkeypatch)


def search(folder, trials, *heads, **settings):
    folder.mkdir(exist_ok=True)
    chosen = {head: CONDITIONS[head] for head in heads or tiny.HEADS}
    return tune.tune(StudyFolder(folder), chosen, Settings(tune=trials, **settings))


def test_stopped_in_any_trial_it_chooses_the_same_rates(trainings, tmp_path):
    found, tried = search(tmp_path / "unbroken", 7, "ctc")  # five of them before the model is asked
    for stop in (0, 0, 1, 6):  # twice before the first was done
        trainings.until = 7 + stop
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "stopped", 7, "ctc")
    trainings.until = math.inf
    assert search(tmp_path / "stopped", 7, "ctc") == (found, tried)
    assert len(trainings.jobs) == 2 * 7


def test_the_own_rate_is_the_first_and_all_are_within_ten_times_of_it(trainings, tmp_path):
    found, tried = search(tmp_path, 4)
    for name, experiment in CONDITIONS.items():
        own = experiment.train.learning_rate
        rates = [trial.values[RATE] for trial in tried[name].trials]
        assert rates[0] == own and len(set(rates)) == 4
        assert all(own / 10 <= rate <= own * 10 for rate in rates)
        best = min(rates, key=cer)
        assert found[name].train.learning_rate == tried[name].chosen.values[RATE] == best
    for job in trainings.jobs:
        assert job.test == () and job.experiment.train.steps == tiny.STEPS // 4
        assert job.experiment.train.seed >= 1_000_000


def test_where_no_rate_is_better_the_own_stays(trainings, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "BEST", 1e9)
    found, _ = search(tmp_path, 3, "ctc")
    assert found["ctc"] == CONDITIONS["ctc"]


def test_a_rate_that_diverges_is_a_trial_but_no_choice(trainings, tmp_path, monkeypatch):
    own = CONDITIONS["ctc"].train.learning_rate
    monkeypatch.setattr(sys.modules[__name__], "DIVERGES", own)
    found, tried = search(tmp_path, 8, "ctc")
    assert len(trainings.jobs) == 8
    for trial in tried["ctc"].trials:
        assert (trial.cer is None) == (trial.values[RATE] > own)
    assert any(trial.cer is None for trial in tried["ctc"].trials)
    assert found["ctc"].train.learning_rate <= own
    assert search(tmp_path, 8, "ctc") == (found, tried) and len(trainings.jobs) == 8
    monkeypatch.setattr(sys.modules[__name__], "DIVERGES", 0)
    with pytest.raises(
        InputError, match="attention: the loss stays finite in none of 3 trials around --train"
    ):
        search(tmp_path, 3, "attention")


def test_more_trials_keep_those_that_were_made(trainings, tmp_path):
    first = search(tmp_path, 2, "ctc")[1]
    more = search(tmp_path, 3, "ctc")[1]
    assert len(trainings.jobs) == 3
    assert more["ctc"].trials[:2] == first["ctc"].trials


@pytest.mark.parametrize(
    "times, edge", [(1, False), (7, False), (8, True), (1 / 7, False), (0.12, True)]
)
def test_a_rate_near_an_end_of_the_range_is_at_an_edge(times, edge):
    own, best = Trial({RATE: 0.001}, 0.5), Trial({RATE: 0.001 * times}, 0.1)
    found = Tuned(10, 1, {RATE: Range(0.0001, 0.01, log=True)}, best, (own, best))
    assert found.at_an_edge == ((RATE,) if edge else ())


def test_a_share_is_searched_evenly_and_none_at_all_is_no_edge():
    shares = Range(0.0, 0.5, log=False)
    assert not shares.at_an_edge(0.0) and not shares.at_an_edge(0.4) and shares.at_an_edge(0.49)


def test_a_trial_of_several_seeds_counts_by_their_mean(trainings, tmp_path, monkeypatch):
    monkeypatch.setattr(trainings, "Run", Seeded)
    _, tried = search(tmp_path, 3, "ctc", tune_seeds=2)
    seeds = [job.experiment.train.seed for job in trainings.jobs]
    assert seeds == [1_000_000 + i for i in range(6)]
    rates = [job.experiment.train.learning_rate for job in trainings.jobs]
    for i, trial in enumerate(tried["ctc"].trials):
        assert rates[2 * i] == rates[2 * i + 1] == trial.values[RATE]
        assert trial.cer == pytest.approx(cer(trial.values[RATE]) + 0.5)  # the mean of 0 and 1


class Seeded(Trainings.Run):
    """A run whose CER depends on its seed too."""

    def __init__(self, trainings, path):
        super().__init__(trainings, path)
        self.seed = int(path.name.partition("-")[2])

    def state(self):
        return TrainingState(best_cer=cer(self.rate) + self.seed)


def test_several_options_are_searched_together_with_the_same_budget(trainings, tmp_path):
    over = (RATE, "sequence.dropout")
    found, tried = search(tmp_path, 6, tune_over=over)
    assert len(trainings.jobs) == 6 * len(CONDITIONS)
    for name, experiment in CONDITIONS.items():
        trials = tried[name].trials
        assert trials[0].values == {
            RATE: experiment.train.learning_rate,
            over[1]: experiment.sequence.dropout,
        }
        dropouts = [trial.values["sequence.dropout"] for trial in trials]
        assert len(set(dropouts)) > 3 and all(0 <= share <= 0.5 for share in dropouts)
        assert found[name].sequence.dropout == tried[name].chosen.values["sequence.dropout"]
    assert tuning.load(tuning.dump(tried).encode()) == tried


@pytest.mark.parametrize(
    "over, said",
    [
        ("train.rate", "has no such number"),
        ("train.steps", "has no such number"),
        ("head.guide", "ctc has no such number"),
        ("train.clip_norm", "brought to one norm"),
    ],
)
def test_what_cannot_be_searched_is_said_before_anything_is_trained(over, said):
    with pytest.raises(InputError, match=f"--study.tune_over={over}: .*{said}"):
        tune.check(CONDITIONS, Settings(tune=2, tune_over=(RATE, over)))


def test_around_a_value_of_zero_there_is_no_range():
    conditions = {"ctc": options.replace(CONDITIONS["ctc"], {"train.weight_decay": 0.0})}
    with pytest.raises(InputError, match="ctc has 0, around which there is no range"):
        tune.check(conditions, Settings(tune=2, tune_over=("train.weight_decay",)))


def test_optuna_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match="pip install optuna"):
        tune.check(CONDITIONS, Settings(tune=2))


def test_a_search_of_other_options_or_seeds_is_not_gone_on_with(trainings, tmp_path):
    search(tmp_path, 2, "ctc")
    for other in ({"tune_over": (RATE, "sequence.dropout")}, {"tune_seeds": 2}):
        with pytest.raises(InputError, match="other --study.tune_over or --study.tune_seeds was"):
            search(tmp_path, 3, "ctc", **other)
    search(tmp_path, 3, "ctc")
    assert len(trainings.jobs) == 3


@pytest.mark.parametrize("over", [(), (RATE, RATE)])
def test_options_to_search_are_named_once_each(over):
    with pytest.raises(ValueError, match="--study.tune_over: name each option once"):
        Settings(tune=2, tune_over=over)

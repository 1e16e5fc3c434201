"""What a study is: conditions that differ in Python, trained under the same seeds and flags.

TensorFlow-free, so that help is instant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Optional

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import (
    batch_size_option,
    checkpoint_option,
)
from ocr_tf.experiment.config.experiment import Data, Experiment, Train
from ocr_tf.experiment.config.program import command_name
from ocr_tf.metrics.registry import METRICS
from ocr_tf.normalization import NORMALIZATIONS
from ocr_tf.options import option
from ocr_tf.processor import cores
from ocr_tf.study import searches

ENGINES = ("local", "ray")
AUTO = "auto"  # of parallel runs: one for each core
RATE = "train.learning_rate"
MOST = 256  # parallel runs
MOST_LOOKS = 20  # that can be planned

Pairs = tuple[tuple[str, str], tuple[str, str]]  # of conditions: ((a, b), (c, d))


def _normalize() -> Any:
    """Makes the option of the normalization, the same for studies and comparisons of runs."""
    return option(
        "none",
        "Normalization of reference and reading before they are compared.",
        choices=tuple(NORMALIZATIONS),
    )


def _groups() -> Any:
    """Makes the option of the groups of lines, the same for studies and comparisons of runs."""
    return option(
        "",
        "Regex that extracts the group (page, writer) from a line id; lines of one group are one "
        "sampling unit. Empty: each line is one.",
    )


def _paired() -> Any:
    """Makes the option of pairing by seed, the same for studies and comparisons of runs."""
    return option(
        False,
        "Compare the conditions seed by seed: runs of one seed start from the same weights. Choose it "
        "before you see results.",
    )


def _margin() -> Any:
    """Makes the option of the margin, the same for studies and comparisons of runs."""
    return option(
        "",
        "Difference in percent points that does not matter to you, as 0.5: the report says whether the "
        "conditions are equivalent within it. Choose it before you see results. Empty: none.",
    )


def _check_margin(margin: str, flag: str) -> None:
    """Refuses a margin that is none.

    Raises:
        ValueError: it is no number above 0.
    """
    try:
        good = not margin or 0 < float(margin) < 100
    except ValueError:
        good = False
    if not good:
        raise ValueError(f"{flag}: a number of percent points above 0, as 0.5, not {margin}")


def planned_looks(text: str) -> tuple[int, ...]:
    """Reads --study.looks: the seeds at each planned look, in their order; empty where none are planned.

    Raises:
        ValueError: they are no whole numbers that go up, or too many.
    """
    counts = [part.strip() for part in text.split(",")] if text else []
    looks = tuple(int(count) for count in counts if count.isdecimal())
    goes_up = all(low < high for low, high in zip((0, *looks), looks))
    if len(looks) < len(counts) or len(looks) > MOST_LOOKS or not goes_up:
        raise ValueError(
            f"--study.looks: up to {MOST_LOOKS} numbers of seeds that go up, as 3,5,10, not {text}"
        )
    return looks


@dataclasses.dataclass(frozen=True)
class Settings:
    """Which runs are trained, how many at a time, and what decides between the conditions."""

    seeds: int = option(
        3, "Train each condition with this many random seeds, from 0 on.", minimum=1
    )
    looks: str = option(
        "",
        "Numbers of seeds after which you will look at the results, as 3,5,10: the level of 5 % is shared "
        "among these looks. Empty: the folder's plan, or one look. Looks that were not planned are charged.",
    )
    metric: str = option(
        "cer",
        "Metric that decides which condition is better; choose it before you see results.",
        choices=METRICS,
    )
    normalize: str = _normalize()
    search: str = option(
        "greedy",
        "How texts are searched: greedy, or beam:WIDTH, which keeps that many beginnings of the text "
        "at every step. Several, separated by semicolons, make a condition each of what is trained once.",
    )
    groups: str = _groups()
    paired: bool = _paired()
    margin: str = _margin()
    longer_than: int = option(
        0,
        "Compare only on test lines whose labels have more symbols than this, as on those longer than any "
        "that was trained on. 0: on all.",
        minimum=0,
    )
    parallel: str = option(
        AUTO,
        "Runs to train at the same time, which share the cores: a number, or auto, as many as there are "
        "cores, of one thread each.",
    )
    engine: str = option(
        "local",
        "Where to train: in processes of this machine, or on a Ray cluster (at RAY_ADDRESS).",
        choices=ENGINES,
    )
    tune: int = option(
        0,
        "Trials of a search for each condition's learning rate, before its runs; 0: no search.",
        minimum=0,
        maximum=1000,
    )
    tune_over: tuple[str, ...] = option(
        (RATE,),
        "What --study.tune searches: options of all conditions, as train.learning_rate,sequence.dropout.",
    )
    tune_seeds: int = option(
        1, "Seeds of each of its trials, which counts by their mean CER.", minimum=1, maximum=100
    )

    def __post_init__(self) -> None:
        _check_margin(self.margin, "--study.margin")
        looks = planned_looks(self.looks)
        if looks and self.seeds not in looks:
            raise ValueError(
                f"--study.seeds={self.seeds} is none of --study.looks={self.looks}: give one of them"
            )
        if not self.tune_over or len(set(self.tune_over)) < len(self.tune_over):
            raise ValueError(f"--study.tune_over: name each option once, as {RATE}")
        if self.parallel != AUTO and not (
            self.parallel.isdecimal() and 1 <= int(self.parallel) <= MOST
        ):
            raise ValueError(f"--study.parallel: auto, or 1 to {MOST}, not {self.parallel}")

    def at_a_time(self, runs: int) -> int:
        """Returns how many of a study's runs to train at the same time."""
        return min(runs, cores()) if self.parallel == AUTO else int(self.parallel)


@dataclasses.dataclass(frozen=True)
class StudyData(Data):
    """The lines to train on, to validate with and to test on; the same for every condition."""

    test: tuple[str, ...] = option(
        (),
        "Test lines, read after training: labels files, folders or scheme:SPEC, comma-separated.",
    )


@dataclasses.dataclass(frozen=True)
class Study:
    """Conditions by name, in the order of the report.

    The first pair is the question, or the first contrast where there are any.

    Contrasts are differences of differences, by what changes: {"gain of b, from one to two":
    (("a1", "b1"), ("a2", "b2"))} asks whether b1's gain over a1 is b2's over a2. Where there are several
    searches, a condition under one of them is "a1, beam:8", and "a1" alone is of the first.
    """

    name: str
    conditions: Mapping[str, Experiment]
    study: Settings = dataclasses.field(default_factory=Settings)
    data: StudyData = dataclasses.field(default_factory=StudyData)
    train: Train = dataclasses.field(default_factory=Train)
    contrasts: Mapping[str, Pairs] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        name: str,
        conditions: Mapping[str, Experiment],
        *,
        contrasts: Optional[Mapping[str, Pairs]] = None,
        **settings: Any,
    ) -> Study:
        """Makes a study whose flags start at the first condition's.

        Args:
            name: of its file.
            conditions: experiments by name.
            contrasts: see the class.
            settings: those of `Settings`, and `test`, the test lines.
        """
        first = next(iter(conditions.values()))
        data = {f.name: getattr(first.data, f.name) for f in dataclasses.fields(Data)}
        test = tuple(settings.pop("test", ()))
        return cls(
            name,
            dict(conditions),
            Settings(**settings),
            StudyData(**data, test=test),
            first.train,
            dict(contrasts or {}),
        )

    def resolved(self, given: Study) -> dict[str, Experiment]:
        """Changes each condition's experiment as a command line asks.

        Args:
            given: this study as the command line gave it back. A flag that still has this study's
                value changes nothing, so that what a condition sets in Python stays.

        Raises:
            InputError: one training and one search, conditions that are the same, a contrast of others than
                four of them, a flag that is the study's to set, or one that a condition cannot have.
        """
        default = {leaf.name: leaf.value for leaf in options.leaves(self)}
        changed = {
            leaf.name: leaf.value
            for leaf in options.leaves(given)
            if leaf.value != default[leaf.name]
            and not leaf.name.startswith("study.")
            and leaf.name != "data.test"
        }
        for name, way_out in REFUSED.items():
            if name in changed:
                raise InputError(f"--{name}={changed[name]}: {way_out}")
        # Early stopping would give conditions unequal budgets.
        changed["train.patience"] = 0
        experiments = {
            name: _changed(name, experiment, changed)
            for name, experiment in self.conditions.items()
        }
        for experiment in experiments.values():
            experiment.check_registered()
        _refuse_same(experiments, given.study.search)
        _check_contrasts(self, given.study.search)
        return experiments


REFUSED = {
    "train.seed": "a study trains under the seeds 0 to --study.seeds - 1; leave it out",
    "train.patience": "every condition of a study trains for --train.steps; leave it out",
    "train.continue_from": "the conditions of a study start from their first weights; leave it out",
    "data.lines": "a study chooses the lines that every condition can use; leave it out",
}


def _changed(name: str, experiment: Experiment, changed: Mapping[str, Any]) -> Experiment:
    """Changes a condition's experiment. Raises InputError where its parts do not allow that."""
    try:
        return dataclasses.replace(options.replace(experiment, dict(changed)), name=name)
    except ValueError as error:
        raise InputError(f"condition {name}: {error}") from None


def _refuse_same(conditions: Mapping[str, Experiment], search: str) -> None:
    if len(searches.conditions(search, conditions)) < 2:
        raise InputError(
            "a study needs two conditions to compare: two trainings, or one that is read by several "
            f"searches, as {searches.FLAG}='greedy;beam:8'"
        )
    names = list(conditions)
    for i, first in enumerate(names):
        for second in names[:i]:
            one, two = (dataclasses.replace(conditions[n], name="") for n in (first, second))
            if one == two:
                raise InputError(
                    f"conditions {second} and {first} are the same: nothing to compare"
                )


def _check_contrasts(study: Study, search: str) -> None:
    read = searches.conditions(search, study.conditions)
    known = {one.name for one in read}
    for name, pairs in study.contrasts.items():
        named = [searches.in_full(condition, read) for pair in pairs for condition in pair]
        unknown = [condition for condition in named if condition not in known]
        if unknown:
            raise InputError(
                f"contrast {name!r} is of {unknown[0]}, which is no condition of study {study.name} with "
                f"{searches.FLAG}={search}; name one, or leave the contrast out"
            )
        if len(set(named)) != 4 or list(map(len, pairs)) != [2, 2]:
            raise InputError(
                f"contrast {name!r} is of {', '.join(named)}; name two pairs of four different "
                "conditions"
            )


@dataclasses.dataclass(frozen=True)
class Compare:
    """Compares evaluated runs, and other systems' evaluations: which is better, how sure, and why.

    They are compared on the test lines that they share. Seeds of one experiment are one condition.
    """

    name: str = option(
        "test", f"Compare the runs' evaluations/NAME, made by {command_name('evaluate')}."
    )
    metric: str = option("cer", "Metric that decides which condition is better.", choices=METRICS)
    normalize: str = _normalize()
    lines: str = option(
        "refuse",
        "Where test lines differ: refuse, or compare on the lines that all have.",
        choices=("refuse", "intersection"),
    )
    groups: str = _groups()
    paired: bool = _paired()
    margin: str = _margin()
    plan: str = option(
        "",
        "Plan that the comparison follows: plan.json of a study's folder. Empty: none; the report says that "
        "it is exploratory.",
    )
    output: str = option("compared", "Folder of the report.")

    def __post_init__(self) -> None:
        _check_margin(self.margin, "--margin")


@dataclasses.dataclass(frozen=True)
class AnyData:
    """Which lines are looked through."""

    test: tuple[str, ...] = option(
        (),
        "Labels files (path<TAB>text), folders or scheme:SPEC, comma-separated. Default: the training and "
        "validation lines of the first run.",
    )


@dataclasses.dataclass(frozen=True)
class Suspects:
    """Finds labels that are probably wrong: those that runs doubt most.

    It writes a page of these lines, with pictures, and a table of all lines. Two heads that agree are far
    better evidence than one.
    """

    checkpoint: str = checkpoint_option()
    batch_size: int = batch_size_option()
    output: str = option(
        "suspects.html", "The page to write; the table gets the same name and ends in .tsv."
    )
    top: int = option(100, "Lines shown on the page.", minimum=1)
    data: AnyData = dataclasses.field(default_factory=AnyData)

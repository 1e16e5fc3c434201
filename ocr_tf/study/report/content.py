"""The content of a report: one tree of frozen dataclasses, from computing to rendering; TensorFlow-free.

The dataclasses of a section stand where the section is computed; the root is here. `as_json` makes
report.json of it, and report.schema.json beside this file describes that.
"""

from __future__ import annotations

import dataclasses
from typing import Optional

from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.metrics import paired
from ocr_tf.metrics.failures import Failures
from ocr_tf.study.analysis.content import Analysis
from ocr_tf.study.analysis.cost_content import Cost
from ocr_tf.study.comparison.controls import Code, Controls
from ocr_tf.study.comparison.curves import LearningCurve
from ocr_tf.study.comparison.estimates import RateEstimate
from ocr_tf.study.comparison.formation import AlignedAt
from ocr_tf.study.comparison.interim_looks import InterimLooks
from ocr_tf.study.comparison.lines import Line, TestSet
from ocr_tf.study.comparison.plain import Plain
from ocr_tf.study.comparison.plan import Declared
from ocr_tf.study.comparison.statistics import ComparedPair, OtherMetric, ReportSignature, RunRates
from ocr_tf.study.comparison.test_sets import OverTestSets
from ocr_tf.study.comparison.tuning import Tuned
from ocr_tf.study.report.findings import Summary


@dataclasses.dataclass(frozen=True)
class About:
    """The question, as the command line or the study's file asks it."""

    name: str  # of the study
    metric: str  # that the verdict is about
    normalization: str  # of reference and text before they are compared
    paired: bool = False  # by seed
    margin: Optional[float] = None  # a difference that does not matter, a fraction
    evaluation: str = "test"  # the name of the evaluations that the verdict is about
    tuning: dict[str, Tuned] = dataclasses.field(default_factory=dict)  # by training


@dataclasses.dataclass(frozen=True)
class Condition:
    """A condition; what follows its seeds is None for a system that is no run."""

    name: str
    seeds: tuple[int, ...]
    training: Optional[str] = (
        None  # its name; conditions that are searches of the same runs share it
    )
    searches: tuple[
        str, ...
    ] = ()  # that its runs read with, each that occurs, as --search takes it
    head: Optional[str] = None
    encoder: Optional[str] = None
    layers: Optional[int] = None  # recurrent ones
    experiment: Optional[Experiment] = None


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """How the report was made."""

    command: tuple[str, ...]  # program and arguments, quoted for a shell
    trained: tuple[Code, ...]  # the code of the trainings, each that occurs
    compared: Code
    processor: Optional[str]
    searches: tuple[str, ...]  # that the runs read with, each that occurs, as --search takes it


@dataclasses.dataclass(frozen=True)
class Report:
    """Everything that a report says.

    Mappings by checkpoint begin with the one that the verdict is about.
    """

    study: About
    conditions: tuple[Condition, ...]
    test_set: TestSet
    signature: ReportSignature
    rates: dict[str, dict[str, tuple[RunRates, ...]]]  # by checkpoint and condition
    comparisons: dict[str, tuple[ComparedPair, ...]]  # by checkpoint; the first is the headline
    by_metric: tuple[OtherMetric, ...]
    contrasts: dict[str, tuple[paired.Change, ...]]  # by checkpoint; empty: the study asks none
    controls: Optional[Controls]  # of the trainings; None: there are fewer than two
    curves: dict[str, tuple[LearningCurve, ...]]  # by training
    # The step since which a run's alignment is formed, by condition and seed; None: it is not.
    aligned_at: AlignedAt
    lines: tuple[Line, ...]
    reproduce: Reproduction
    failures: tuple[Failures, ...] = ()  # of every training, also where none failed
    # The pairs that a failed training is part of, decided without those: beside the verdict.
    among_trained: tuple[paired.Verdict, ...] = ()
    analysis: Optional[Analysis] = None  # None: not made
    cost: Optional[Cost] = None  # None: not measured
    summary: Optional[Summary] = None  # of the headline; None: nothing was compared
    test_sets: tuple[OverTestSets, ...] = ()  # a pair each; empty: there is one test set
    missing: tuple[str, ...] = ()  # why a part is left out, a sentence each
    declared: Optional[Declared] = None  # the plan; None: exploratory
    interim: Optional[InterimLooks] = None  # the looks at the study; None: of no study
    plain: Optional[Plain] = None  # at the verdict's checkpoint; None: not computed
    # Rates of errors by checkpoint, condition and metric.
    intervals: dict[str, dict[str, dict[str, RateEstimate]]] = dataclasses.field(
        default_factory=dict
    )

    @property
    def confidence(self) -> float:
        """The confidence of the intervals of all pairs together, by which the verdicts go."""
        return self.headline.verdict.confidence if self.headline else 1 - paired.ALPHA

    @property
    def trainings(self) -> dict[str, str]:
        """The training of each condition that has runs."""
        return {c.name: c.training for c in self.conditions if c.training is not None}

    @property
    def several_searches(self) -> bool:
        """Tells whether conditions are readings of the same runs by several searches."""
        return len(set(self.trainings.values())) < len(self.trainings)

    @property
    def checkpoint(self) -> str:
        """The checkpoint that the verdict is about."""
        return next(iter(self.rates))

    @property
    def pairs(self) -> tuple[ComparedPair, ...]:
        """All pairs of conditions at the checkpoint that the verdict is about."""
        return self.comparisons[self.checkpoint] if self.checkpoint in self.comparisons else ()

    @property
    def headline(self) -> Optional[ComparedPair]:
        """The pair that the verdict is about, the first; None where nothing was compared."""
        return self.pairs[0] if self.pairs else None

    @property
    def failed(self) -> tuple[Failures, ...]:
        """The trainings of which some failed."""
        return tuple(one for one in self.failures if one.failed)

    @property
    def untrained(self) -> tuple[Failures, ...]:
        """The trainings of which every one failed."""
        return paired.untrained(self.failures)

    @property
    def changes(self) -> tuple[paired.Change, ...]:
        """The differences of differences that the study asks, at the verdict's checkpoint."""
        return self.contrasts[self.checkpoint] if self.checkpoint in self.contrasts else ()

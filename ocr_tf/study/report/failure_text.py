"""Trainings that failed, in words: which, what that says of the figures beside them, and the way out.

Which they are is found in `ocr_tf.experiment.runs.failure`; that nobody is better where every training of a
condition failed is decided in `ocr_tf.metrics.paired.verdict`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ocr_tf.heads import aids_of
from ocr_tf.metrics import paired
from ocr_tf.metrics.failures import DIVERGED, NOT_ALIGNED, Failures
from ocr_tf.study.comparison.statistics import ComparedPair
from ocr_tf.study.report import formatting
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.formatting import MINUS, SPACE, interval, level, points, probability

PLAN = (
    "Leaving failed trainings out, once they are known, is a change of plan, and flatters whoever fails "
    "more often."
)


def phrases(failures: Sequence[Failures]) -> str:
    """Counts the failed trainings: attention did not align under 1 of 3 seeds; empty if there are none."""
    return "; ".join(one.phrase for one in failures)


def named(failures: Sequence[Failures]) -> str:
    """Names the trainings, with what their records say of them; empty if there are none."""
    return "; ".join(one.sentence for one in failures).replace(" %", f"{SPACE}%")


def open_share(one: Failures) -> str:
    """Says which shares of failing trainings the count leaves open: "up to 63 %"."""
    low, high = (f"{100 * share:.0f}{SPACE}%" for share in (one.low, one.high))
    if not one.failed:
        return f"up to {high}"
    return f"{low} or more" if one.total else f"{low} to {high}"


def lines(report: Report) -> list[str]:
    """Names every failed training for a terminal, a line for each condition that has some."""
    every = (
        f"failed: {one.sentence}; at 95 % confidence {open_share(one)} of its trainings fail"
        for one in report.failed
    )
    return [line.replace(SPACE, " ") for line in every]


def counted(failures: Sequence[Failures]) -> str:
    """Says which trainings failed, and that they count as they read."""
    return f"{named(failures)}. Failed trainings count here as they read."


def apart(report: Report, pair: ComparedPair) -> str:
    """Says what the verdict on a pair would be among the trainings that did not fail."""
    decided = among_trained(report, pair)
    if decided is None:
        return "Without them too few runs are left to compare."
    said = [f"{pair.a} {MINUS} {pair.b} = {points(decided.value)}"]
    if decided.low is not None:
        said.append(f"{level(decided.confidence)} interval {interval(decided.low, decided.high)}")
    if decided.p is not None:
        said.append(probability(decided.p, 1 - decided.confidence))
    if decided.withheld:
        said.append(decided.withheld)
    return f"Among those that trained: {decided.outcome} ({', '.join(said)}). {PLAN}"


def among_trained(report: Report, pair: ComparedPair) -> Optional[paired.Verdict]:
    """Finds the verdict on a pair among the trainings that did not fail; None where there is none."""
    names = pair.a, pair.b
    return next((one for one in report.among_trained if (one.a, one.b) == names), None)


def compares(untrained: Sequence[Failures]) -> str:
    """Says what the figures are where every training failed, as the begin of a sentence."""
    trainings = "a training" if sum(one.runs for one in untrained) == 1 else "trainings"
    names = formatting.listed([one.condition for one in untrained])
    return f"The figures below therefore compare {trainings} that failed, not what {names} can read"


def remedy(report: Report, untrained: Sequence[Failures]) -> str:
    """Says what makes a training succeed, with the options of those heads that have some for it."""
    names = {one.condition for one in untrained}
    kinds = {run.kind for one in untrained for run in one.failed}
    heads = [c.experiment.head for c in report.conditions if c.training in names and c.experiment]
    aids = dict.fromkeys(aid.option for head in heads for aid in aids_of(head) if aid.aligns)
    flags = " or ".join(f"--head.{option}" for option in aids)
    said = ["lower --train.learning_rate or --train.clip_norm"] if DIVERGED in kinds else []
    if kinds != {DIVERGED}:
        larger = f"with a larger {flags}, " if flags and NOT_ALIGNED in kinds else ""
        said.append(
            f"train longer, on more lines, {larger}or from a trained encoder (--train.init_from)"
        )
    return f"To compare them, {'; '.join(said)}."


def lead(report: Report, untrained: Sequence[Failures]) -> str:
    """Says all of it."""
    scale = ""
    if any(run.entropy is not None for one in untrained for run in one.failed):
        scale = " An entropy of 1 is an alignment spread evenly over the line."
    return f"{named(untrained)}.{scale} {compares(untrained)}. {remedy(report, untrained)}"

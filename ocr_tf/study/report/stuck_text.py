"""Trainings that got stuck, in words: which, what the figures beside them are, and the way out.

Which they are is found in `ocr_tf.study.comparison.formation`; that nobody is better where one takes part is
decided in `ocr_tf.metrics.paired.verdict`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ocr_tf.heads import aids_of
from ocr_tf.metrics.paired import NotAligned
from ocr_tf.study.report import formatting
from ocr_tf.study.report.content import Report


def named(stuck: Sequence[NotAligned]) -> str:
    """Names the trainings, with what their best validation says of them; empty if there are none."""
    return "; ".join(one.sentence for one in stuck).replace(" %", f"{formatting.SPACE}%")


def compares(stuck: Sequence[NotAligned]) -> str:
    """Says what the figures are, as the begin of a sentence."""
    trainings = "a training" if sum(len(one.stuck) for one in stuck) == 1 else "trainings"
    names = formatting.listed([one.condition for one in stuck])
    return (
        f"The figures below therefore compare {trainings} that got stuck, not what {names} can read"
    )


def remedy(report: Report, stuck: Sequence[NotAligned]) -> str:
    """Says what makes an alignment form, with the options of those heads that have some for it."""
    names = {one.condition for one in stuck}
    heads = [c.experiment.head for c in report.conditions if c.training in names and c.experiment]
    aids = dict.fromkeys(aid.option for head in heads for aid in aids_of(head) if aid.aligns)
    flags = " or ".join(f"--head.{option}" for option in aids)
    larger = f"with a larger {flags}, " if flags else ""
    return (
        f"To compare them, train longer, on more lines, {larger}or from a trained encoder "
        "(--train.init_from)."
    )


def lead(report: Report, stuck: Sequence[NotAligned]) -> str:
    """Says all of it."""
    scale = ""
    if any(run.entropy is not None for one in stuck for run in one.stuck):
        scale = " An entropy of 1 is an alignment spread evenly over the line."
    return f"{named(stuck)}.{scale} {compares(stuck)}. {remedy(report, stuck)}"

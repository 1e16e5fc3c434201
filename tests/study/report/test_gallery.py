"""Galleries hold what they say, and nobody picked their lines."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ocr_tf.study.report import gallery
from tests.study import fake


@pytest.fixture(scope="module")
def report():
    return fake.answer(fake.grid(150, 4, rate=0.1))


@pytest.fixture(scope="module")
def found(report):
    return {of.name: of for of in gallery.galleries(report)}


def share(report, i, condition):
    return np.mean([reading.edits == 0 for reading in report.lines[i].readings[condition]])


def every(report, holds):
    return {i for i in range(len(report.lines)) if holds(i)}


@pytest.mark.parametrize(
    "name, one, other", [("only-0", "ctc", "attention"), ("only-1", "attention", "ctc")]
)
def test_what_one_reads_and_the_other_misses(report, found, name, one, other):
    lines = found[name].lines
    assert set(lines) == every(
        report, lambda i: share(report, i, one) > 0.5 and share(report, i, other) < 0.5
    )
    gaps = [share(report, i, one) - share(report, i, other) for i in lines]
    assert gaps == sorted(gaps, reverse=True)
    assert lines and found[name].title == f"{one} reads, {other} misses"


def test_what_all_miss_and_what_is_unstable(report, found):
    conditions = ("ctc", "attention")
    assert set(found["missed"].lines) == every(
        report, lambda i: all(share(report, i, c) <= 0.5 for c in conditions)
    )
    unstable = found["unstable"].lines
    assert set(unstable) == every(
        report, lambda i: any(0 < share(report, i, c) < 1 for c in conditions)
    )
    assert any(share(report, unstable[0], c) == 0.5 for c in conditions)


def test_a_random_sample_depends_on_ids_and_seed_alone(report, found):
    lines = report.lines
    sample = [lines[i].id for i in found["random"].shown]
    assert len(set(sample)) == gallery.SHOWN and len(found["random"].lines) == len(lines)
    turned = dataclasses.replace(report, lines=lines[::-1])
    again = next(of for of in gallery.galleries(turned) if of.name == "random")
    assert [turned.lines[i].id for i in again.shown] == sample
    signature = dataclasses.replace(report.signature, generator_seed=1)
    other = dataclasses.replace(report, signature=signature)
    drawn = next(of for of in gallery.galleries(other) if of.name == "random")
    assert [lines[i].id for i in drawn.shown] != sample


def test_no_lines_no_galleries(report):
    assert gallery.galleries(dataclasses.replace(report, lines=())) == []

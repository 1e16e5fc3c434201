"""Plots: bars that hold every line once, links that are theirs, ids that are nobody else's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ocr_tf.study.report import forest_plot, line_plots, svg
from ocr_tf.study.report.forest_plot import Group, Row
from tests.study import fake


@pytest.fixture(scope="module")
def report():
    return fake.answer(fake.grid(200, 3, rate=0.15, first=""))


def test_every_line_is_in_one_bar(report):
    bars = line_plots.bars(report)
    assert [bar.low for bar in bars] == sorted(bar.low for bar in bars)
    lines = [i for bar in bars for i in bar.lines]
    empty = [i for i, line in enumerate(report.lines) if not line.reference]
    assert sorted(lines + empty) == list(range(len(report.lines)))
    for bar in bars:
        for i in bar.lines:
            line = report.lines[i]
            a, b = (
                np.mean([r.edits for r in line.readings[c]]) / len(line.reference)
                for c in ("ctc", "attention")
            )
            assert bar.low - 1e-6 <= a - b <= bar.high + 1e-6 or abs(a - b) > 1


def test_links_are_in_both_widths():
    rows = [Row("a slice", 0.01, -0.02, 0.04, link="#of-3"), Row("another", 0.02, None, None)]
    found = svg.drawing(
        "test", "about", lambda width: forest_plot.forest([Group("", rows)], width, "a", "b")
    )
    for text in (found.wide, found.narrow):
        assert text.count('href="#of-3"') == 1 and "a slice" in text
        ids = re.findall(r' id="([^"]*)"', text)
        assert len(set(ids)) == len(ids)
        assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(ids)
    wide, narrow = (set(re.findall(r' id="([^"]*)"', s)) for s in (found.wide, found.narrow))
    assert not wide & narrow and all(name.startswith("test-") for name in wide | narrow)


def test_wide_intervals_are_cut_and_no_value_is():
    few = [Row(str(i), 0.01, 0.0, 0.02) for i in range(20)]
    limit = forest_plot._limit([*few, Row("wide", 0.05, -3.0, 3.0)], None)
    assert 5 < limit < 10  # percentage points
    assert forest_plot._limit([Row("far", 0.9, None, None)], None) > 90
    assert forest_plot._limit([Row("nothing", 0.0, None, None)], None) > 0


def test_conditions_are_told_apart():
    looks = svg.looks([str(i) for i in range(len(svg.COLORS))])
    assert len({look.color for look in looks.values()}) == len(looks)
    assert len({look.marker for look in looks.values()}) == len(looks)

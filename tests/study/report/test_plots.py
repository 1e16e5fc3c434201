"""Plots: bars that hold every line once, links that are theirs, ids that are nobody else's."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from ocr_tf.study import report as reports
from ocr_tf.study.report import forest_plot, line_plots, plot_registry, plots, svg
from ocr_tf.study.report.forest_plot import Group, Row
from tests.study import fake

TEMPLATES = Path(plot_registry.__file__).parent / "templates"


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


def lengths(scene, width):
    """A plot that a test adds."""
    figure = svg.canvas(width, 200)
    axes = svg.place(figure, 40, 10, 10, 40)
    axes.hist([len(line.reference) for line in scene.report.lines])
    axes.set_xlabel("symbols of a line")
    return figure


ADDED = plot_registry.Plot(
    name="lengths",
    about="How long the lines are",
    caption="Lines by the number of their symbols.",
    section="per-line",
    paint=lengths,
)


def test_a_new_plot_is_one_entry(tmp_path, monkeypatch):
    report = fake.answer(fake.grid(12, 2))
    nothing = ADDED._replace(name="nothing", paint=lambda scene, width: None)
    monkeypatch.setattr(plot_registry, "PLOTS", (*plot_registry.PLOTS, ADDED, nothing))
    content = reports.write(report, tmp_path, fake.LineImages(report, range(12))).read_text("utf-8")
    assert "symbols of a line" in content and ADDED.about in content and ADDED.caption in content
    figures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert "lengths.png" in figures and "nothing.png" not in figures
    (events,) = (path for path in tmp_path.iterdir() if "tfevents" in path.name)
    assert b"verdict_analysis/lengths" in events.read_bytes()


def test_every_plot_has_a_section_and_a_name_of_its_own():
    plots = [plot for plot in plot_registry.PLOTS if isinstance(plot, plot_registry.Plot)]
    names = [plot.name for plot in plots]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"\w+", name) for name in names)
    sections = {plot.section for plot in plot_registry.PLOTS}
    assert sections == set(plot_registry.SECTIONS)
    templates = "".join(path.read_text("utf-8") for path in TEMPLATES.glob("*.html"))
    assert set(re.findall(r'pieces\.figures\("([^"]*)"\)', templates)) == sections


def test_an_axis_at_the_top_has_the_numbers_of_the_one_below():
    rows = [Row(str(i), 0.01, -0.02, 0.04) for i in range(3)]

    def axis(top):
        figure = forest_plot.forest([Group("", rows)], svg.FULL, "a", "b", top_axis=top)
        figure.canvas.draw()
        (axes,) = figure.axes
        ticks = axes.xaxis.get_major_ticks()
        return figure.get_size_inches()[1] * 72, [t.label2.get_visible() for t in ticks]

    height, above = axis(True)
    plain, none = axis(False)
    assert all(above) and not any(none) and height == pytest.approx(plain + forest_plot.HEAD)


def test_slices_have_no_color_and_are_not_corrected(monkeypatch):
    painted = {}
    monkeypatch.setattr(
        plots.forest_plot, "forest", lambda groups, *_, **__: painted.update(groups=groups)
    )
    plots.slices(fake.report(fake.grid(60, 3, step=1.5)), {}, svg.FULL)
    rows = [row for group in painted["groups"] for row in group.rows]
    assert any(row.high is not None and row.high < 0 for row in rows)
    assert {(row.a, row.b) for row in rows} == {(None, None)}

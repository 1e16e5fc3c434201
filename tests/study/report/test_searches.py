"""A report whose conditions are searches of the same networks: paired, told, and each training once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from markupsafe import Markup

from ocr_tf.experiment.runs.predictions import CheckpointRead
from ocr_tf.metrics import paired
from ocr_tf.study.report import page, svg, verdict_text
from tests.study import fake
from tests.study.report import parsed

TRAININGS = {
    "ctc, greedy": "ctc",
    "ctc, lm:model.arpa,width=16": "ctc",
    "attention, greedy": "attention",
    "attention, lm:model.arpa,width=16": "attention",
}


class Bare:
    """No image can be read."""

    def image(self, i):
        return None

    def alignment(self, i):
        return None


def read_by(grid):
    """The grid's conditions as readings of the networks of their trainings."""

    def cell_of(cell):
        run = Path("runs") / TRAININGS[cell.condition] / f"seed-{cell.seed}"
        results = dataclasses.replace(cell.results, checkpoint=CheckpointRead("best", 9))
        return cell._replace(folder=run / "evaluations" / "best", results=results)

    cells = {name: [cell_of(cell) for cell in row] for name, row in grid.cells.items()}
    return dataclasses.replace(grid, cells=cells)


@pytest.fixture(scope="module")
def report():
    """As `compare` makes it: what trainings have recorded stands by training."""
    full = fake.report(read_by(fake.grid(40, 3, list(TRAININGS))))
    first = {training: name for name, training in reversed(TRAININGS.items())}
    conditions = (dataclasses.replace(c, training=TRAININGS[c.name]) for c in full.conditions)
    controls = full.controls
    return dataclasses.replace(
        full,
        conditions=tuple(conditions),
        curves={training: full.curves[name] for training, name in first.items()},
        controls=dataclasses.replace(
            controls,
            lines={training: controls.lines[name] for training, name in first.items()},
            steps={training: controls.steps[name] for training, name in first.items()},
        ),
        reproduce=dataclasses.replace(full.reproduce, searches=("beam:lm=model.arpa", "greedy")),
    )


@pytest.fixture(scope="module")
def text(report):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(svg, "_svg", lambda figure, name: Markup(" "))
        patch.setattr(svg, "_png", lambda figure: b"")
        return " ".join(parsed.Page(page.render(report, Bare())[0]).text.split())


def test_pairs_of_one_network_are_paired_and_the_page_says_why(report, text):
    alike = [pair for pair in report.pairs if TRAININGS[pair.a] == TRAININGS[pair.b]]
    assert len(alike) == 2 and all(pair.same_networks for pair in alike)
    for pair in report.pairs:
        assert pair.recipes.paired == pair.adjusted.comparison.paired == pair.same_networks
        # What draws each condition's seeds by themselves does not fit, nor does an unpaired interval.
        assert (pair.bootstrap is None) == (pair.paired_by_seed is None) == pair.same_networks
    said = verdict_text.verdict(report)
    assert said.pairing.endswith(
        "readings of the same trained networks, so that the two are " + "compared within each seed."
    )
    assert said.pairing in text and "paired by seed" in text
    assert "two readings of the model of one seed" in text
    assert "the interval would be" not in text and "was not." not in text


def test_the_detectable_difference_is_of_differences_within_seeds(report):
    for pair in report.pairs:
        expected = paired.smallest_detectable(pair.adjusted.comparison)
        assert pair.detectable.difference == expected.difference
        assert len(pair.detectable.seeds) == (1 if pair.same_networks else 2)


def test_every_training_stands_once_where_its_records_are_told(report, text):
    reached = text.partition("first to a validation CER of")[2].partition("Medians")[0]
    assert reached.count("ctc") == reached.count("attention") == 1
    assert "Each network was trained once and reads with several searches" in text
    assert "Not all runs read with the same search" not in text
    assert text.count("9,000") >= len(TRAININGS)  # the training lines of each condition


def test_names_that_differ_in_their_ends_are_told_apart_in_figures():
    wide, wider = (svg.short(f"attention, lm:model.arpa,width={n}", 20) for n in (16, 32))
    assert wide != wider and len(wide) == len(wider) == 20
    assert wide.startswith("attention") and svg.short("ctc, beam:8", 20) == "ctc, beam:8"

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from ocr_tf import alignment_plot
from ocr_tf.data.image import original
from ocr_tf.study.analysis import line_images
from ocr_tf.study.analysis.line_images import LineImages
from ocr_tf.study.comparison.inputs import open_inputs
from ocr_tf.study.comparison.models import Networks


@pytest.fixture(scope="module")
def beside(evaluated):
    """Another system, and a condition that has networks."""
    (cell,) = evaluated.cells["ctc"]
    results = dataclasses.replace(cell.results, run=None, checkpoint=None)
    theirs = [p._replace(text="€") for p in cell.predictions]  # no network knows the symbol
    folder = cell.folder.parent.parent.parent / "reader"
    system = cell._replace(condition="reader", folder=folder, results=results, predictions=theirs)
    return dataclasses.replace(evaluated, cells={"reader": [system], "ctc": [cell]})


class Broken:
    """A source whose line 1 is no image."""

    def __init__(self, source):
        self._source, self.name, self.samples = source, source.name, source.samples

    def read(self, i):
        return b"junk" if i == 1 else self._source.read(i)


def test_conditions_with_networks_are_drawn_beside_those_without(beside):
    inputs = open_inputs(beside)
    assert [condition for condition, _ in inputs.runs] == ["ctc"]
    networks = Networks(beside, inputs.runs)
    images = LineImages(beside, Broken(inputs.source), networks)
    assert images.image(0).ndim == 2 and images.alignment(0).shape[2] == 3
    assert images.image(1) is None and images.alignment(1) is None


def test_without_networks_images_are_shown_and_broken_ones_are_not(evaluated):
    images = LineImages(evaluated, Broken(open_inputs(evaluated).source))
    assert images.image(0).ndim == 2 and images.alignment(0) is None
    assert images.image(1) is None
    assert LineImages(evaluated).image(0) is None


@pytest.mark.parametrize("wrong, expected", [((), 0), ((2,), 2), ((1, 2), 1)])
def test_the_alignment_is_of_the_first_seed_that_errs(evaluated, monkeypatch, wrong, expected):
    """Three seeds of one network, of which some misread line 4."""
    inputs = open_inputs(evaluated)
    (cell,) = evaluated.cells["ctc"]
    right = evaluated.references[4]

    def seed(number):
        predictions = list(cell.predictions)
        text = f"{right[:-1]}" if number in wrong else right
        predictions[4] = predictions[4]._replace(text=text)
        return cell._replace(seed=number, predictions=predictions)

    several = dataclasses.replace(evaluated, cells={"ctc": [seed(number) for number in range(3)]})
    networks = Networks(several, {("ctc", n): inputs.runs["ctc", 0] for n in range(3)})
    titles = []

    def draw(image, panels):
        titles.extend(panel.title for panel in panels)
        return np.zeros((1, 1, 3), np.uint8)

    monkeypatch.setattr(alignment_plot, "alignments", draw)
    LineImages(several, inputs.source, networks).alignment(4)
    (title,) = titles
    read = right[:-1] if expected in wrong else right
    assert title.startswith(f"ctc, seed {expected}  {read!r}")


def test_images_are_turned_as_networks_turn_them(evaluated):
    source = open_inputs(evaluated).source
    turning = SimpleNamespace(rotations=[90, 0])
    images = LineImages(evaluated, source), LineImages(evaluated, source, turning)
    stored, turned = (several.image(0) for several in images)
    np.testing.assert_array_equal(turned, np.rot90(stored, -1))


def test_pixels_are_kept_as_far_as_they_fit(evaluated, monkeypatch):
    source = open_inputs(evaluated).source
    sizes = [LineImages(evaluated, source).image(i).nbytes for i in range(4)]
    decoded = []

    def decode(encoded, rotate):
        decoded.append(encoded)
        return original(encoded, rotate)

    monkeypatch.setattr(line_images, "original", decode)
    images = LineImages(evaluated, source, cache_bytes=sum(sizes[:3]))
    first = [images.image(i) for i in range(4)]
    again = [images.image(i) for i in range(4)]
    assert len(decoded) == 5 and decoded[3] == decoded[4] == source.read(3)
    for one, other in zip(first, again):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="read-only"):
        first[0][0, 0] = 0  # what all others are given

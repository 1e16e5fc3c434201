from __future__ import annotations

import dataclasses

import pytest

from ocr_tf.study.analysis import Material, behind
from ocr_tf.study.analysis.line_images import Art


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
    material = behind(beside)
    assert [condition for condition, _ in material.runs] == ["ctc"]
    art = Art(beside, dataclasses.replace(material, source=Broken(material.source)))
    assert art.image(0).ndim == 2 and art.alignment(0).shape[2] == 3
    assert art.image(1) is None and art.alignment(1) is None


def test_without_networks_images_are_shown_and_broken_ones_are_not(evaluated):
    source = Broken(behind(evaluated).source)
    art = Art(evaluated, Material(source=source))
    assert art.image(0).ndim == 2 and art.alignment(0) is None
    assert art.image(1) is None
    assert Art(evaluated, Material()).image(0) is None

"""Evaluations of different sets of lines: are the images that they share the same?"""

from __future__ import annotations

import pytest

from ocr_tf.data.dataset import open_source
from ocr_tf.errors import InputError
from ocr_tf.study.comparison.results import join
from tests.study import told

LINES = ("a", "b", "c")


@pytest.fixture
def evaluate(tmp_path):
    """Evaluates lines whose ids, texts and order are given; images are of their names, or of others."""
    images = open_source("synthetic:digits:count=9")

    def made(name, lines, **others):
        folder = tmp_path / name / "lines"
        folder.mkdir(parents=True)
        for line in lines:
            number = others.get(line, LINES.index(line))
            (folder / f"{line}.png").write_bytes(images.read(number))
        labels = "".join(f"{line}.png\t{line}\n" for line in lines)
        (folder / "labels.tsv").write_text(labels)
        return told.evaluate(tmp_path / name / "read", test=str(folder / "labels.tsv"))

    return made


def joined(first, second):
    return join({"x": {0: first}, "y": {0: second}}, accept_intersection=True)


def test_same_images_in_other_sets_are_proven(evaluate):
    grid = joined(evaluate("one", "abc"), evaluate("two", "cb"))
    assert grid.ids == ["lines/b.png", "lines/c.png"] and grid.same_images and grid.left_out == 1
    assert joined(evaluate("three", "abc"), evaluate("four", "abc")).same_images


@pytest.mark.parametrize("lines", ["bc", "cba"])
def test_other_images_of_shared_lines_are_refused_by_name(evaluate, lines):
    one, two = evaluate("one", "abc"), evaluate("two", lines, c=7)
    with pytest.raises(InputError, match=r"images than .*one/read of 1 line \(lines/c.png\)"):
        joined(one, two)
    # Of lines that are left out it does not matter.
    assert joined(evaluate("three", "ab"), evaluate("four", "abc", c=7)).same_images


def test_images_that_are_gone_prove_nothing(evaluate, tmp_path):
    one, two = evaluate("one", "abc"), evaluate("two", "bc")
    (tmp_path / "two" / "lines" / "b.png").write_bytes(b"other")
    assert not joined(one, two).same_images
    (tmp_path / "two" / "lines" / "labels.tsv").unlink()
    assert not joined(one, two).same_images

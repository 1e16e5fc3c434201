"""Scenes are what their sentences say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr_tf.data.dataset import open_source
from ocr_tf.data.scenes import SIDE, Scene, Shape, draw, scenes
from ocr_tf.data.sources import shapes

from .formats import message, pixels


def drawn(scene: Scene, seed: int) -> np.ndarray:
    return draw(scene, np.random.default_rng(seed))


def boxes(picture: np.ndarray) -> np.ndarray:
    """The boxes of the two shapes, x, y, width and height, with the share of ink in each: [2, 5]."""
    paper = np.median(picture)
    ink = (picture < (paper + picture.min()) / 2).astype(np.uint8)
    near = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones([3, 3], np.uint8))
    _, _, parts, _ = cv2.connectedComponentsWithStats(near)
    assert len(parts) == 3  # the paper, too
    return np.array([(x, y, w, h, ink[y : y + h, x : x + w].mean()) for x, y, w, h, _ in parts[1:]])


@pytest.mark.parametrize("relation, axis", [("left of", 0), ("above", 1)])
def test_the_first_shape_lies_as_the_relation_says(relation, axis):
    first, second = Shape("small", "filled", "square"), Shape("large", "filled", "circle")
    for seed in range(40):
        for one, two in ((first, second), (second, first)):
            found = boxes(drawn(Scene(one, relation, two), seed))
            found = found[np.argsort(found[:, 2])]  # the small one first
            middles = found[:, axis] + found[:, 2 + axis] / 2
            assert (middles[0] < middles[1]) == (one.size == "small")
            across = found[:, 1 - axis] + found[:, 3 - axis] / 2
            assert abs(across[1] - across[0]) < abs(middles[1] - middles[0])


def test_no_shape_leaves_the_picture_or_meets_the_other():
    for number, scene in enumerate(scenes()[::7]):
        picture = drawn(scene, number)
        rim = np.concatenate([picture[[0, -1]].ravel(), picture[:, [0, -1]].ravel()])
        assert rim.min() > np.median(picture) - 40
        found = boxes(picture)
        sizes = sorted(
            ("small", "large").index(shape.size) for shape in (scene.first, scene.second)
        )
        for size, extent in zip(sizes, np.sort(found[:, 2:4].max(axis=1))):
            assert (extent > 22) == bool(size)


def test_fills_are_told_by_their_ink():
    partner = Shape("large", "filled", "square")
    for kind in ("circle", "square", "triangle", "cross"):
        for size in ("small", "large"):
            shares = []
            for fill in ("outlined", "striped", "filled"):
                scene = Scene(Shape(size, fill, kind), "left of", partner)
                found = [boxes(drawn(scene, seed)) for seed in range(12)]
                shares.append(np.mean([b[np.argmin(b[:, 0]), 4] for b in found]))
            assert shares[0] + 0.03 < shares[1] and shares[1] + 0.05 < shares[2], (kind, size)


def test_sentences_tell_scenes_apart():
    sentences = [scene.sentence for scene in scenes()]
    assert len(set(sentences)) == len(sentences) == (2 * 3 * 4) ** 2 * 2
    scene = Scene(Shape("small", "striped", "circle"), "left of", Shape("large", "filled", "cross"))
    assert scene.sentence == "a small striped circle left of a large filled cross"


def test_splits_share_no_scene():
    train, test = (
        {*open_source(f"shapes:scenes?count=12000&split={split}&seed={seed}").texts}
        for split, seed in [("train", 0), ("test", 1)]
    )
    assert not train & test
    assert train | test == {scene.sentence for scene in scenes()}


def test_line_i_is_a_function_of_seed_split_and_i():
    few, many = (shapes.open_shapes(f"scenes?count={count}&seed=5") for count in (4, 30))
    assert [few.read(i) for i in (3, 0)] == [many.read(i) for i in (3, 0)]
    assert [*few.texts] == [*many.texts][:4] and [*few.ids] == [*many.ids][:4]
    other = shapes.open_shapes("scenes?count=4&seed=6")
    assert not {*few.ids} & {*other.ids} and few.read(0) != other.read(0)
    facts = many.facts()
    assert facts.exact and len({digest.tobytes() for digest in facts.digests}) == 30
    assert {pixels(many.read(i)).shape for i in range(30)} == {(SIDE, SIDE)}
    assert set(facts.heights) == set(facts.widths) == {SIDE}


@pytest.mark.parametrize(
    "spec, words",
    [
        ("scene", "did you mean scenes"),
        ("scenes?cuont=3", "did you mean count"),
        ("scenes?count=0", "whole number"),
        ("scenes?split=val", "train or test"),
    ],
)
def test_bad_specs_say_what_there_is(spec, words):
    assert words in message(open_source, f"shapes:{spec}")

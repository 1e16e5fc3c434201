"""Drawn scenes with a sentence each, in the place of lines of text; TensorFlow-free.

    shapes:scenes?count=4000&split=train&seed=0

Line i is a function of seed, split and i. A hash decides for each of the 1,152 sentences whether it is for
training (three quarters) or for testing, so that the splits share no scene, wherever its shapes lie.
"""

from __future__ import annotations

import numpy as np

from ocr_tf.data.png import encode_png
from ocr_tf.data.render.splits import SPLITS, generator, is_in
from ocr_tf.data.scenes import SIDE, Scene, draw, scenes
from ocr_tf.data.source import Facts, MadeLines, Sample, Source
from ocr_tf.data.spec import one_of, split_options, whole_number
from ocr_tf.errors import InputError, did_you_mean

OPTIONS = {"count": "2000", "seed": "0", "split": "train"}
MAX_COUNT = 1_000_000
VERSION = 1  # to be raised whenever the same options draw other pictures
_SCENE, _LOOK = 33, 34  # random streams of a line; those of other sources are below


def open_shapes(rest: str) -> Source:
    """Opens `scenes?key=value&key=value`, what stands behind `shapes:`.

    Raises:
        InputError: an unknown option, or a value out of its range.
    """
    spec = f"shapes:{rest}"
    kind, values = split_options("shapes", rest, OPTIONS)
    if kind != "scenes":
        raise InputError(f"{spec}: no kind {kind!r}{did_you_mean(kind, ['scenes'])}; write scenes")
    count = whole_number(spec, "count", values["count"], 1, MAX_COUNT)
    seed = whole_number(spec, "seed", values["seed"], 0, 2**31 - 1)
    return DrawnScenes(count, seed, one_of(spec, "split", values["split"], SPLITS))


class DrawnScenes(MadeLines):
    """Scenes that are drawn when they are asked for."""

    def __init__(self, count: int, seed: int, split: str):
        """Makes a source of `count` lines of a split; other seeds give other lines."""
        name = f"shapes:scenes?count={count}&seed={seed}&split={split}"
        super().__init__(name, f"shapes/scenes-{VERSION}-{seed}-{split}", count)
        self._seed = seed
        self._scenes = [scene for scene in scenes() if is_in(scene.sentence, split)]

    def scene(self, i: int) -> Scene:
        """Draws what line i shows."""
        return self._scenes[generator(self._seed, i, _SCENE).integers(len(self._scenes))]

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        return Sample(self.line_id(i), self.scene(i).sentence, self.origin(i))

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        picture = draw(self.scene(i), generator(self._seed, i, _LOOK))
        return encode_png(picture, compress_level=1)

    def facts(self) -> Facts:
        """See `Source.facts`: all pictures are of one size, and nothing is drawn to know it."""
        sizes = np.full(len(self), SIDE)
        return self.facts_of(sizes, sizes, exact=True)

"""How narrow a training line may become; TensorFlow-free."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Callable

from ocr_tf.experiment.config.experiment import Experiment

WIDEST = 2**20  # pixels; ends the search for an encoder whose steps do not grow with the width


def least_width(experiment: Experiment) -> Callable[[Sequence[int]], int]:
    """Returns what tells the least width of a line's image, in pixels, at which its label can be read.

    It takes the label as symbol ids, and answers at once where a label that needs as many steps was asked for
    before. An encoder's steps do not fall as the width grows.
    """

    @functools.cache
    def of_steps(needed: int) -> int:
        narrow, wide = 0, 1
        while wide < WIDEST and experiment.encoder.steps(wide) < needed:
            narrow, wide = wide, 2 * wide
        while wide - narrow > 1:  # `wide` has the steps, `narrow` has not
            middle = (narrow + wide) // 2
            enough = experiment.encoder.steps(middle) >= needed
            narrow, wide = (narrow, middle) if enough else (middle, wide)
        return wide

    return lambda ids: of_steps(experiment.head.needed_steps(list(ids)))

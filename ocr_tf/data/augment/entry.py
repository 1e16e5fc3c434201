"""Entries of the registry: a perturbation with its magnitude, its probability and its bounds.

TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Optional

import numpy as np

from ocr_tf.types import Array

# Three rows of a homography, one behind the other: (x, y) goes to ((a x + b y + c) / w, (d x + e y + f) / w),
# w = g x + h y + i. In pixels, from the middle of the image, y downward.
Matrix = tuple[float, float, float, float, float, float, float, float, float]

Random = np.random.Generator


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """One perturbation of a line image.

    Its function draws from a stream of its own, and is called for those lines only that its probability
    chooses.
    """

    help: str  # what it does, a sentence
    unit: str  # what its magnitude is, a sentence; empty for one without a magnitude
    magnitude: Optional[float]  # by default; None where there is none
    probability: float  # by default
    maximum: float  # magnitude
    apply: Callable[..., Any]

    def scaled(self, magnitude: float, strength: float) -> float:
        """Multiplies a magnitude by the strength, within the entry's bounds."""
        return min(magnitude * strength, self.maximum)


@dataclasses.dataclass(frozen=True)
class Warp(Augmentation):
    """A homography. All that are chosen for a line become one map of its pixels.

    An offset at the middle moves the content in the view; everything else changes the view's width too.
    """

    apply: Callable[[float, Random, int, int], Matrix]  # (magnitude, random, height, width)


@dataclasses.dataclass(frozen=True)
class Field(Augmentation):
    """A smooth displacement, in the same map as the homography.

    The function gives it at the nodes of a grid over the result, [2, rows, columns], across and down, in
    pixels: (magnitude, random, height, rows, columns). What would push content out of the view is cut off.
    """

    apply: Callable[[float, Random, int, int, int], Array]


@dataclasses.dataclass(frozen=True)
class Pixels(Augmentation):
    """A change of gray: (image, magnitude, random, paper), after all maps.

    The image is [H, W] float32, about -1 (black) to 1 (white), and may be changed in place; in the end what
    comes back is cut off at -1 and 1. `paper` is the gray beside the line.
    """

    apply: Callable[[Array, float, Random, float], Array]


def either(random: Random) -> float:
    """Draws uniformly from [-1, 1)."""
    return 2.0 * random.random() - 1.0

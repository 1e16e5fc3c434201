"""Perturbations of where things are: homographies about the image's middle, and smooth fields.

The paper beside the content and the size of the result are `view`'s to find. TensorFlow-free.
"""

from __future__ import annotations

import math

import numpy as np

from ocr_tf.data.augment.entry import Matrix, Random, either
from ocr_tf.types import Array

STEEPEST = (
    0.1  # of the height: how much higher one end of a line is than the other after a rotation
)


def flip(magnitude: float, random: Random, height: int, width: int) -> Matrix:
    """Mirrors left and right."""
    return (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def scaling(magnitude: float, random: Random, height: int, width: int) -> Matrix:
    """Scales width and height, each by its own factor."""
    across, down = 1.0 + magnitude * either(random), 1.0 + magnitude * either(random)
    return (across, 0.0, 0.0, 0.0, down, 0.0, 0.0, 0.0, 1.0)


def shear(magnitude: float, random: Random, height: int, width: int) -> Matrix:
    """Slants letters to either side."""
    return (1.0, magnitude * either(random), 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def rotation(magnitude: float, random: Random, height: int, width: int) -> Matrix:
    """Turns the line; a long one by less, or it would not fit into its height."""
    angle = min(magnitude, STEEPEST * height / width) * either(random)
    cosine, sine = math.cos(angle), math.sin(angle)
    return (cosine, -sine, 0.0, sine, cosine, 0.0, 0.0, 0.0, 1.0)


def perspective(magnitude: float, random: Random, height: int, width: int) -> Matrix:
    """Looks at the line from one end, and from above or below."""
    side = 2.0 * magnitude / max(height, width)
    return (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, side * either(random), side * either(random), 1.0)


def translation(magnitude: float, random: Random, height: int, width: int) -> Matrix:
    """Moves the content in the view."""
    reach = magnitude * height
    return (1.0, 0.0, reach * either(random), 0.0, 1.0, reach * either(random), 0.0, 0.0, 1.0)


def elastic(magnitude: float, random: Random, height: int, rows: int, columns: int) -> Array:
    """Moves each node of a grid by itself (Simard et al. 2003, section 2): [2, rows, columns]."""
    nodes = random.standard_normal((2, rows, columns), np.float32)
    return nodes * np.float32(magnitude * height)

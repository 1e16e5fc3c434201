"""Light perturbation of line images, keyed: the same key gives the same bits.

One affine map (scale, shear, shift, rotation), an elastic distortion, then contrast, brightness and
noise. The affine map pushes nothing out at the ends: the image grows as its content does; an elastic
distortion may. No image gets narrower than it was, so a label that was reachable from the line's width
stays so. TensorFlow-free: line by line in OpenCV, whose affine map takes a third of the time of
TensorFlow's, and no batch or padding is in sight.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import cv2
import numpy as np

from ocr_tf.types import Array

WIDEST = 32_000  # columns that OpenCV's affine map takes, near enough; a line that is wider stays as it is
NOISE_TABLE = 2**20  # normals; a line's noise is a run of them that its key chooses


@dataclasses.dataclass(frozen=True)
class Strengths:
    """The bounds of each uniformly drawn perturbation; 0 switches one off."""

    stretch: float = 0.10  # of the width, either way
    zoom: float = 0.08  # of the content's height, either way
    shear: float = 0.30  # columns a row, either way
    shift: float = 0.04  # of the height, up and down and sideways
    rotation: float = 0.01  # rows a column (radians), and at most 5 % of the height at the ends
    contrast: float = 0.25  # of the distance from the border's gray, either way
    brightness: float = 0.15  # of the range [-1, 1], either way
    noise: float = 0.06  # largest standard deviation, of the range [-1, 1]
    elastic: float = 0.0  # standard deviation of a smooth displacement of pixels, of the height

    def scaled(self, factor: float) -> Strengths:
        """Multiplies all bounds."""
        return Strengths(*(factor * bound for bound in dataclasses.astuple(self)))


LIGHT = Strengths()


def augment(
    image: Array, key: Array, strengths: Strengths = LIGHT, keep_width: bool = False
) -> Array:
    """Perturbs a copy of a line image.

    Args:
        image: [H, W] float32 in [-1, 1].
        key: [2] integers, at least 0: the seed of all that is drawn.
        strengths: bounds.
        keep_width: the content is fitted into W columns instead of growing the image.

    Returns:
        [H, W'] float32 in [-1, 1]; W <= W' <= W (1 + stretch) + H (shear + 2 shift) + 2.
    """
    random = np.random.Generator(np.random.Philox(key=np.asarray(key, np.uint64)))
    draws = random.uniform(-1.0, 1.0, 9).tolist()
    height, width = image.shape
    stretch = 1.0 + strengths.stretch * draws[0]
    zoom = 1.0 + strengths.zoom * draws[1]
    shear = strengths.shear * draws[2]
    across = strengths.shift * height * draws[3]
    down = strengths.shift * height * draws[4]
    slope = min(strengths.rotation, 0.1 * height / width) * draws[5]

    needed = width * stretch + abs(shear) * height + 2.0 * abs(across)
    canvas = width
    if keep_width:
        fit = min(1.0, width / needed)
        stretch, shear, across = stretch * fit, shear * fit, across * fit
    else:
        canvas = max(width, math.ceil(needed))
    if canvas > WIDEST:
        return image.copy()

    # About the centers, input from output: y = (y' - down - slope x') / zoom and
    # x = (x' - across - shear y') / stretch.
    rows = 1.0 / stretch, -shear / stretch, -slope / zoom, 1.0 / zoom
    middle = (width - 1) * 0.5, (height - 1) * 0.5
    center = (canvas - 1) * 0.5 + across, middle[1] + down
    offset_x = middle[0] - rows[0] * center[0] - rows[1] * center[1]
    offset_y = middle[1] - rows[2] * center[0] - rows[3] * center[1]
    background = _border(image)
    result: Array = cv2.warpAffine(
        image,
        np.array([[rows[0], rows[1], offset_x], [rows[2], rows[3], offset_y]]),
        (canvas, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=[background],
    )

    if strengths.elastic > 0:
        result = _distort(result, strengths.elastic * height, random, background)

    contrast = 1.0 + strengths.contrast * draws[6]
    result *= np.float32(contrast)
    result += np.float32((1.0 - contrast) * background + strengths.brightness * draws[7])
    np.clip(result, -1.0, 1.0, out=result)
    result += _noise(random, (height, canvas)) * np.float32(strengths.noise * abs(draws[8]))
    return np.clip(result, -1.0, 1.0, out=result)


def _distort(
    image: Array, deviation: float, random: np.random.Generator, background: float
) -> Array:
    """Moves pixels by a smooth random field, `deviation` pixels at the nodes of a grid.

    Simard et al. 2003, section 2; here the field is cubic between nodes half a height apart.
    """
    height, width = image.shape
    nodes = random.standard_normal((2, 3, 2 * width // height + 2), np.float32) * deviation
    across, down = (cv2.resize(n, (width, height), interpolation=cv2.INTER_CUBIC) for n in nodes)
    across += np.arange(width, dtype=np.float32)
    down += np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(
        image,
        across,
        down,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=[background],
    )


def _noise(random: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Picks standard normals [H, W] that follow one another in the table."""
    table, size = _table(), shape[0] * shape[1]
    if size > len(table):
        table = np.resize(table, size)
    start = int(random.integers(len(table) - size + 1))
    return table[start : start + size].reshape(shape)


@functools.cache
def _table() -> Array:
    random = np.random.Generator(np.random.Philox(key=0))
    return random.standard_normal(NOISE_TABLE, np.float32)


def _border(image: Array) -> float:
    """Computes the mean gray of the outermost rows and columns: the paper beside the line."""
    edges = image[0], image[-1], image[:, 0], image[:, -1]
    return float(sum(np.add.reduce(edge) / len(edge) for edge in edges) / len(edges))

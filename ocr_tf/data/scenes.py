"""Drawn scenes of two shapes and the sentences that describe them; TensorFlow-free.

"a small striped circle left of a large filled square": each shape has a size, a fill and a kind, and the
one that is named first is the upper or the left one.
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np

from ocr_tf.types import Array

SIZES, FILLS = ("small", "large"), ("filled", "outlined", "striped")
KINDS = ("circle", "square", "triangle", "cross")
RELATIONS = ("above", "left of")
SIDE = 80  # rows and columns of a picture
RADII = {"small": (8.0, 10.0), "large": (14.0, 17.0)}  # pixels
MARGIN, GAP = 1.5, 3.0  # pixels beside shapes, and between them along the relation
SLANT = 0.5  # how far the second shape is off the first across the relation, at most, of the distance along
FINE = 4  # shapes are drawn so many times as large and scaled down
INK = (255.0,)
LINE, PERIOD = 6, 14  # thickness of outlines and distance of stripes, in fine pixels


class Shape(NamedTuple):
    """What is said of a shape."""

    size: str
    fill: str
    kind: str


class Scene(NamedTuple):
    """Two shapes and how the first lies to the second."""

    first: Shape
    relation: str
    second: Shape

    @property
    def sentence(self) -> str:
        """Describes the scene."""
        first, second = (f"a {' '.join(shape)}" for shape in (self.first, self.second))
        return f"{first} {self.relation} {second}"


@functools.cache
def scenes() -> tuple[Scene, ...]:
    """Lists all 1,152 scenes."""
    shapes = [Shape(*parts) for parts in itertools.product(SIZES, FILLS, KINDS)]
    return tuple(Scene(*parts) for parts in itertools.product(shapes, RELATIONS, shapes))


def draw(scene: Scene, random: np.random.Generator) -> Array:
    """Draws a scene, dark on light: [80, 80] uint8 gray. Places, exact sizes, grays and noise are drawn."""
    radii = [random.uniform(*RADII[shape.size]) for shape in (scene.first, scene.second)]
    centers = _centers(radii, random)
    ink = np.zeros([SIDE, SIDE], np.float32)
    for shape, radius, (along, across) in zip((scene.first, scene.second), radii, centers):
        place = (across, along) if scene.relation == "above" else (along, across)
        ink = np.maximum(ink, _ink(shape, radius, place))
    paper, dark = random.uniform(190, 250), random.uniform(0, 90)
    noise = random.normal(0, random.uniform(1, 6), ink.shape)
    return np.clip(np.rint(paper + (dark - paper) * ink + noise), 0, 255).astype(np.uint8)


def _centers(radii: list[float], random: np.random.Generator) -> list[tuple[float, float]]:
    """Draws where two shapes are, along and across the relation; neither leaves the picture."""
    slack = SIDE - 2 * (MARGIN + sum(radii)) - GAP
    before, between = np.diff(np.sort(random.uniform(0, slack, 2)), prepend=0)
    first = MARGIN + radii[0] + before
    distance = sum(radii) + GAP + between
    across = [random.uniform(MARGIN + radii[0], SIDE - MARGIN - radii[0])]
    off = across[0] + distance * random.uniform(-SLANT, SLANT)
    across.append(float(np.clip(off, MARGIN + radii[1], SIDE - MARGIN - radii[1])))
    return [(first, across[0]), (first + distance, across[1])]


def _ink(shape: Shape, radius: float, place: tuple[float, float]) -> Array:
    """Draws one shape at (x, y): [80, 80] float32, the share of each pixel that is ink."""
    import cv2

    x, y, r = (round(FINE * value) for value in (*place, radius))
    whole = np.zeros([FINE * SIDE, FINE * SIDE], np.uint8)
    if shape.kind == "circle":
        cv2.circle(whole, (x, y), r, INK, cv2.FILLED)
    else:
        corners = np.array([x, y]) + np.rint(r * np.array(_CORNERS[shape.kind]))
        cv2.fillPoly(whole, [corners.astype(np.int32)], INK)
    if shape.fill != "filled":
        square = np.ones([2 * LINE + 1, 2 * LINE + 1], np.uint8)
        inner = cv2.erode(whole, square)
        inside = np.zeros_like(whole)
        if shape.fill == "striped":
            inside[np.arange(len(inside)) % PERIOD < LINE] = 255
        whole = np.where(inner > 0, inside, whole)
    ink = cv2.resize(whole, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return ink.astype(np.float32) / 255


# In radii from the center, x and y.
_CORNERS = {
    "square": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
    "triangle": [(0, -1), (0.95, 0.8), (-0.95, 0.8)],
    "cross": [
        *[(-0.4, -1), (0.4, -1), (0.4, -0.4), (1, -0.4), (1, 0.4), (0.4, 0.4)],
        *[(0.4, 1), (-0.4, 1), (-0.4, 0.4), (-1, 0.4), (-1, -0.4), (-0.4, -0.4)],
    ],
}

"""Surfaces to lay text on, made once by arithmetic: no photograph is shipped; TensorFlow-free.

Half of the tiles are dead leaves, shapes of all sizes that cover one another, whose statistics are near
those of photographs (Lee, Mumford and Huang 2001); the others are clouds, grain, stripes and masonry.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from ocr_tf.data.render.splits import generator
from ocr_tf.types import Array

TILES = 32
ROWS, COLUMNS = 192, 640
SEED = 20_140_612  # of the tiles; a line's seed chooses among them
LEAVES = 260
FLATTEST = 6.0  # grays: what varies less is not raised to the wanted deviation


def texture(height: int, width: int, random: np.random.Generator) -> Array:
    """Cuts a piece out of a tile, magnified or reduced.

    Returns:
        [height, width] float32, mean 0 and, unless the piece is flat, deviation 1.
    """
    which, zoom, x, y, flip = random.random(5).tolist()
    surface = tile(int(which * TILES))
    zoom = 0.5 * 8.0**zoom
    rows = min(ROWS, max(4, round(height / zoom)))
    columns = min(COLUMNS, max(4, round(width / zoom)))
    x, y = int(x * (COLUMNS - columns + 1)), int(y * (ROWS - rows + 1))
    piece = surface[y : y + rows, x : x + columns]
    piece = cv2.resize(piece, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    mean, deviation = cv2.meanStdDev(piece)
    piece -= np.float32(mean.item())
    piece *= np.float32((-1.0 if flip < 0.5 else 1.0) / max(deviation.item(), FLATTEST))
    return np.clip(piece, -2.5, 2.5, out=piece)


@functools.lru_cache(maxsize=TILES)
def tile(number: int) -> Array:
    """Makes a tile: [ROWS, COLUMNS] uint8."""
    random = generator(SEED, number, 0)
    kind = number % 8
    if kind < 4:
        surface = _leaves(random)
    elif kind < 6:
        surface = _clouds(random, 2.0 if kind == 4 else 1.2)
    elif kind == 6:
        surface = _stripes(random)
    else:
        surface = _masonry(random)
    return np.clip(np.rint(surface), 0, 255).astype(np.uint8)


def _clouds(random: np.random.Generator, roughness: float) -> Array:
    """Smooth noise in octaves, each `roughness` times as weak as the one before."""
    total = np.zeros((ROWS, COLUMNS), np.float32)
    stretch = random.uniform(0.5, 4.0)
    for octave in range(6):
        rows = 2 + 2**octave
        columns = 2 + int(2**octave * stretch * COLUMNS / ROWS / 2)
        grid = random.standard_normal((rows, columns), np.float32)
        total += cv2.resize(grid, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC) / np.float32(
            roughness**octave
        )
    return 128 + 48 * total / total.std()


def _leaves(random: np.random.Generator) -> Array:
    surface = np.full((ROWS, COLUMNS), random.uniform(60, 200), np.float32)
    sizes = np.sort(6.0 * 40.0 ** random.random(LEAVES) ** 1.6)[::-1]
    for size in sizes.tolist():
        gray = float(np.clip(random.normal(128, 60), 0, 255))
        center = (int(random.uniform(0, COLUMNS)), int(random.uniform(0, ROWS)))
        axes = (max(1, int(size)), max(1, int(size * random.uniform(0.15, 1.0))))
        turn = random.choice([0.0, 90.0, random.uniform(0, 180)])
        if random.random() < 0.5:
            cv2.ellipse(surface, center, axes, turn, 0, 360, (gray,), -1)
        else:
            corners = cv2.boxPoints((center, (2.0 * axes[0], 2.0 * axes[1]), float(turn)))
            cv2.fillPoly(surface, [np.rint(corners).astype(np.int32)], (gray,))
    surface += 0.25 * (_clouds(random, 1.3) - 128)
    return cv2.GaussianBlur(surface, (0, 0), random.uniform(0.6, 2.5))


def _stripes(random: np.random.Generator) -> Array:
    x, y = np.meshgrid(np.arange(COLUMNS, dtype=np.float32), np.arange(ROWS, dtype=np.float32))
    turn = random.choice([0.0, np.pi / 2, random.uniform(0, np.pi)])
    along = x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))
    bent = along + random.uniform(0, 12) * (_clouds(random, 2.0) - 128) / 48
    wave = np.sin(bent * np.float32(2 * np.pi / random.uniform(6, 40)))
    if random.random() < 0.5:
        wave = np.tanh(4 * wave)
    return 128 + 50 * wave + 0.3 * (_clouds(random, 1.3) - 128)


def _masonry(random: np.random.Generator) -> Array:
    surface = np.full((ROWS, COLUMNS), 170.0, np.float32)
    rows, columns = int(random.integers(12, 40)), int(random.integers(24, 90))
    for row, y in enumerate(range(0, ROWS, rows)):
        for x in range(-(row % 2) * columns // 2, COLUMNS, columns):
            gray = float(np.clip(random.normal(110, 18), 0, 255))
            cv2.rectangle(surface, (x + 2, y + 2), (x + columns - 2, y + rows - 2), (gray,), -1)
    surface += 0.4 * (_clouds(random, 1.15) - 128)
    return cv2.GaussianBlur(surface, (0, 0), random.uniform(0.6, 1.5))

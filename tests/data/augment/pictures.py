"""Line images whose content is known."""

from __future__ import annotations

import numpy as np

PAPER, INK = 0.8, -0.7
BLOT = 6  # pixels: the side of a blot


def bar(height=40, width=300):
    """Paper with a dark bar whose ends stand close to those of the line."""
    image = np.full((height, width), PAPER, np.float32)
    image[height // 4 : -height // 4, 2:-2] = INK
    return image


def blots(height=40, width=300):
    """Blots in the corners and at the middles of the sides, and their middles as (x, y)."""
    image = np.full((height, width), PAPER, np.float32)
    middles = []
    for top in (0, (height - BLOT) // 2, height - BLOT):
        for left in (0, (width - BLOT) // 2, width - BLOT):
            image[top : top + BLOT, left : left + BLOT] = INK
            middles.append((left + (BLOT - 1) / 2, top + (BLOT - 1) / 2))
    return image, middles


def dashes(height=40, width=300):
    """Blots along all four sides, with paper between them."""
    image = np.full((height, width), PAPER, np.float32)
    for left in range(0, width - BLOT + 1, 3 * BLOT):
        image[:BLOT, left : left + BLOT] = INK
        image[-BLOT:, left : left + BLOT] = INK
    for top in range((height - BLOT) % (3 * BLOT), height - BLOT + 1, 3 * BLOT):
        image[top : top + BLOT, :BLOT] = INK
        image[top : top + BLOT, -BLOT:] = INK
    return image


def strokes(height=32, width=120):
    """Upright strokes, some as thin as a pixel, and a period; no gray is at an end of the range."""
    image = np.full((height, width), PAPER, np.float32)
    for number, left in enumerate(range(6, width - 12, 9)):
        image[5:-5, left : left + 1 + number % 4] = INK
    image[-7:-5, -4:-2] = INK
    return image

"""Digits drawn with a pen: paths that a hand would follow, each time a little otherwise; TensorFlow-free.

A symbol is a few strokes, each a list of points (x, y) in a box one unit high, y down. A smooth stroke goes
through its points on a Catmull-Rom spline. What several hands write differently has several forms.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from ocr_tf.data.render.glyphs import Glyph
from ocr_tf.types import Array


class Stroke(NamedTuple):
    """One movement of the pen."""

    points: tuple[tuple[float, float], ...]
    smooth: bool = True


class Form(NamedTuple):
    """One way to write a symbol."""

    width: float  # of the box, in its heights
    strokes: tuple[Stroke, ...]


def _form(written: str) -> Form:
    """Reads a form: its width, a colon, and strokes between slashes, all in hundredths."""
    width, _, paths = written.partition(":")
    strokes = []
    for path in paths.split("/") if paths.strip() else []:
        kind, *points = path.split()
        pairs = [point.split(",") for point in points]
        strokes.append(Stroke(tuple((int(x) / 100, int(y) / 100) for x, y in pairs), kind == "~"))
    return Form(int(width) / 100, tuple(strokes))


# A stroke that begins with ~ is smooth, one with - goes straight from point to point.
FORMS: dict[str, tuple[Form, ...]] = {
    symbol: tuple(map(_form, forms))
    for symbol, forms in {
        "0": (
            "62: ~ 34,2 6,28 6,74 32,98 57,72 57,27 32,2",
            "58: ~ 40,5 14,14 3,52 16,93 40,94 55,52 42,10 26,2",
        ),
        "1": (
            "22: - 11,0 11,100",
            "34: - 3,24 24,2 24,100",
            "46: - 5,22 24,2 24,98 / - 4,98 44,98",
        ),
        "2": (
            "60: ~ 5,22 28,1 53,20 40,52 6,97 / - 6,97 58,96",
            "62: ~ 5,26 22,3 50,14 46,44 20,82 6,92 16,80 34,92 60,93",
        ),
        "3": (
            "56: ~ 6,12 28,1 49,20 38,42 20,47 42,52 53,74 32,98 3,86",
            "56: - 6,3 50,3 24,40 / ~ 24,40 47,52 51,78 28,99 3,88",
        ),
        "4": (
            "60: - 42,2 4,66 58,66 / - 42,2 42,100",
            "58: - 10,4 6,50 54,50 / - 44,6 42,100",
        ),
        "5": (
            "56: - 10,4 8,44 / ~ 8,44 34,38 53,66 34,96 3,90 / - 10,4 52,3",
            "54: ~ 50,3 12,5 8,42 30,38 50,60 38,93 4,94",
        ),
        "6": (
            "56: ~ 44,2 16,32 5,70 24,98 50,82 44,56 20,56 6,74",
            "54: ~ 30,0 8,44 8,84 30,99 51,78 36,55 12,66",
        ),
        "7": (
            "54: - 3,4 51,4 18,100",
            "54: - 3,4 51,4 18,100 / - 12,50 48,48",
            "54: ~ 4,14 8,4 30,7 51,3 30,48 20,100",
        ),
        "8": (
            "54: ~ 44,10 22,2 9,22 28,46 48,70 32,98 8,86 14,60 40,36 47,14 36,5",
            "54: ~ 28,2 8,22 28,46 48,22 28,2 / ~ 28,46 4,74 28,99 51,74 28,46",
        ),
        "9": (
            "54: ~ 48,16 28,2 6,20 14,46 36,44 48,18 46,60 40,100",
            "54: ~ 46,14 22,3 5,26 24,48 44,30 48,10 48,66 30,98 6,88",
        ),
        "+": ("50: - 3,55 47,55 / - 25,32 25,78",),
        "-": ("40: - 4,55 36,54",),
        "(": ("28: ~ 24,-6 6,28 5,72 22,108",),
        ")": ("28: ~ 4,-6 22,28 23,72 6,108",),
        "/": ("42: - 40,-2 2,104",),
        ".": ("14: - 6,95 9,98",),
        " ": ("40:",),
    }.items()
}

SYMBOLS = frozenset(FORMS)
STEPS = 6  # points of a spline between two of a stroke's
SHIFT = 4  # binary digits behind the point in OpenCV's coordinates


class Hand(NamedTuple):
    """How somebody writes."""

    forms: tuple[float, ...]  # by symbol, in [0, 1): which form
    pen: float  # width of the line, in heights
    slant: float  # columns a row, to the right as it goes up
    width: float  # factor
    jitter: float  # standard deviation of a point, in heights


def draw_hand(
    random: np.random.Generator, pen: tuple[float, float], jitter: tuple[float, float]
) -> Hand:
    """Draws a hand within bounds of the pen's width and of its unsteadiness, both in heights."""
    forms = tuple(random.random(len(FORMS)).tolist())
    u = random.random(4).tolist()
    return Hand(
        forms,
        pen[0] + (pen[1] - pen[0]) * u[0],
        -0.1 + 0.5 * u[1],
        0.8 + 0.45 * u[2],
        jitter[0] + (jitter[1] - jitter[0]) * u[3],
    )


def write(symbol: str, height: int, hand: Hand, random: np.random.Generator) -> Glyph:
    """Writes one symbol, its digits `height` pixels high."""
    forms = FORMS[symbol]
    form = forms[int(hand.forms[_PLACES[symbol]] * len(forms))]
    advance = (form.width * hand.width + 0.16) * height
    if not form.strokes:
        return Glyph(np.zeros((0, 0), np.uint8), 0, 0, advance)
    turn, size = random.normal(0.0, (2.2 * hand.jitter, 2 * hand.jitter))
    size = height * min(max(1.0 + size, 0.75), 1.25)
    cosine, sine = math.cos(turn) * size, math.sin(turn) * size
    paths = []
    for stroke in form.strokes:
        points = np.array(stroke.points)
        points += random.normal(0.0, hand.jitter, points.shape)
        if stroke.smooth and len(points) > 2:
            points = _spline(points)
        x = points[:, 0] * hand.width + hand.slant * (1.0 - points[:, 1])
        y = points[:, 1] - 1.0
        paths.append(np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=1))
    pen = max(1, round(hand.pen * height))
    everything = np.concatenate(paths)
    low = np.floor(everything.min(axis=0)).astype(int) - pen - 1
    width, rows = (np.ceil(everything.max(axis=0)).astype(int) + pen + 2 - low).tolist()
    mask = np.zeros((rows, width), np.uint8)
    cv2.polylines(
        mask,
        [np.rint((path - low) * 2**SHIFT).astype(np.int32) for path in paths],
        False,
        (255,),
        pen,
        cv2.LINE_AA,
        SHIFT,
    )
    return Glyph(mask, int(low[0]), -int(low[1]), advance)


_PLACES = {symbol: place for place, symbol in enumerate(FORMS)}


def _spline(points: Array) -> Array:
    """Goes through points [N, 2] on a Catmull-Rom spline: [(N - 1) STEPS + 1, 2]."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    pieces = np.stack([padded[k : len(padded) - 3 + k] for k in range(4)])  # [4, N - 1, 2]
    curve = np.einsum("sk,knd->nsd", _WEIGHTS, pieces).reshape(-1, 2)
    return np.concatenate([curve, points[-1:]])


def _weights() -> Array:
    """The weights of four points at STEPS places between the middle two: [STEPS, 4]."""
    t = np.arange(STEPS)[:, None] / STEPS
    return 0.5 * np.concatenate(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3],
        axis=1,
    )


_WEIGHTS = _weights()

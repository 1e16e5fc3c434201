"""What happens to ink and to a picture: borders, shadows, relief, projection, light, damage; TensorFlow-free.

    H, W  rows and columns of the picture
    h, w  rows and columns of a mask before projection

Pictures are [H, W] or [H, W, 3] float32 from 0 to 255, masks are uint8 with 255 where something covers.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import cv2
import numpy as np

from ocr_tf.data.render.colors import Color
from ocr_tf.data.render.splits import generator
from ocr_tf.data.render.style import Damage, Geometry
from ocr_tf.types import Array

NOISE_TABLE = 2**20  # normals; a picture's noise is a run of them
NARROWEST, WIDEST = 8, 4096  # columns of a picture
UNBOUND = 0.1  # chance of noise that may hide much of the ink
SHRUNK = 0.62  # pixels a pixel: below, masks are blurred before they are sampled


def between(bounds: tuple[float, float], at: float) -> float:
    """The value at a share of the way from the least to the greatest."""
    return bounds[0] + (bounds[1] - bounds[0]) * at


# Layers of ink


def grown(mask: Array, pixels: int) -> Array:
    """Makes strokes wider by some pixels on each side."""
    size = 2 * pixels + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.dilate(mask, kernel)


def shifted(mask: Array, across: int, down: int) -> Array:
    """Moves a mask; what leaves it is lost."""
    rows, columns = mask.shape
    across, down = max(-columns, min(across, columns)), max(-rows, min(down, rows))
    moved = np.zeros_like(mask)
    moved[max(down, 0) : rows + min(down, 0), max(across, 0) : columns + min(across, 0)] = mask[
        max(-down, 0) : rows - max(down, 0), max(-across, 0) : columns - max(across, 0)
    ]
    return moved


def shadow(mask: Array, across: int, down: int, blur: float, solid: bool) -> Array:
    """What a mask casts: a moved copy, or with `solid` all that lies between, softened by `blur` pixels."""
    steps = max(abs(across), abs(down)) if solid else 1
    cast = shifted(mask, across, down)
    for step in range(1, steps):
        part = shifted(mask, round(across * step / steps), round(down * step / steps))
        np.maximum(cast, part, out=cast)
    if blur < 0.5:
        return cast
    size = 2 * round(1.6 * blur) + 1
    return cv2.blur(cast, (size, size))


def relief(cover: Array, direction: float, depth: float, softness: float) -> Array:
    """The light on letters that stand out: bright where their flanks face it, dark where they do not.

    Args:
        cover: [H, W] float32 from 0 to 1.
        direction: of the light, radians.
        depth: grays, about the most that a flank gains or loses.
        softness: width of a flank, pixels.

    Returns:
        [H, W] float32, grays to add.
    """
    height = cv2.GaussianBlur(cover, (0, 0), softness)
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    light = across * np.float32(math.cos(direction)) + down * np.float32(math.sin(direction))
    return light * np.float32(depth * softness / 3.0)


# Projection


class Placement(NamedTuple):
    """Where each pixel of the picture looks in a mask."""

    x: Array  # [H, W] float32
    y: Array
    scale: float  # pixels of the picture a pixel of the mask


def place(
    box: tuple[int, int, int, int], height: int, style: Geometry, random: np.random.Generator
) -> Placement:
    """Draws how ink is brought into a picture.

    Args:
        box: of the ink in its mask: left, top, width and height, pixels.
        height: H.
        style: bounds.
        random: what is drawn is drawn from this.
    """
    left, top, w, h = box
    u = random.random(12).tolist()
    turn, shear = random.normal(0.0, 1.0, 2).tolist()
    moves = random.uniform(-1.0, 1.0, (4, 2))
    bend = (
        between(style.bend, u[0]) * h * (1.0 if u[1] < 0.5 else -1.0) if u[2] < style.bent else 0.0
    )
    tall = h + abs(bend)
    stretch = between(style.stretch, u[3])
    turn *= style.turn if u[4] < style.turned else 0.25 * style.turn
    steepest = math.atan(
        1.3 * tall / (w * stretch)
    )  # or a long line would become too small to read
    turn = min(max(turn, -steepest), steepest)

    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    flat = corners * (w, tall)
    shaped = flat * (stretch, 1.0)
    shaped[:, 0] += style.shear * shear * shaped[:, 1]
    cosine, sine = math.cos(turn), math.sin(turn)
    shaped = shaped @ np.array([[cosine, sine], [-sine, cosine]])
    shaped += moves * between(style.perspective, u[5] ** 2) * min(tall, w * stretch)
    low = shaped.min(axis=0)
    span = shaped.max(axis=0) - low
    scale = between(style.filled, u[6]) * height / span[1]
    sides = between(style.sides, u[7]) * height, between(style.sides, u[8]) * height
    width = round(span[0] * scale + sum(sides))
    width = min(max(width, NARROWEST), WIDEST)
    shaped = (shaped - low) * scale + (sides[0], (height - span[1] * scale) * u[9])
    center = left + (w - 1) / 2, top + (h - 1) / 2
    matrix = cv2.getPerspectiveTransform(
        shaped.astype(np.float32), (flat + center).astype(np.float32)
    ).astype(np.float32)
    across = np.arange(width, dtype=np.float32)
    down = np.arange(height, dtype=np.float32)[:, None]
    far = matrix[2, 0] * across + matrix[2, 1] * down + matrix[2, 2]
    x = (matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2]) / far
    y = (matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2]) / far
    if bend:
        at = np.clip((x - np.float32(center[0])) * np.float32(2.0 / w), -1.4, 1.4)
        if u[10] < 0.7:
            y += np.float32(bend) * (at * at - np.float32(0.5))
        else:
            y += np.float32(0.5 * bend) * np.sin(
                np.float32(math.pi * (0.6 + 0.6 * u[11])) * at + np.float32(6.3 * u[1])
            )
    return Placement(x, y, scale)


def project(
    masks: list[Array], placement: Placement, origin: tuple[int, int] = (0, 0)
) -> list[Array]:
    """Brings masks [h, w] of one size, whose corner lies at `origin`, into the picture.

    Returns:
        Each [H, W] float32 from 0 to 1.
    """
    stack = masks[0] if len(masks) == 1 else cv2.merge(masks)
    if placement.scale < SHRUNK:
        size = min(round(1 / placement.scale), 5)
        stack = cv2.blur(stack, (size, size))
    x, y = placement.x, placement.y
    if origin != (0, 0):
        x, y = x - np.float32(origin[0]), y - np.float32(origin[1])
    seen = cv2.remap(stack, x, y, cv2.INTER_LINEAR).astype(np.float32)
    seen *= np.float32(1 / 255)
    return [seen] if len(masks) == 1 else list(cv2.split(seen))


# The picture


def cover(picture: Array, mask: Array, color: Color) -> None:
    """Lays a color over a picture, in place, where a mask [H, W] float32 from 0 to 1 says."""
    if picture.ndim == 3:
        mask = mask[..., None]
    picture += mask * (color - picture)


def add(picture: Array, grays: Array) -> None:
    """Adds grays [H, W] to a picture, in place."""
    picture += grays[..., None] if picture.ndim == 3 else grays


def slope_of(height: int, width: int, along: float) -> Array:
    """A plane that rises in a direction (radians): [height, width] float32, 0 in the middle, to about 1."""
    x = np.arange(width, dtype=np.float32) * np.float32(2 / width) - 1
    y = np.arange(height, dtype=np.float32) * np.float32(2 / height) - 1
    return x * np.float32(math.cos(along)) + y[:, None] * np.float32(math.sin(along))


def light(picture: Array, slope: tuple[float, float], random: np.random.Generator) -> None:
    """Makes one end of a picture brighter than the other, in place, by a drawn part of its grays."""
    height, width = picture.shape[:2]
    much, along = between(slope, random.random()), random.uniform(0, 2 * math.pi)
    factor = 1 + np.float32(0.6 * much) * slope_of(height, width, along)
    picture *= factor[..., None] if picture.ndim == 3 else factor


def damage(picture: Array, style: Damage, contrast: float, random: np.random.Generator) -> Array:
    """Does to a picture what a camera does: too few pixels, blur, motion, seams, noise.

    Args:
        picture: [H, W] or [H, W, 3] float32.
        style: bounds.
        contrast: grays between ink and ground; most noise stays below a part of it.
        random: what is drawn is drawn from this.

    Returns:
        The picture as uint8.
    """
    height, width = picture.shape[:2]
    u = random.random(13).tolist()
    is_blurred = u[0] < style.blurred
    if is_blurred:
        picture = cv2.GaussianBlur(
            picture, (0, 0), max(0.2, between(style.blur, u[1] ** 1.5) * height)
        )
    if u[2] < style.moved:
        picture = cv2.filter2D(
            picture, -1, _motion(between(style.motion, u[3]) * height, math.pi * u[4])
        )
    deviation = between(style.noise, u[5] ** 3)
    deviation = min(deviation, (0.4 if u[12] < UNBOUND else 0.16) * contrast)
    early = u[6] < 0.5  # noise before enlarging has grains of several pixels
    if u[7] < style.coarse:
        share = between(style.pixels, 0.5 + 0.5 * u[8] if is_blurred else u[8])
        small = (max(4, round(width * share)), max(4, round(height * share)))
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        if early:
            picture = picture + noise(picture.shape, deviation, random)
        picture = cv2.resize(
            picture,
            (width, height),
            interpolation=cv2.INTER_LINEAR if u[9] < 0.5 else cv2.INTER_CUBIC,
        )
    else:
        early = False
    if u[10] < style.sharpened:
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = picture + np.float32(0.4 + 1.2 * u[11]) * (picture - soft)
    if not early:
        picture = picture + noise(picture.shape, deviation, random)
    return cv2.convertScaleAbs(np.maximum(picture, 0.0))


def noise(shape: tuple[int, ...], deviation: float, random: np.random.Generator) -> Array:
    """Normal noise of a shape: float32 with mean 0."""
    size = math.prod(shape)
    start = random.random()
    table = _table()
    if size > len(table):
        table = np.resize(table, size)
    first = int(start * (len(table) - size + 1))
    return table[first : first + size].reshape(shape) * np.float32(deviation)


@functools.cache
def _table() -> Array:
    return generator(0, 0, 0).standard_normal(NOISE_TABLE, np.float32)


def _motion(length: float, along: float) -> Array:
    """The kernel of a straight movement over some pixels: odd and square."""
    half = max(1, math.ceil(length / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    dx, dy = math.cos(along) * length / 2, math.sin(along) * length / 2
    ends = [(round((half + s * dx) * 16), round((half + s * dy) * 16)) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], (255,), 1, cv2.LINE_AA, 4)
    return kernel.astype(np.float32) / max(int(kernel.sum()), 1)


def encode_jpeg(picture: Array, quality: int) -> bytes:
    """Encodes [H, W] gray or [H, W, 3] RGB uint8 as JPEG."""
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return encoded.tobytes()

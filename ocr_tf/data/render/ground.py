"""What text lies on: a scene, paper or a card, with colors, texture and things in it; TensorFlow-free."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ocr_tf.data.render.colors import Color, Palette
from ocr_tf.data.render.effects import between, cover, slope_of
from ocr_tf.data.render.style import Ground
from ocr_tf.data.render.textures import texture
from ocr_tf.types import Array

RULED = 0.35  # chance that paper has lines
UNBOUND = 0.12  # chance of a texture that may be nearly as strong as the ink


def lay(
    height: int,
    width: int,
    colors: Palette,
    style: Ground,
    colored: bool,
    random: np.random.Generator,
) -> Array:
    """Makes the picture that ink is laid on: [H, W] or, colored, [H, W, 3] float32."""
    picture = np.empty((height, width, 3) if colored else (height, width), np.float32)
    picture[...] = colors.ground
    amount, unbound, if_parts = random.random(3).tolist()
    strength = between(style.texture, amount**3)
    strength = min(strength, (0.6 if unbound < UNBOUND else 0.3) * colors.contrast)
    if style.kind == "card":
        plain = picture.copy()
        _art(picture, colors, random)
        picture += np.float32(1 - style.art) * (plain - picture)
    if strength > 1.0:
        roughen(picture, strength, random)
    if if_parts < style.parts:
        if style.kind == "paper":
            _rules(picture, colors, random)
        else:
            _parts(picture, colors, random)
    return picture


def roughen(picture: Array, strength: float, random: np.random.Generator) -> None:
    """Adds texture of a deviation in grays, in place; in color, it has a tint."""
    grays = texture(picture.shape[0], picture.shape[1], random)
    grays *= np.float32(strength)
    tint = random.uniform(0.6, 1.4, 3).astype(np.float32)
    picture += grays[..., None] * tint if picture.ndim == 3 else grays


def _parts(picture: Array, colors: Palette, random: np.random.Generator) -> None:
    """Edges, bars and patches, as where a crop takes in what stands beside the sign."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for _ in range(int(random.integers(1, 4))):
        kind, *u = random.random(6).tolist()
        if kind < 0.4:  # everything beyond a line near an edge
            depth = height * (0.05 + 0.2 * u[0])
            tilt = height * 0.25 * (u[1] - 0.5)
            edge = int(u[2] * 4)
            reach = {0: (0, depth), 1: (0, height - depth), 2: (depth, 0), 3: (width - depth, 0)}[
                edge
            ]
            if edge < 2:
                far = -height if edge == 0 else 2 * height
                points = [(0, reach[1] - tilt), (width, reach[1] + tilt), (width, far), (0, far)]
            else:
                far = -width if edge == 2 else 2 * width
                points = [(reach[0] - tilt, 0), (reach[0] + tilt, height), (far, height), (far, 0)]
            cv2.fillPoly(mask, [_fixed(points)], (255,), cv2.LINE_AA, 4)
        elif kind < 0.7:  # a bar across
            y = height * u[0]
            ends = _fixed([(0, y), (width, y + height * 0.4 * (u[1] - 0.5))])
            cv2.line(
                mask, ends[0].tolist(), ends[1].tolist(), (255,), 1 + int(3 * u[2]), cv2.LINE_AA, 4
            )
        else:  # a patch
            center = (round(width * u[0] * 16), round(height * u[1] * 16))
            axes = (round(height * (0.2 + u[2]) * 16), round(height * (0.2 + u[3]) * 16))
            cv2.ellipse(mask, center, axes, 180 * u[4], 0, 360, (255,), -1, cv2.LINE_AA, 4)
    cover(picture, mask.astype(np.float32) / 255, colors.other)


def _rules(picture: Array, colors: Palette, random: np.random.Generator) -> None:
    """The lines of ruled or squared paper."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    distance, first, tilt, squared = random.random(4).tolist()
    step = height * (0.3 + 0.7 * distance)
    tilt = 0.04 * (tilt - 0.5) * width
    y = step * first
    while y < height:
        ends = _fixed([(0, y - tilt), (width, y + tilt)])
        cv2.line(mask, ends[0].tolist(), ends[1].tolist(), (255,), 1, cv2.LINE_AA, 4)
        y += step
    x = step * first
    while squared < RULED and x < width:
        ends = _fixed([(x + tilt, 0), (x - tilt, height)])
        cv2.line(mask, ends[0].tolist(), ends[1].tolist(), (255,), 1, cv2.LINE_AA, 4)
        x += step
    cover(picture, mask.astype(np.float32) / 255, colors.other)


def _art(picture: Array, colors: Palette, random: np.random.Generator) -> None:
    """The print of a card: a blend from color to color, soft blobs, sweeping lines."""
    height, width = picture.shape[:2]
    along, reach = random.uniform(0, 2 * math.pi), random.uniform(0.2, 1.0)
    blend = np.clip(0.5 + 0.5 * slope_of(height, width, along), 0, 1)
    cover(picture, blend * np.float32(reach), colors.other)
    for blob in range(int(random.integers(0, 4))):
        u = random.random(6).tolist()
        center = (width * u[0], height * u[1])
        radius = height * (0.4 + 1.6 * u[2])
        dx = (np.arange(width, dtype=np.float32) - np.float32(center[0])) / np.float32(radius)
        dy = (np.arange(height, dtype=np.float32)[:, None] - np.float32(center[1])) / np.float32(
            radius
        )
        distance = dx * dx + dy * dy * np.float32(0.5 + u[3])
        soft = np.float32(2 + 10 * u[4] ** 2)
        inside = 1 / (1 + np.exp(np.clip(soft * (distance - 1), -30, 30)))
        cover(picture, inside * np.float32(0.15 + 0.6 * u[5]), _blob_color(colors, blob))
    lines, pitch, phase, swing, strength, sweep = random.random(6).tolist()
    if lines < 0.6:
        mask = np.zeros((height, width), np.uint8)
        step = height * (0.12 + 0.5 * pitch)
        across = np.linspace(0, width, 24)
        wave = height * swing * np.sin(across / height * (0.3 + 1.5 * phase) + 6.3 * phase)
        slope = (sweep - 0.5) * 0.8 * across
        for k in range(-int(width * 0.45 / step) - 2, int((height + width * 0.45) / step) + 2):
            points = np.stack([across, k * step + wave + slope], axis=1)
            cv2.polylines(mask, [_fixed(points)], False, (255,), 1, cv2.LINE_AA, 4)
        cover(picture, mask * np.float32((0.15 + 0.5 * strength) / 255), colors.other)


def _blob_color(colors: Palette, number: int) -> Color:
    """Colors between ground and what else there is, and slightly beyond."""
    share = (1.0, -0.5, 0.6)[number % 3]
    mixed = colors.ground + share * (colors.other - colors.ground)
    return (
        np.clip(mixed, 0.0, 255.0) if isinstance(mixed, np.ndarray) else min(max(mixed, 0.0), 255.0)
    )


def _fixed(points: object) -> Array:
    """Points (x, y) in OpenCV's fixed point with four binary digits."""
    return np.rint(np.asarray(points, float) * 16).astype(np.int32)

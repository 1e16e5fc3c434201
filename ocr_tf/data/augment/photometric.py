"""Perturbations of gray: ink, light, lens, sensor, file.

OpenCV is imported by the functions that need it: the registry is read for the help of every command, which
is to be instant. TensorFlow-free.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from ocr_tf.data.augment.entry import Random, either
from ocr_tf.types import Array

NORMALS = 2**20  # table of them; a line's noise is a run that its key chooses
FADE = 0.7  # the most of a stroke's contrast that erosion or an occlusion takes: no symbol vanishes


def dilation(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Thickens strokes, be they darker or lighter than the paper."""
    return _morphed(image, magnitude, random, image.mean() < paper)


def erosion(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Thins strokes; what is thinner than the brush pales and stays."""
    return _morphed(image, magnitude, random, image.mean() >= paper)


def _morphed(image: Array, magnitude: float, random: Random, darker: bool) -> Array:
    """Blends in the darkest or lightest gray around each pixel, so that a brush may be a part of a pixel."""
    import cv2

    radius = magnitude * len(image) * random.random()
    whole = max(1, math.ceil(radius))
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * whole + 1, 2 * whole + 1))
    share = FADE * radius / whole
    moved = (cv2.erode if darker else cv2.dilate)(image, brush)
    blended: Array = cv2.addWeighted(moved, share, image, 1.0 - share, 0.0)
    return blended


def occlusion(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Lays a patch or a stripe of one gray over the line, through which it shows."""
    height, width = image.shape
    tall, wide = (max(1, round(magnitude * height * random.random())) for _ in range(2))
    top = int(random.random() * max(1, height - tall + 1))
    left = int(random.random() * max(1, width - wide + 1))
    gray, shape = either(random), random.random()
    if shape < 1 / 3:
        top, tall = 0, height
    elif shape < 2 / 3:
        left, wide = 0, width
    patch = image[top : top + tall, left : left + wide]
    patch += np.float32(FADE) * (np.float32(gray) - patch)
    return image


def contrast(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Scales the distance from the paper's gray."""
    factor = 1.0 + magnitude * either(random)
    image *= np.float32(factor)
    image += np.float32((1.0 - factor) * paper)
    return image


def brightness(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Lightens or darkens all."""
    image += np.float32(magnitude * either(random))
    return image


def blur(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Blurs by a Gaussian."""
    import cv2

    deviation = max(0.05, magnitude * len(image) * random.random())  # OpenCV takes 0 for a default
    blurred: Array = cv2.GaussianBlur(image, (0, 0), deviation, borderType=cv2.BORDER_REPLICATE)
    return blurred


def gaussian_noise(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Adds white noise, a run of the table's."""
    import cv2

    table = _normals()
    if image.size > len(table):
        table = np.resize(table, image.size)
    deviation = magnitude * random.random()
    start = int(random.random() * (len(table) - image.size + 1))
    run = table[start : start + image.size].reshape(image.shape)
    noisy: Array = cv2.scaleAdd(run, deviation, image, image)
    return noisy


@functools.cache
def _normals() -> Array:
    table = np.random.Generator(np.random.Philox(key=0)).standard_normal(NORMALS, np.float32)
    table.setflags(write=False)
    return table


def salt_and_pepper(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Turns pixels white or black."""
    count = round(magnitude * random.random() * image.size)
    where = random.integers(0, image.size, count)
    image.put(where, np.where(np.arange(count) % 2, 1, -1))
    return image


def jpeg(image: Array, magnitude: float, random: Random, paper: float) -> Array:
    """Stores the line as a JPEG file and reads it back."""
    import cv2

    quality = round(100 - magnitude * random.random())
    grays = np.clip(image * 127.5 + 127.5, 0.0, 255.0).round().astype(np.uint8)
    _, file = cv2.imencode(".jpg", grays, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE).astype(np.float32)
    return decoded * np.float32(1 / 127.5) - np.float32(1)

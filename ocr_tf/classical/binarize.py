"""Ink and paper of a gray line image; TensorFlow-free.

Otsu 1979 (A Threshold Selection Method from Gray-Level Histograms) has one threshold for the image, Sauvola
and Pietikäinen 2000 (Adaptive Document Image Binarization) one for each pixel. Which of the two classes is
ink, the border of the image decides: text does not reach all around it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from ocr_tf.types import Array

LEAST_CONTRAST = 20.0  # grays between the means of ink and paper; noise on bare paper has less
SAUVOLA_K = 0.2
SAUVOLA_WINDOW = 0.75  # of the image's height
BLUR = 0.7  # pixels, of an image without noise
NOISE = 20.0  # grays of noise for each pixel of blur more
METHODS = ("otsu", "sauvola")


class Ink(NamedTuple):
    """Tells ink from paper, pixel by pixel."""

    mask: Array  # [H, W] bool
    strength: Array  # [H, W] float32, 0 = paper, 1 = ink


def find_ink(gray: Array, method: str = "otsu", window: int = 0) -> Ink:
    """Separates ink from paper, dark on light or light on dark.

    Args:
        gray: [H, W] uint8.
        method: one of METHODS.
        window: see `sauvola`.

    Returns:
        The ink; an image without contrast has none.
    """
    smooth = smoothed(gray)
    threshold, _ = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    dark = smooth <= threshold
    if dark.all() or not dark.any():
        return _no_ink(gray.shape)
    low, high = float(smooth[dark].mean()), float(smooth[~dark].mean())
    if high - low < LEAST_CONTRAST:
        return _no_ink(gray.shape)
    strength = (high - smooth.astype(np.float32)) / (high - low)
    if _on_border(dark) > 0.5:
        smooth, dark, strength = 255 - smooth, ~dark, 1 - strength
    mask = sauvola(smooth, window) if method == "sauvola" else dark
    return Ink(mask, np.clip(strength, 0, 1))


def smoothed(gray: Array) -> Array:
    """Blurs an image as its noise asks for, [H, W] uint8.

    The noise's deviation is estimated as by Immerkær 1996 (Fast Noise Variance Estimation): by what is left
    where a mask takes away all that is smooth.
    """
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rest = cv2.filter2D(gray.astype(np.float32), -1, mask, borderType=cv2.BORDER_REPLICATE)
    noise = float(np.sqrt(np.pi / 2) / 6 * np.abs(rest).mean())
    blurred: Array = cv2.GaussianBlur(gray, (0, 0), BLUR + noise / NOISE)
    return blurred


def sauvola(gray: Array, window: int = 0) -> Array:
    """Tells dark ink by the mean m and deviation s of the gray about each pixel (equation 5).

    T = m (1 + k (s / R - 1)); R is the largest s of the image, so that pale ink is found too.

    Args:
        gray: [H, W] uint8, dark ink.
        window: pixels of the square about each pixel; 0: SAUVOLA_WINDOW of the height.

    Returns:
        [H, W] bool.
    """
    values = gray.astype(np.float32)
    side = max(3, (window or round(gray.shape[0] * SAUVOLA_WINDOW)) | 1)
    mean = cv2.boxFilter(values, -1, (side, side), borderType=cv2.BORDER_REPLICATE)
    square = cv2.boxFilter(values * values, -1, (side, side), borderType=cv2.BORDER_REPLICATE)
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    largest = max(float(deviation.max()), 1.0)
    mask: Array = values < mean * (1 + SAUVOLA_K * (deviation / largest - 1))
    return mask


def _on_border(mask: Array) -> float:
    """Returns the share of the outermost rows and columns that is set."""
    edges = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(edges.mean())


def _no_ink(shape: tuple[int, ...]) -> Ink:
    return Ink(np.zeros(shape, bool), np.zeros(shape, np.float32))

"""Frames, labels and heads for the tests of this folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.heads import HEADS, Attention, Transformer
from ocr_tf.types import Batch, Frames, Images, Labels

SIZE = 6  # features of a frame

# Every head, and combinations of options that lead through other code.
CONFIGS: dict[str, Any] = {
    **{name: kind() for name, kind in HEADS.items()},
    "transformer": Transformer(units=32, layers=1, heads=2, feed_forward=32),  # for speed
    "attention_dot": Attention(
        scoring="dot", heads=2, output="tanh", units=64, sampling=0.5, coverage=1.0
    ),
    "attention_heads": Attention(heads=2, location=0, positions=0, guide=0.0, ctc=0.0),
}


def frames(lengths: Sequence[int], padding: int = 0, garbage: float = 0.0, seed: int = 0) -> Frames:
    """Lines of random vectors; line i is the same whatever stands beside it."""
    values = np.zeros([len(lengths), max(lengths) + padding, SIZE], np.float32)
    for i, (value, length) in enumerate(zip(values, lengths)):
        draw = np.random.default_rng([seed, i])
        value[:length] = draw.standard_normal([length, SIZE])
        value[length:] = garbage * draw.standard_normal(value[length:].shape)
    return Frames(tf.constant(values), tf.constant(lengths, tf.int32))


def labels(rows: Sequence[Sequence[int]], padding: int = 0, garbage: int = -1) -> Labels:
    ids = np.full([len(rows), max(map(len, rows)) + padding], garbage, np.int32)
    for value, row in zip(ids, rows):
        value[: len(row)] = row
    return Labels(tf.constant(ids), tf.constant([len(row) for row in rows], tf.int32))


def make(name: str, symbols: str = "abc", seed: int = 0, **options: Any) -> Any:
    """A head of CONFIGS whose weights are large enough for its answers to differ between lines."""
    head = dataclasses.replace(CONFIGS[name], **options).build(Alphabet(symbols))
    head.loss(frames([3]), labels([[0]]))
    rng.initialize(head.variables, seed)
    for variable in head.variables:
        draw = np.random.default_rng([seed, rng.digest(variable.name)])
        bias = 0.5 * draw.standard_normal(variable.shape) if "bias" in variable.name else 0.0
        variable.assign(2.0 * variable + bias)
    return head


def rows(ids: Any, lengths: Any) -> list[list[int]]:
    return [row[:length] for row, length in zip(np.asarray(ids).tolist(), np.asarray(lengths))]


def draw(text: str, height: int = 32) -> np.ndarray:
    """A printed line [H, W] in -1 (ink) .. 1."""
    width = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 2)[0][0] + 8
    image = np.full([height, width], 255, np.uint8)
    cv2.putText(image, text, (4, height - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2, cv2.LINE_AA)
    return image.astype(np.float32) / 127.5 - 1


def batch(texts: Sequence[str], alphabet: Alphabet, padding: int = 0) -> Batch:
    """Printed lines and their labels."""
    drawn = [draw(text) for text in texts]
    widths = [image.shape[1] for image in drawn]
    values = np.zeros([len(texts), 32, max(widths) + padding, 1], np.float32)
    for value, image in zip(values, drawn):
        value[:, : image.shape[1], 0] = image
    return Batch(
        Images(tf.constant(values), tf.constant(widths)),
        labels([alphabet.encode(text) for text in texts]),
        tf.range(len(texts)),
        tf.ones([len(texts)], tf.bool),
    )

"""Hashes by which two runs prove that they started equal and were shown the same."""

from __future__ import annotations

import hashlib

from ocr_tf import rng
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Batch


def of_weights(model: Recognizer) -> dict[str, str]:
    """Hashes the weights of each part of a network: what starts equal in two runs has the same."""
    hashes = {}
    for part, weights in model.parts().items():
        content = b"".join(rng.path(v).encode() + v.numpy().tobytes() for v in weights)
        hashes[part] = hashlib.sha256(content).hexdigest()
    return hashes


def of_batches(before: str, batch: Batch) -> str:
    """Hashes a batch's lines, pixels and labels, and all batches before it.

    Args:
        before: the hash of the batches before this one; empty at the first.
        batch: what was trained on.

    Returns:
        A sha256 in hexadecimal: two runs with the same were shown the same, padding included. It takes
        well below a hundredth of a step.
    """
    digest = hashlib.sha256(before.encode())
    for tensor in (batch.samples, *batch.images, *batch.labels):
        digest.update(memoryview(tensor))
    return digest.hexdigest()

"""Tells which variables weight decay touches, by one rule for every encoder and head. TensorFlow-free.

Decayed are the matrices and filters that inputs are multiplied by (kernels, recurrent kernels, the filter of
an attention's location term). Not decayed are biases, scales and offsets of normalizations, embeddings, and
the vector, scale and offset of an attention's score: they set sizes and thresholds, and those of an
embedding are touched in the steps alone in which their symbol occurs.
"""

from __future__ import annotations

DECAYED = ("kernel", "recurrent_kernel", "zero_kernel", "location")  # the last part of a path


def is_decayed(path: str) -> bool:
    """Tells of a variable's path, as "head/output/kernel", whether weight decay touches it."""
    return path.rsplit("/", 1)[-1] in DECAYED

"""Conditions to compare in tests."""

import numpy as np

from ocr_tf.metrics.paired import Outcomes, Signature

SIGNATURE = Signature("cer", "none", "0123456789abcdef")


def outcomes(name, errors, lengths=None, seeds=None, ids=None, groups=None):
    errors = np.atleast_2d(errors)
    count = errors.shape[1]
    return Outcomes(
        name=name,
        errors=errors,
        lengths=np.full(count, 20) if lengths is None else lengths,
        seeds=range(len(errors)) if seeds is None else seeds,
        ids=[f"line{i:04}" for i in range(count)] if ids is None else ids,
        signature=SIGNATURE,
        groups=groups,
    )


def golden():
    return (
        outcomes("A", [[1, 0, 2, 1, 2], [2, 1, 2, 2, 2], [3, 1, 3, 2, 3]]),
        outcomes("B", [[0, 0, 1, 1, 1], [1, 0, 1, 1, 1], [1, 0, 2, 1, 1]]),
    )


def random_pair(key=0, seeds=3, lines=40, difference=0.02, **kwargs):
    """Two conditions whose seeds and lines vary, on lines of different lengths."""
    draw = np.random.default_rng([key, seeds, lines])
    lengths = draw.integers(5, 40, lines)
    line = draw.beta(2, 18, lines)
    conditions = []
    for name, more in (("A", difference), ("B", 0.0)):
        rate = line + more + np.abs(draw.normal(0, 0.02, (seeds, 1)))
        conditions.append(outcomes(name, draw.binomial(lengths, rate), lengths, **kwargs))
    return tuple(conditions)

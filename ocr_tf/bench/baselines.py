"""The baselines that `--against` names; each is imported, with its framework, where it is asked for.

A baseline is made of (experiment, alphabet, batch) and has `train` and `read`, which are timed, and
`parameters`.
"""

from __future__ import annotations

from typing import Any


def baseline(name: str) -> Any:
    """Returns the class of a baseline, `keras` or `torch`.

    Raises:
        InputError: its framework is not installed.
    """
    if name == "torch":
        from ocr_tf.bench.torch_baseline import TorchBaseline

        return TorchBaseline
    from ocr_tf.bench.keras_baseline import KerasBaseline

    return KerasBaseline

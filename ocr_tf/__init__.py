"""ocr_tf: CTC and attention decoders for text-line images, compared under equal conditions.

The public functions are `ocr_tf.api`'s, which is imported with the first use of one of them. TensorFlow is
imported when a function needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr_tf.api import (
        Comparison,
        Data,
        Evaluation,
        Experiment,
        InputError,
        Run,
        Sequence,
        Study,
        Train,
        compare,
        evaluate,
        load,
        option,
        register,
        run_study,
        train,
    )

from ocr_tf.version import __version__ as __version__

__all__ = [
    "Augment",
    "Comparison",
    "Data",
    "Evaluation",
    "Experiment",
    "InputError",
    "Run",
    "Sequence",
    "Study",
    "Train",
    "compare",
    "evaluate",
    "load",
    "option",
    "register",
    "run_study",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ocr_tf import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

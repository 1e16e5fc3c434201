"""The options of the benchmark; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.experiment.config.common import batch_size_option
from ocr_tf.options import option

DTYPES = ("float32", "bfloat16")
MEASURES = ("step", "inference", "parts", "layer", "memory")


@dataclasses.dataclass(frozen=True)
class Bench:
    """Measures training steps, inference and exports: time, FLOPs, share of the GEMM peak, memory.

    The GEMM peak is the most that one dense matrix product reaches on this machine. What is compared is
    timed in turn, in one process.
    """

    batch_size: int = batch_size_option()
    width: int = option(100, "Width of the lines, in pixels of the encoder's input.", minimum=1)
    narrowest: int = option(
        0, "Width of the narrowest line of a batch; 0: all are as wide as --width.", minimum=0
    )
    label_length: int = option(8, "Symbols of every label.", minimum=1)
    repeats: int = option(
        20, "Rounds of timing; in each, everything that is compared runs once.", minimum=1
    )
    dtypes: tuple[str, ...] = option(
        DTYPES,
        "Number types in which encoder and recurrent layers compute; bfloat16 is Keras' mixed_bfloat16.",
        choices=DTYPES,
    )
    measure: tuple[str, ...] = option(
        MEASURES,
        "What is measured: step, whole training steps; inference; parts, encoder, recurrent layers and head "
        "each alone; layer, one recurrent layer next to its matrix products; memory, its peak.",
        choices=MEASURES,
    )
    against: str = option(
        "none",
        "keras, torch: measure beside each network the same one built from plain Keras layers, or in plain "
        "PyTorch (CTC alone; pip install torch).",
        choices=("none", "keras", "torch"),
    )
    requests: int = option(1000, "Requests of one image that each export is timed with.", minimum=1)
    image: str = option("", "Image file that exports are timed with. Default: a drawn line.")
    output: str = option("", "JSON file that every measured number is written to. Default: none.")

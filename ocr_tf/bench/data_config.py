"""The options of bench_data; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class BenchData:
    """Measures how many images a second are decoded, scaled and perturbed for training.

    The same lines are read from loose files, from LMDB and from records, each through the toolkit's own
    pipeline without its cache, beside a plain loop over the same LMDB: OpenCV decodes and scales, nothing
    is perturbed, one process for each core. Later epochs are those of a training, whose cache holds the
    lines. What is compared is timed in turn.
    """

    data: tuple[str, ...] = option(
        ("synthetic:words:count=2000",),
        "The lines: labels files, folders or scheme:SPEC, comma-separated.",
    )
    lines: int = option(2000, "Lines to read, the first ones.", minimum=1, maximum=100_000)
    height: int = option(32, "Height that images are scaled to, in pixels.", minimum=8, maximum=512)
    width: int = option(
        100,
        "Width that they are stretched to; 0 keeps their aspect ratio.",
        minimum=0,
        maximum=8192,
    )
    batch_size: int = option(32, "Lines in a batch.", minimum=1)
    augment: bool = option(True, "Perturb the lines, as training does by default.")
    repeats: int = option(5, "Rounds of timing.", minimum=1)

"""The options of bench_search; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.experiment.config.common import TestData, batch_size_option, checkpoint_option
from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class BenchSearch:
    """Measures CTC's beam search beside other decoders, on what a run puts out for lines.

    All search the same frames with the same width; texts are compared by their exact score, log p of all
    paths and what the language model adds. What is compared is timed in turn. Decoders that are not
    installed are left out and named: pip install pyctcdecode kenlm flashlight-text.
    """

    checkpoint: str = checkpoint_option()
    data: TestData = dataclasses.field(default_factory=TestData)
    lines: int = option(128, "Lines to search, the first ones.", minimum=1, maximum=100_000)
    batch_size: int = batch_size_option()
    width: int = option(16, "Prefixes of a line that are kept at every step.", minimum=1)
    lm: str = option(
        "",
        "Language model of symbols, an ARPA file. Default: the search alone, without a model.",
    )
    lm_weight: float = option(0.5, "What the language model's log p counts.", minimum=0)
    symbols: int = option(
        0,
        "Leave each frame only so many symbols, its best, for all decoders; 0: leave it all.",
        minimum=0,
    )
    repeats: int = option(5, "Rounds of timing.", minimum=1)

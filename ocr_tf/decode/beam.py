"""Beam search, for both kinds of head; TensorFlow-free until it searches."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ocr_tf.decode.search import Search
from ocr_tf.options import option
from ocr_tf.types import Frames, Hypotheses, Tensor

if TYPE_CHECKING:
    from ocr_tf.decode.autoregressive import Decoder


@dataclasses.dataclass(frozen=True)
class Beam(Search):
    """Follows the most probable prefixes: CTC's prefix beam search; for attention, a decoder's beam."""

    width: int = option(8, "Prefixes of a line that are kept at every step.", minimum=1)
    best: int = option(1, "Texts of a line that are returned, at most `width`.", minimum=1)

    def __post_init__(self) -> None:
        """Refuses what no beam can return.

        Raises:
            ValueError: more texts are wanted than prefixes are kept, or none.
        """
        if not 1 <= self.best <= self.width:
            raise ValueError(f"a beam of width {self.width} cannot give the {self.best} best")

    def ctc(self, log_probs: Frames, blank: int, pad: int) -> Hypotheses:
        """Sums the paths of the best prefixes; see `Search.ctc`."""
        from ocr_tf.decode.ctc_prefix_beam import prefix_beam

        return prefix_beam(log_probs, blank, pad, self.width, self.best)

    def autoregressive(self, decoder: Decoder, bounds: Tensor) -> Hypotheses:
        """Steps the best prefixes side by side; see `Search.autoregressive`. A width of 1 is greedy search."""
        from ocr_tf.decode.autoregressive import greedy
        from ocr_tf.decode.autoregressive_beam import beam

        if self.width == 1:
            found = greedy(decoder, bounds)
            return found._replace(objective=found.log_probs)
        return beam(decoder, bounds, self.width, self.best)

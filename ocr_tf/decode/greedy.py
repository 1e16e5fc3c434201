"""Greedy search, for both kinds of head; TensorFlow-free until it searches."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode.search import Search, ctc_weight_option
from ocr_tf.options import option
from ocr_tf.types import Frames, Hypotheses, Tensor

if TYPE_CHECKING:
    from ocr_tf.decode.autoregressive import Decoder


@dataclasses.dataclass(frozen=True)
class Greedy(Search):
    """Takes the best class at every step: CTC's best path; a decoder fed with its own last symbol.

    Of a head with both, the text of the two that both together score best.
    """

    early_stop: bool = option(
        True,
        "Stop a batch when the decoder has ended every line, rather than at the greatest number of "
        "symbols allowed; the texts are the same.",
    )
    ctc_weight: float = ctc_weight_option()

    def ctc(self, log_probs: Frames, alphabet: Alphabet) -> Hypotheses:
        """Decodes the best path; see `Search.ctc`."""
        from ocr_tf.decode import ctc_greedy

        return ctc_greedy.search(log_probs, alphabet.blank, alphabet.pad)

    def autoregressive(self, decoder: Decoder, bounds: Tensor) -> Hypotheses:
        """Follows the best class; see `Search.autoregressive`."""
        from ocr_tf.decode import autoregressive

        return autoregressive.greedy(decoder, bounds, self.early_stop)

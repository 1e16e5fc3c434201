"""Search: an object that takes what any head gives and returns texts; TensorFlow-free.

A head puts out either all of its scores at once, a distribution over symbols and blank for every frame
(`Search.ctc`), or one symbol at a time, given what it wrote before (`Search.autoregressive`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import InputError
from ocr_tf.types import Frames, Hypotheses, Tensor

if TYPE_CHECKING:  # It loads TensorFlow.
    from ocr_tf.decode.autoregressive import Decoder


class Search:
    """Finds the texts of a batch of lines. A search is a frozen dataclass of its options.

    Its methods import TensorFlow themselves, so that command lines can name it without. A search that
    works for one kind of head alone overrides that method only.
    """

    best: int = 1  # K, texts of a line that are returned

    def check(self) -> None:
        """Looks at the files that the search needs, before anything else is loaded.

        Raises:
            InputError: one cannot be used.
        """

    def ctc(self, log_probs: Frames, alphabet: Alphabet) -> Hypotheses:
        """Searches the texts that paths through CTC's distributions spell.

        Args:
            log_probs: [B, T, C] natural log, normalized over C.
            alphabet: its classes.

        Returns:
            The K best texts; `log_probs` are `ctc_lattice.score`'s.

        Raises:
            InputError: the search cannot be used with CTC.
        """
        raise InputError(
            f"search {type(self).__name__}: cannot be used with a CTC head; choose another"
        )

    def autoregressive(self, decoder: Decoder, bounds: Tensor) -> Hypotheses:
        """Searches the texts that a decoder writes one symbol at a time.

        Args:
            decoder: its step, its first state and its alphabet.
            bounds: [B] int32, the greatest number of symbols of each line.

        Returns:
            The K best texts, whose `log_probs` count the end. `ended` is false where a text was cut
            off at its bound.

        Raises:
            InputError: the search cannot be used with an autoregressive decoder.
        """
        raise InputError(
            f"search {type(self).__name__}: cannot be used with an autoregressive head, such as "
            "attention; choose another"
        )

"""Search: an object that takes what any head gives and returns texts; TensorFlow-free.

A head puts out either all of its scores at once, a distribution over symbols and blank for every frame
(`Search.ctc`), or one symbol at a time, given what it wrote before (`Search.autoregressive`); or both over
the same frames (`Search.joint`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import InputError
from ocr_tf.options import option
from ocr_tf.types import Frames, Hypotheses, Tensor

if TYPE_CHECKING:  # It loads TensorFlow.
    from ocr_tf.decode.autoregressive import Decoder
    from ocr_tf.decode.guide import Guide
    from ocr_tf.decode.joint import Branches


def ctc_weight_option() -> Any:
    """Makes the option that weighs the branches of a joint head."""
    return option(
        0.5,
        "What CTC counts where a head has a CTC and an attention branch, and attention the rest; 1: CTC "
        "alone reads, 0: attention alone.",
        minimum=0,
        maximum=1,
    )


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

    def widest(self) -> Search:
        """Returns the same search with as many texts as it finds anyway, for others to choose from."""
        return self

    def guide(self, alphabet: Alphabet) -> Optional[Guide]:
        """Returns what the search knows of texts apart from the image; None if nothing.

        Raises:
            InputError: a file cannot be used with the alphabet.
        """
        return None

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

    def joint(self, branches: Branches) -> Hypotheses:
        """Searches the texts of a head with a CTC branch and an autoregressive one.

        Without a method of its own, a search lets each branch find texts, and returns those that both
        together score best; its option `ctc_weight`, if it has one, weighs them.

        Args:
            branches: what `ctc` and `autoregressive` take, and the scores of any text.

        Returns:
            The K best texts; `log_probs` are the head's own score.

        Raises:
            InputError: the search cannot be used with one of the branches.
        """
        from ocr_tf.decode import joint

        alphabet, weight = branches.decoder.alphabet, getattr(self, "ctc_weight", branches.weight)
        if weight == 1:
            return joint.scored(branches, self.ctc(branches.log_probs, alphabet))
        if weight == 0:
            return joint.scored(branches, self.autoregressive(branches.decoder, branches.bounds))
        each = self.widest()  # What one branch ranks lower may be the best of both.
        proposed = [
            each.ctc(branches.log_probs, alphabet),
            each.autoregressive(branches.decoder, branches.bounds),
        ]
        return joint.rescored(branches, proposed, weight, self.best, self.guide(alphabet))

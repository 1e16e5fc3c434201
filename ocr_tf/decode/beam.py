"""Beam search, for both kinds of head; TensorFlow-free until it searches."""

from __future__ import annotations

import dataclasses
import functools
import os
from typing import TYPE_CHECKING, Optional

from ocr_tf.alphabet import Alphabet, Spelling
from ocr_tf.decode.search import Search, ctc_weight_option
from ocr_tf.language import arpa, lexicon, words
from ocr_tf.language.automaton import of_ngrams
from ocr_tf.options import option
from ocr_tf.types import Frames, Hypotheses, Tensor

if TYPE_CHECKING:
    from ocr_tf.decode.autoregressive import Decoder
    from ocr_tf.decode.guide import Guide
    from ocr_tf.decode.joint import Branches


@dataclasses.dataclass(frozen=True)
class Beam(Search):
    """Follows the most probable prefixes: CTC's prefix beam search; for attention, a decoder's beam."""

    width: int = option(8, "Prefixes of a line that are kept at every step.", minimum=1)
    best: int = option(1, "Texts of a line that are returned, at most `width`.", minimum=1)
    lm: str = option("", "Language model of symbols, an ARPA file: its log p is added.")
    lm_weight: float = option(0.5, "What the language model's log p counts.", minimum=0)
    bonus: float = option(0.0, "Added for each symbol, where there is a language model.")
    lexicon: str = option("", "File with a word a line: texts hold no other words.")
    word_lm: str = option(
        "", "With a lexicon, language model of its words, an ARPA file: its log p is added."
    )
    word_weight: float = option(0.5, "What the language model of words counts.", minimum=0)
    word_bonus: float = option(0.0, "Added for each word, where there is a model of words.")
    symbols: int = option(
        0,
        "With a language model or lexicon, CTC's texts grow only by so many symbols, the best of each step; "
        "0: by any.",
        minimum=0,
    )
    length_norm: float = option(
        0.0,
        "Power of the length by which an attention head's texts are ranked, so that long ones may win; of no "
        "use where CTC counts.",
        minimum=0,
        maximum=2,
    )
    coverage: float = option(
        0.0,
        "Added for each frame that an attention head has looked at, so that texts are not cut short; of no "
        "use where CTC counts.",
        minimum=0,
    )
    ctc_weight: float = ctc_weight_option()
    rescore: bool = option(
        False,
        "Of a head with both branches, let each find texts by itself and both score them, rather than rank "
        "the beginnings of texts by both.",
    )

    def __post_init__(self) -> None:
        """Refuses what no beam can return.

        Raises:
            ValueError: more texts are wanted than prefixes are kept, or none; a model of words without words.
        """
        if not 1 <= self.best <= self.width:
            raise ValueError(f"a beam of width {self.width} cannot give the {self.best} best")
        if self.word_lm and not self.lexicon:
            raise ValueError(f"word_lm={self.word_lm} needs a lexicon, which says what a word is")

    def check(self) -> None:
        """See `Search.check`."""
        for model in filter(None, (self.lm, self.word_lm)):
            arpa.read(model)
        if self.lexicon:
            lexicon.read_words(self.lexicon)

    def widest(self) -> Beam:
        """See `Search.widest`."""
        return dataclasses.replace(self, best=self.width)

    def guide(self, alphabet: Alphabet) -> Optional[Guide]:
        """Makes language model and lexicon one; see `Search.guide`."""
        paths = [path for path in (self.lm, self.lexicon, self.word_lm) if path]
        stamps = tuple((stat.st_mtime_ns, stat.st_size) for stat in map(os.stat, paths))
        if not paths:
            return None
        # Searches that differ in width share it.
        usual = {name: getattr(Beam(), name) for name in ("width", "best", "symbols", "rescore")}
        same = dataclasses.replace(self, **usual)
        return _guide(same, alphabet, alphabet.spelling, stamps)

    def ctc(self, log_probs: Frames, alphabet: Alphabet) -> Hypotheses:
        """Sums the paths of the best prefixes; see `Search.ctc`."""
        from ocr_tf.decode.ctc_prefix_beam import prefix_beam

        guide = self.guide(alphabet)
        return prefix_beam(log_probs, alphabet, self.width, self.best, guide, self.symbols)

    def autoregressive(self, decoder: Decoder, bounds: Tensor) -> Hypotheses:
        """Steps the best prefixes side by side, one as greedy search; see `Search.autoregressive`."""
        from ocr_tf.decode.autoregressive import greedy
        from ocr_tf.decode.autoregressive_beam import PLAIN, Ranking, beam

        guide = self.guide(decoder.alphabet)
        ranking = Ranking(
            guide=guide,
            bonus=self._bonus(),
            length_norm=self.length_norm,
            coverage=self.coverage,
        )
        if self.width == 1 and ranking == PLAIN._replace(bonus=self._bonus()):
            found = greedy(decoder, bounds)
            return found._replace(objective=found.log_probs)
        return beam(decoder, bounds, self.width, self.best, ranking)

    def joint(self, branches: Branches) -> Hypotheses:
        """Ranks prefixes, or whole texts, by both branches; see `Search.joint`."""
        from ocr_tf.decode import joint

        alphabet, weight = branches.decoder.alphabet, self.ctc_weight
        if self.rescore or weight in (0, 1):
            return super().joint(branches)
        guide = self.guide(alphabet)
        return joint.one_pass(branches, weight, self.width, self.best, guide, self._bonus())

    def _bonus(self) -> float:
        """Returns the most that the guide may give for a symbol."""
        return max(0.0, self.bonus) + max(0.0, self.word_bonus)


@functools.lru_cache(maxsize=4)
def _guide(
    search: Beam, alphabet: Alphabet, spelling: Spelling, stamps: tuple[object, ...]
) -> Guide:
    """Makes a guide once for all graphs; alphabets that differ in spelling alone are equal."""
    from ocr_tf.decode.guide import Guide, Part, Tables, Words

    parts: list[Part] = []
    if search.lm:
        model = of_ngrams(arpa.read(search.lm), alphabet, search.lm)
        parts.append(Tables(model, search.lm_weight, search.bonus))
    if search.lexicon:
        known = lexicon.of_words(lexicon.read_words(search.lexicon), alphabet, search.lexicon)
        if search.word_lm:
            spoken = words.of_words(arpa.read(search.word_lm), known, search.word_lm)
            parts.append(Words(spoken, search.word_weight, search.word_bonus))
        else:
            parts.append(Tables(known.automaton))
    return Guide(parts)

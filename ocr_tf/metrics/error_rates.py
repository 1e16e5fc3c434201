"""Edit counts of a line, and the rates of many lines: counts are summed first and divided once.

With S substitutions, D deletions and I insertions that turn the references into the hypotheses,
all summed over the lines, and N symbols in the references:

    CER   = (S + D + I) / N           over code points of NFC text
    WER   = (S + D + I) / N           over words, split on white space
    AR    = (N - S - D - I) / N       accurate rate, 1 - CER; negative with many insertions
    CR    = (N - S - D) / N           correct rate, which forgives insertions
    1-NED = mean of 1 - d / max(N, M) over lines; d = S + D + I and M the hypothesis' length,
                                      both of one line; two empties give 1
    exact = lines read without an edit / lines

An empty reference adds its insertions and no length. What would be divided by zero is None.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional

from rapidfuzz.distance import Levenshtein

from ocr_tf.alphabet import nfc
from ocr_tf.metrics.normalization import normalize


class Edits(NamedTuple):
    """What turns a reference into a hypothesis, with the fewest edits."""

    insertions: int  # symbols that only the hypothesis has
    deletions: int  # symbols that only the reference has
    substitutions: int
    length: int  # symbols of the reference

    @property
    def distance(self) -> int:
        """Levenshtein's distance d = S + D + I."""
        return self.insertions + self.deletions + self.substitutions

    @property
    def rate(self) -> Optional[float]:
        """d / N; None where N is 0."""
        return _share(self.distance, self.length)


def edits(reference: str, hypothesis: str) -> Edits:
    """The edits between two texts, counted over code points of their NFC.

    The distance alone does not say which edits they are: `ab` becomes `ba` by two substitutions,
    or by a deletion and an insertion. Of all ways with the fewest edits, the one counted has the
    fewest insertions, and so the fewest deletions (I - D is fixed) and the most substitutions. No
    library's choice of a path enters the figures, and CR is the lowest of those possible.
    """
    return _edits(nfc(reference), nfc(hypothesis))


def word_edits(reference: str, hypothesis: str) -> Edits:
    """As `edits`, over words: NFC text split on white space."""
    return _edits(nfc(reference).split(), nfc(hypothesis).split())


def _edits(reference: Sequence[str], hypothesis: Sequence[str]) -> Edits:
    # One distance orders by edits first and by insertions second: no way has `unit` insertions.
    unit = len(hypothesis) + 1
    weighted = Levenshtein.distance(reference, hypothesis, weights=(unit + 1, unit, unit))
    distance, insertions = divmod(weighted, unit)
    deletions = insertions + len(reference) - len(hypothesis)
    return Edits(insertions, deletions, distance - insertions - deletions, len(reference))


@dataclasses.dataclass(frozen=True)
class Rates:
    """Counts summed over lines, and the rates of the module's docstring; `measure` makes it."""

    normalization: str
    lines: int
    exact_lines: int
    characters: Edits  # summed, over code points
    words: Edits  # summed, over words
    similarity: float  # 1 - d / max(N, M), summed

    @property
    def cer(self) -> Optional[float]:
        return self.characters.rate

    @property
    def wer(self) -> Optional[float]:
        return self.words.rate

    @property
    def exact(self) -> Optional[float]:
        return _share(self.exact_lines, self.lines)

    @property
    def one_minus_ned(self) -> Optional[float]:
        return _share(self.similarity, self.lines)

    @property
    def ar(self) -> Optional[float]:
        return _share(self.characters.length - self.characters.distance, self.characters.length)

    @property
    def cr(self) -> Optional[float]:
        _, deletions, substitutions, length = self.characters
        return _share(length - substitutions - deletions, length)

    def as_dict(self) -> dict[str, Any]:
        """Rates and their counts as JSON values; null where there is nothing to divide by."""
        return {
            "normalization": self.normalization,
            "cer": self.cer,
            "wer": self.wer,
            "exact": self.exact,
            "one_minus_ned": self.one_minus_ned,
            "ar": self.ar,
            "cr": self.cr,
            "lines": self.lines,
            "exact_lines": self.exact_lines,
            **self.characters._asdict(),
            **{f"word_{name}": count for name, count in self.words._asdict().items()},
        }

    def table(self) -> str:
        """The rates with their counts, for a terminal; no line end behind the last row."""

        def counts(edits: Edits, unit: str) -> str:
            return (
                f"{edits.distance:,} edits in {edits.length:,} {unit} ({edits.substitutions:,} "
                f"substituted, {edits.deletions:,} deleted, {edits.insertions:,} inserted)"
            )

        rows = (
            ("CER", self.cer, counts(self.characters, "code points")),
            ("WER", self.wer, counts(self.words, "words")),
            ("exact", self.exact, f"{self.exact_lines:,} of {self.lines:,} lines"),
            ("1-NED", self.one_minus_ned, ""),
            ("AR", self.ar, ""),
            ("CR", self.cr, f"normalization: {self.normalization}"),
        )
        return "\n".join(
            f"{name:6}{'-' if rate is None else format(rate, '.2%'):>8}  {note}".rstrip()
            for name, rate, note in rows
        )


def measure(pairs: Iterable[tuple[str, str]], normalization: str = "none") -> Rates:
    """The rates of lines, given as (reference, hypothesis).

    Args:
      pairs: every line once, those that could not be read with the empty hypothesis.
      normalization: one of NORMALIZATIONS, applied to both sides.

    Raises:
      ValueError: there is no normalization of that name.
    """
    characters, words, similarities = [], [], []
    exact = 0
    for pair in pairs:
        reference, hypothesis = (normalize(text, normalization) for text in pair)
        line = _edits(reference, hypothesis)
        longer = max(len(reference), len(hypothesis))
        characters.append(line)
        words.append(word_edits(reference, hypothesis))
        similarities.append(1 - line.distance / longer if longer else 1.0)
        exact += reference == hypothesis
    return Rates(
        normalization=normalization,
        lines=len(characters),
        exact_lines=exact,
        characters=_sum(characters),
        words=_sum(words),
        similarity=math.fsum(similarities),  # Exact, so that the order of lines does not matter.
    )


def _sum(lines: list[Edits]) -> Edits:
    return Edits(*(sum(line[field] for line in lines) for field in range(len(Edits._fields))))


def _share(part: float, whole: int) -> Optional[float]:
    return part / whole if whole else None

"""Edit counts of a line: the fewest insertions, deletions and substitutions; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

from rapidfuzz.distance import Levenshtein

from ocr_tf.normalization import nfc


class Edits(NamedTuple):
    """Counts of the fewest edits that turn a reference into a hypothesis."""

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
        """The rate d / N; None where N is 0."""
        return self.distance / self.length if self.length else None


def edits(reference: str, hypothesis: str) -> Edits:
    """Counts the edits between two texts, over code points of their NFC.

    The distance alone does not say which edits they are: `ab` becomes `ba` by two substitutions,
    or by a deletion and an insertion. Of all ways with the fewest edits, the one counted has the
    fewest insertions, and so the fewest deletions (I - D is fixed) and the most substitutions. No
    library's choice of a path enters the figures, and CR is the lowest of those possible.
    """
    return _edits(nfc(reference), nfc(hypothesis))


def word_edits(reference: str, hypothesis: str) -> Edits:
    """Counts as `edits`, over words: NFC text split on white space."""
    return _edits(nfc(reference).split(), nfc(hypothesis).split())


def _edits(reference: Sequence[str], hypothesis: Sequence[str]) -> Edits:
    # One distance orders by edits first and by insertions second: no way has `unit` insertions.
    unit = len(hypothesis) + 1
    weighted = Levenshtein.distance(reference, hypothesis, weights=(unit + 1, unit, unit))
    distance, insertions = divmod(weighted, unit)
    deletions = insertions + len(reference) - len(hypothesis)
    return Edits(insertions, deletions, distance - insertions - deletions, len(reference))

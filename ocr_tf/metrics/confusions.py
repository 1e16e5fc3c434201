"""Confusions of symbols: the single edits behind the rates, counted by what they change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

from ocr_tf.normalization import nfc

Confusion = tuple[str, str]  # (symbol of the reference, symbol read); "" where there is none


def confusions(pairs: Iterable[tuple[str, str]]) -> Counter[Confusion]:
    """Counts how often each edit turns a reference into its hypothesis, with the fewest edits.

    A substitution is (symbol, other symbol), a deletion (symbol, ""), an insertion ("", symbol).
    They add up to the d of `measure`, line by line. Where several ways have as few edits, the one
    counted is rapidfuzz's choice: its substitutions may be fewer than the rates' S.

    Args:
        pairs: every line once, as (reference, hypothesis); compared over code points of their NFC.
    """
    counts: Counter[Confusion] = Counter()
    for pair in pairs:
        reference, hypothesis = (nfc(text) for text in pair)
        for edit in Levenshtein.editops(reference, hypothesis):
            true = reference[edit.src_pos] if edit.tag != "insert" else ""
            read = hypothesis[edit.dest_pos] if edit.tag != "delete" else ""
            counts[true, read] += 1
    return counts


def most_common(counts: Counter[Confusion], number: int) -> list[tuple[Confusion, int]]:
    """Sorts the most frequent first; equals in the order of their symbols, whatever that of the lines."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:number]

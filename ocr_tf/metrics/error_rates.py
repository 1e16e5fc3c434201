"""Error rates of many lines: counts are summed first and divided once; TensorFlow-free.

With S substitutions, D deletions and I insertions that turn the references into the hypotheses,
all summed over the lines, and N symbols in the references:

    CER   = (S + D + I) / N           over code points of NFC text
    WER   = (S + D + I) / N           over words, split on white space
    AR    = (N - S - D - I) / N       accurate rate, 1 - CER; negative with many insertions
    CR    = (N - S - D) / N           correct rate, which forgives insertions
    1-NED = mean of 1 - d / max(N, M) over lines; d = S + D + I and M the hypothesis' length,
                                      both of one line; two empties give 1
    exact = lines read without an edit / lines

An empty reference adds its insertions and no length. What would be divided by zero is None. CER, WER,
exact and 1-NED are entries of `registry.METRICS`; whatever is registered there is measured.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Optional

from ocr_tf.metrics.edits import Edits, edits, word_edits
from ocr_tf.metrics.registry import METRICS
from ocr_tf.normalization import normalize


class Sums(NamedTuple):
    """A metric's errors and lengths, summed over lines."""

    errors: float
    length: float


@dataclasses.dataclass(frozen=True)
class Rates:
    """Counts summed over lines, and the rates of the module's docstring; `measure` makes it."""

    normalization: str
    lines: int
    exact_lines: int
    characters: Edits  # summed, over code points
    words: Edits  # summed, over words
    sums: Mapping[str, Sums]  # by metric

    def figure(self, metric: str) -> Optional[float]:
        """Returns the figure of one of METRICS, a fraction; None where there is nothing to divide by."""
        return METRICS[metric].figure(*self.sums[metric])

    @property
    def cer(self) -> Optional[float]:
        """Edits per symbol of the references."""
        return self.figure("cer")

    @property
    def wer(self) -> Optional[float]:
        """Word edits per word of the references."""
        return self.figure("wer")

    @property
    def exact(self) -> Optional[float]:
        """The share of lines read without an error."""
        return self.figure("exact")

    @property
    def one_minus_ned(self) -> Optional[float]:
        """1 minus the mean of the edits per symbol of the longer text."""
        return self.figure("one_minus_ned")

    @property
    def ar(self) -> Optional[float]:
        """Accurate rate: 1 - CER."""
        return _share(self.characters.length - self.characters.distance, self.characters.length)

    @property
    def cr(self) -> Optional[float]:
        """Correct rate: 1 - CER, insertions forgiven."""
        _, deletions, substitutions, length = self.characters
        return _share(length - substitutions - deletions, length)

    def as_dict(self) -> dict[str, Any]:
        """Returns rates and their counts as JSON values; null where there is nothing to divide by."""
        return {
            "normalization": self.normalization,
            **{metric: self.figure(metric) for metric in self.sums},
            "ar": self.ar,
            "cr": self.cr,
            "lines": self.lines,
            "exact_lines": self.exact_lines,
            **self.characters._asdict(),
            **{f"word_{name}": count for name, count in self.words._asdict().items()},
        }

    def table(self) -> str:
        """Returns the rates with their counts, for a terminal; no line end behind the last row."""

        def counts(edits: Edits, unit: str) -> str:
            return (
                f"{edits.distance:,} edits in {edits.length:,} {unit} ({edits.substitutions:,} "
                f"substituted, {edits.deletions:,} deleted, {edits.insertions:,} inserted)"
            )

        notes = {
            "cer": counts(self.characters, "code points"),
            "wer": counts(self.words, "words"),
            "exact": f"{self.exact_lines:,} of {self.lines:,} lines",
        }
        rows = (
            *((METRICS[m].title, self.figure(m), notes.get(m, "")) for m in self.sums),
            ("AR", self.ar, ""),
            ("CR", self.cr, f"normalization: {self.normalization}"),
        )
        return "\n".join(
            f"{name:6}{'-' if rate is None else format(rate, '.2%'):>8}  {note}".rstrip()
            for name, rate, note in rows
        )


def measure(pairs: Iterable[tuple[str, str]], normalization: str = "none") -> Rates:
    """Measures lines, given as (reference, hypothesis), by every metric.

    Args:
        pairs: every line once, those that could not be read with the empty hypothesis.
        normalization: one of NORMALIZATIONS, applied to both sides.

    Raises:
        ValueError: there is no normalization of that name.
    """
    lines = [(normalize(r, normalization), normalize(h, normalization)) for r, h in pairs]
    # Exact sums, so that the order of lines does not matter.
    sums = {
        name: Sums(
            math.fsum(metric.errors(*line) for line in lines),
            math.fsum(metric.length(reference) for reference, _ in lines),
        )
        for name, metric in METRICS.items()
    }
    return Rates(
        normalization=normalization,
        lines=len(lines),
        exact_lines=sum(reference == hypothesis for reference, hypothesis in lines),
        characters=_sum([edits(*line) for line in lines]),
        words=_sum([word_edits(*line) for line in lines]),
        sums=sums,
    )


def _sum(lines: list[Edits]) -> Edits:
    return Edits(*(sum(line[field] for line in lines) for field in range(len(Edits._fields))))


def _share(part: float, whole: int) -> Optional[float]:
    return part / whole if whole else None

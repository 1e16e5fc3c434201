"""Reads the validation lines with the network as it is, and says how well it does."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Optional

from ocr_tf.data.lines import Lines
from ocr_tf.experiment.inference.recognize import Reader, mean_loss
from ocr_tf.experiment.runs.metrics_log import is_aligned
from ocr_tf.experiment.training.formation import Alignment, AlignmentProbe
from ocr_tf.experiment.training.previews import Previews
from ocr_tf.metrics.confusions import confusions, most_common
from ocr_tf.metrics.error_rates import measure

CONFUSIONS = 20  # the most frequent ones are recorded


@dataclasses.dataclass(frozen=True)
class Validated:
    """What a network reads of the validation lines."""

    cer: float
    exact: float
    loss: Optional[float]  # mean -log p(reference | image); None where it is finite for no line
    not_ended: int  # lines whose search hit its bound
    alignment: Alignment
    confusions: list[tuple[str, str, int]]  # (true, read, times), most frequent first
    previews: list[dict[str, Any]]  # see `Previews.take`

    def record(self) -> dict[str, Any]:
        """The part of a record of metrics.jsonl that tells of it."""
        figures: dict[str, Any] = {"val/cer": self.cer, "val/exact": self.exact}
        if self.loss is not None:
            figures["val/loss"] = self.loss
        if self.alignment.entropy is not None:
            figures["val/alignment_entropy"] = self.alignment.entropy
        return {
            **figures,
            "formed": self.alignment.formed,
            "confusions": [list(confusion) for confusion in self.confusions],
            "lines": self.previews,
        }

    def summary(self) -> str:
        """The figures as a part of a line."""
        loss = "" if self.loss is None else f"  loss {self.loss:.3f}"
        unended = f"  {self.not_ended} lines hit their bound" if self.not_ended else ""
        aligned = "" if is_aligned(self.alignment.formed, self.cer) else "  not aligned yet"
        rates = f"CER {100 * self.cer:.2f} %  exact {100 * self.exact:.1f} %"
        return f"{rates}{loss}{unended}{aligned}"


def validate(
    reader: Reader, lines: Lines, previews: Previews, probe: AlignmentProbe, step: int
) -> Validated:
    """Reads the validation lines.

    Args:
        reader: of the network that is trained.
        lines: the validation lines, of which one has a text at least.
        previews: of the same lines.
        probe: of the same network and lines.
        step: training steps done.
    """
    readings = reader.read(lines, "validating")
    canonical = reader.model.alphabet.canonical
    pairs = [(canonical(text), reading.text) for text, reading in zip(lines.texts, readings)]
    rates = measure(pairs)
    assert rates.cer is not None, "`splits.prepare` refuses validation lines without text"
    loss = mean_loss(readings)
    return Validated(
        cer=rates.cer,
        exact=rates.exact or 0.0,
        loss=None if math.isnan(loss) else loss,
        not_ended=sum(reading.ok and not reading.ended for reading in readings),
        alignment=probe.measure(),
        confusions=[(*pair, times) for pair, times in most_common(confusions(pairs), CONFUSIONS)],
        previews=previews.take(step, readings),
    )

"""Scores texts of lines with a run, its own and another system's, and counts whose errors its errors are.

TensorFlow-free until the run is loaded, so that wrong paths and flags are told at once.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.atomic import atomic_write
from ocr_tf.data.dataset import open_sources
from ocr_tf.decode import parse_search
from ocr_tf.experiment.inference.config import Score
from ocr_tf.experiment.inference.join import join
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.runs.temperature import parse_temperature
from ocr_tf.library_lines import without_library_lines
from ocr_tf.metrics.search_errors import kinds
from ocr_tf.normalization import normalize
from ocr_tf.terminal import escape_name, escape_text
from ocr_tf.types import Array


def run(config: Score, run_folder: str) -> None:
    """Prints or writes each line's id, text and log p, and sums up.

    Raises:
        InputError: no run, a bad search or temperature, bad test data, texts that do not fit the lines,
            or an output that cannot be written.
    """
    search = parse_search(config.search)
    parse_temperature(config.temperature)
    RunFolder.open(run_folder)
    source = open_sources(config.data.test)
    texts = list(source.texts)
    if config.texts:
        placed = predictions.read(config.texts)
        way_out = "or take the lines out of --data.test"
        joined, _ = join(
            placed, source.samples, file=config.texts, test=config.data.test, way_out=way_out
        )
        texts = [prediction.text for prediction in joined]
    if config.output:
        check_writable(config.output, f"--output={config.output}")
    from ocr_tf.data.lines import load_lines  # Here: these load TensorFlow.
    from ocr_tf.experiment.inference.load import restore
    from ocr_tf.experiment.inference.recognize import Reader
    from ocr_tf.experiment.inference.scorer import Scorer
    from ocr_tf.experiment.inference.temperature import set_temperature

    with without_library_lines():
        trained = restore(run_folder, config.checkpoint)
        set_temperature(trained, config.temperature)
        lines = load_lines(source, trained.geometry, keep_bad=True, what="test images")
        reader = Reader(trained.model, trained.geometry, config.batch_size, search)
        readings = reader.read(lines, "reading")
        found = [reading.reference_log_prob for reading in readings]
        if config.texts:
            found = Scorer(trained.model, trained.geometry).score(lines, texts)
    ok = [reading.ok for reading in readings]
    scores = [_number(score) if good else math.nan for score, good in zip(found, ok)]
    rows = "".join(
        f"{escape_name(name)}\t{escape_text(text)}\t{score:.6g}\n"
        for name, text, score in zip(lines.ids, texts, scores)
    )

    def compared(texts: Iterable[str]) -> list[str]:
        return [normalize(text, config.normalize) for text, good in zip(texts, ok) if good]

    canonical = trained.model.alphabet.canonical
    read = [reading for reading in readings if reading.ok]
    own = OwnReadings(
        references=compared(map(canonical, source.texts)),
        texts=compared(reading.text for reading in readings),
        log_probs=np.array([_number(reading.log_prob) for reading in read]),
        reference_log_probs=np.array([_number(reading.reference_log_prob) for reading in read]),
    )
    told = [f"{run_folder}, {config.checkpoint} checkpoint (step {trained.step})", own_errors(own)]
    if config.texts:
        others = compared(map(canonical, texts))
        told.append(against(own, others, np.array(scores)[np.array(ok, bool)], config.texts))
    if config.output:
        atomic_write(Path(config.output), rows.encode())
        print(*told, f"written to {config.output}", sep="\n")
    else:
        sys.stdout.write(rows)
        print(*told, sep="\n", file=sys.stderr)


class OwnReadings(NamedTuple):
    """Holds what a run has read in N images that can be used; texts are normalized."""

    references: list[str]
    texts: list[str]
    log_probs: Array  # [N] log p(text | image)
    reference_log_probs: Array  # [N], minus infinity where the run cannot write the reference

    def wrong(self) -> Array:
        """Marks the lines whose text is not the reference: [N] bool."""
        return np.array([a != b for a, b in zip(self.texts, self.references)], bool)


def own_errors(own: OwnReadings) -> str:
    """Says whose errors a run's wrong readings are; see `ocr_tf.metrics.search_errors`."""
    wrong = own.wrong()
    count = {
        kind: int(lines.sum())
        for kind, lines in kinds(wrong, own.log_probs, own.reference_log_probs).items()
    }
    return (
        f"{wrong.sum()} of {len(wrong)} lines read wrong: in {count['search']} the reference is more "
        f"probable than what was read (search errors), in {count['model']} it is not (model errors; in "
        f"{count['impossible']} of these it cannot be written)"
    )


def against(own: OwnReadings, others: Sequence[str], scores: Array, name: str) -> str:
    """Says which of two wrong readings a run finds more probable, its own or the other one.

    Args:
        own: the run's readings of N lines.
        others: the other texts of the same lines, normalized.
        scores: [N] log p(other text | image) under the run.
        name: of the other texts.
    """
    wrong = own.wrong() & [a != b for a, b in zip(others, own.references)]
    differ = wrong & [a != b for a, b in zip(others, own.texts)]
    higher, lower = (
        int(mask[differ].sum()) for mask in (own.log_probs > scores, own.log_probs < scores)
    )
    return (
        f"{wrong.sum()} lines wrong in both, {differ.sum()} of them differently from {name}: the run finds "
        f"its own text more probable in {higher}, the other in {lower}, both alike in "
        f"{differ.sum() - higher - lower}"
    )


def _number(log_prob: Optional[float]) -> float:
    return -math.inf if log_prob is None else log_prob

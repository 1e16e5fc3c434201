"""Runs that nobody trained: what a comparison reads of a run's folder, and no network."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from ocr_tf import options
from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_source
from ocr_tf.data.fingerprint import fingerprint_of, image_digests
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.predictions import EvaluationResults, Prediction, RateFigures
from ocr_tf.experiment.runs.run_folder import RunFolder, SeenLine
from ocr_tf.metrics.error_rates import measure
from tests.experiment import tiny

TEST = "synthetic:digits:count=12:split=test"
NAME = "test"  # of the evaluation


def run(
    path: Path,
    head: str = "ctc",
    seed: int = 0,
    *,
    alphabet: str = "0123456789",
    chain: str = "batches",
    weights: str = "weights",
    steps: int = tiny.STEPS,
    flags: Optional[dict[str, Any]] = None,
    **facts: Any,
) -> RunFolder:
    """A finished run. What it tells of its batches and first weights is a function of its seed.

    Args:
        chain, weights: what else that is a function of.
        steps: that its metrics tell of.
        flags: options of the experiment.
        facts: of run.json.
    """
    folder = RunFolder.create_or_open(path)
    told = {
        "first_weights": {part: _sha(weights, part, seed) for part in ("encoder", "sequence")},
        "data": {"train": "t", "val": "s"},
        "threads": {"cores": 2},
        "versions": {"ocr_tf": "1"},
        "commit": "c",
        "dirty": False,
        "processor": "p",
    }
    experiment = options.replace(tiny.experiment(head, seed=seed), flags or {})
    folder.begin(experiment, Alphabet(alphabet), {**told, **facts})
    folder.remember_lines(
        [SeenLine("train", b"\1" * 32, 1, "a"), SeenLine("val", b"\2" * 32, 2, "b")]
    )
    folder.metrics.append({"step": steps, "val/cer": 0.5, "batches": _sha(chain, seed)})
    return folder


def evaluate(
    folder: Path, texts: Optional[Sequence[str]] = None, test: str = TEST, **results: Any
) -> Path:
    """An evaluation on the lines of a source, all read right where no texts are given."""
    source = open_source(test)
    samples = source.samples
    references = [sample.text for sample in samples]
    read = references if texts is None else texts
    given = [Prediction(s.id, text, s.text, -1.0) for s, text in zip(samples, read)]
    written = EvaluationResults(
        folder.name,
        (test,),
        fingerprint_of(source.ids, source.texts, image_digests(source)[0]),
        RateFigures.from_rates(measure(zip(references, read))),
        finished=True,
    )
    predictions.write(folder, dataclasses.replace(written, **results), given)
    return folder


def _sha(*of: object) -> str:
    return hashlib.sha256(repr(of).encode()).hexdigest()

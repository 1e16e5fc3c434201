"""Runs of both heads that nobody trained, evaluated on the same lines."""

from __future__ import annotations

from pathlib import Path

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.fingerprint import image_digests
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.runs.run_folder import SeenLine
from ocr_tf.study.comparison.results import Grid, join
from tests.experiment import tiny, untrained

TEST = "synthetic:digits:count=10:split=test"


def grid(folder: Path) -> Grid:
    """One seed of each head under FOLDER/HEAD, and what it reads."""
    for head in tiny.HEADS:
        run = untrained.write(folder / head, head, Alphabet("0123456789")).folder
        source = open_sources(run.experiment.data.train)
        found, _ = image_digests(source)
        roles = ["val"] * 8 + ["train"] * (len(found) - 8)
        run.remember_lines(
            SeenLine(role, image.tobytes(), i + 1, sample.id)
            for i, (role, image, sample) in enumerate(zip(roles, found, source.samples))
        )
        evaluate.run(Evaluate(data=TestData((TEST,))), str(run.path), quiet=True)
    return join({head: {0: folder / head / "evaluations" / "test"} for head in tiny.HEADS})

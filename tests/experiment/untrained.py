"""A run folder without a training: its texts are nonsense, but differ from line to line."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.data.dataset import open_source
from ocr_tf.experiment.inference.load import Trained, build, restore, variables
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.run_folder import RunFolder
from tests.experiment import tiny

ALPHABET = Alphabet("abc ſ€𝄞")  # of one to four bytes
SOURCE = "synthetic:mixed:count=8"


def write(path: Path, head: str, alphabet: Alphabet = ALPHABET, **train: object) -> Trained:
    """A finished run of the experiment `tiny` at `path`, as it is restored."""
    experiment = tiny.experiment(head, **train)
    folder = RunFolder.create_or_open(path)
    folder.begin(experiment, alphabet, {})
    arrays = {}
    for name, variable in variables(build(experiment, alphabet)).items():
        draw = np.random.default_rng(rng.digest(name))
        part = variable.numpy() * (1 if "norm" in name else 3)
        arrays[name] = (part + 0.3 * draw.standard_normal(part.shape)).astype(np.float32)
        if "moving_variance" in name:
            arrays[name] = np.abs(arrays[name])
    folder.checkpoints.save(1, arrays, TrainingState(best_step=1, finished=True))
    return restore(path)


def images() -> list[bytes]:
    """Drawn lines of several heights and widths."""
    source = open_source(SOURCE)
    return [source.read(i) for i in range(len(source.samples))]

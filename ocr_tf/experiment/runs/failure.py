"""Tells whether a training failed, by its run's own records: it diverged, did not align, or did not learn.

    diverged.json    step and message of a loss that was not finite, in the run's folder

The rule, in this order:

    diverged       the loss was not finite; the run stopped there
    not aligned    at its last validation the alignments were not formed, and no validation had a CER of
                   STUCK or less; see `ocr_tf.experiment.training.formation`
    not learned    no validation had a CER of NOTHING or less

A training that goes on is judged as if it ended now. TensorFlow-free.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, Optional

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.metrics.failures import DIVERGED, NOT_ALIGNED, NOT_LEARNED, FailedRun

DIVERGENCE = "diverged.json"
NOTHING = 0.9  # the CER above which a network has learned nothing


class Divergence(NamedTuple):
    """A loss that was not finite."""

    step: int
    message: str


def record_divergence(run: Path, divergence: Divergence) -> None:
    """Writes into a run's folder that its loss was not finite."""
    text = json.dumps(divergence._asdict(), indent=2, ensure_ascii=False) + "\n"
    atomic_write(run / DIVERGENCE, text.encode())


def forget_divergence(run: Path) -> None:
    """Takes back what `record_divergence` wrote, of a run that is trained on."""
    (run / DIVERGENCE).unlink(missing_ok=True)


def divergence(run: Path) -> Optional[Divergence]:
    """Reads what `record_divergence` wrote; None where there is nothing.

    Raises:
        InputError: it is damaged.
    """
    path = run / DIVERGENCE
    if not path.exists():
        return None
    try:
        return Divergence(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        raise InputError(f"{path}: damaged; delete it and train the run again") from None


def failure(run: RunFolder, seed: int) -> Optional[FailedRun]:
    """Finds out whether a training failed; None where it did not.

    Args:
        run: its folder.
        seed: that it was trained under.

    Raises:
        InputError: its records are damaged.
    """
    stopped = divergence(run.path)
    best = run.metrics.best()
    cer = None if best is None else best.cer
    if stopped is not None:
        steps = run.checkpoints.steps()
        read_at = steps[-1] if steps else None
        return FailedRun(seed, DIVERGED, cer, step=stopped.step, read_at=read_at)
    stuck = run.metrics.not_aligned()
    if stuck is not None:
        return FailedRun(seed, NOT_ALIGNED, stuck.cer, stuck.entropy)
    if cer is not None and cer > NOTHING:
        return FailedRun(seed, NOT_LEARNED, cer)
    return None

"""One run of a study: what is to be trained and evaluated, and the file that says so to its process.

TensorFlow-free.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import CHECKPOINTS
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import configuration, rebuild
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.atomic import atomic_write
from ocr_tf.experiment.runs.run_folder import RunFolder

DIVERGED = 3  # the code it exits with where the loss is no longer finite


class Job(NamedTuple):
    """A training and its evaluations."""

    title: str  # "attention, seed 2"
    experiment: Experiment
    workdir: Path
    test: tuple[str, ...]  # evaluated on when trained; nothing, if empty
    normalize: str

    @property
    def done(self) -> bool:
        """True if all that the job makes is there; under which normalization it was measured does not
        matter, since a study's comparison measures the readings anew."""
        evaluations = [predictions.results(self.evaluation(name)) for name in CHECKPOINTS]
        return all(results is not None and results.finished for results in evaluations)

    def evaluation(self, checkpoint: str) -> Path:
        return self.workdir / "evaluations" / checkpoint

    @property
    def log(self) -> Path:
        return self.workdir.with_name(self.workdir.name + ".log")

    @property
    def steps(self) -> int:
        """The training steps that the run has recorded."""
        return max((record["step"] for record in RunFolder(self.workdir).metrics()), default=0)

    def write(self) -> Path:
        """The file that the worker reads, beside the run's folder."""
        self.workdir.parent.mkdir(parents=True, exist_ok=True)
        path = self.workdir.with_name(self.workdir.name + ".job.json")
        content = {
            "experiment": configuration(self.experiment, self.test),
            "workdir": str(self.workdir),
            "test": list(self.test),
            "normalize": self.normalize,
        }
        atomic_write(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
        return path

    @classmethod
    def read(cls, path: str) -> Job:
        """The job that `write` has written.

        Raises:
            InputError: the file holds none.
        """
        try:
            content = json.loads(Path(path).read_bytes())
            experiment = rebuild(content["experiment"], path)
            workdir, test = Path(content["workdir"]), tuple(content["test"])
            return cls(workdir.name, experiment, workdir, test, content["normalize"])
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path}: no job of a study ({error})") from None

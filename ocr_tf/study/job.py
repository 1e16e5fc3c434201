"""One run of a study: what is to be trained and evaluated, and the file that says so to its process.

TensorFlow-free.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, Optional

from ocr_tf import registry
from ocr_tf.atomic import atomic_write
from ocr_tf.decode import SEARCHES
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import CHECKPOINTS
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import configuration, rebuild
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.failure import failure
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.metrics.failures import FailedRun
from ocr_tf.metrics.registry import METRICS
from ocr_tf.progress import Afterwards
from ocr_tf.study.searches import evaluation

DIVERGED = 3  # the code it exits with where the loss is no longer finite


class Evaluation(NamedTuple):
    """A reading of the test lines."""

    name: str  # of its folder
    checkpoint: str  # best or last
    search: str


class Job(NamedTuple):
    """A training and its evaluations."""

    title: str  # "attention, seed 2"
    experiment: Experiment
    workdir: Path
    test: tuple[str, ...]  # evaluated on when trained; nothing, if empty
    normalize: str
    searches: tuple[str, ...] = ("greedy",)  # as `decode.search_text` writes them
    afterwards: Optional[Afterwards] = None  # what follows, for an ETA of both

    @property
    def done(self) -> bool:
        """True if all that the job makes exists.

        Under which normalization it was measured does not matter: a study's comparison measures anew
        what was read.
        """
        return not self.missing

    @property
    def missing(self) -> tuple[Evaluation, ...]:
        """The evaluations that there are not yet: of every checkpoint with every search."""
        every = (
            Evaluation(evaluation(checkpoint, place), checkpoint, search)
            for place, search in enumerate(self.searches)
            for checkpoint in CHECKPOINTS
        )
        return tuple(one for one in every if not self._exists(one))

    def _exists(self, one: Evaluation) -> bool:
        results = predictions.results(self.workdir / "evaluations" / one.name)
        return results is not None and bool(results.finished) and results.search == one.search

    @property
    def log(self) -> Path:
        """The file that a run without the terminal writes to."""
        return self.workdir.with_name(self.workdir.name + ".log")

    @property
    def steps(self) -> int:
        """The training steps that the run has recorded."""
        return RunFolder(self.workdir).metrics.last_step()

    @property
    def failed(self) -> Optional[FailedRun]:
        """How the training failed, once it has ended; None if it did not."""
        return failure(RunFolder(self.workdir), self.experiment.train.seed)

    def write(self) -> Path:
        """Writes the file that the worker reads, beside the run's folder; returns its path."""
        self.workdir.parent.mkdir(parents=True, exist_ok=True)
        path = self.workdir.with_name(self.workdir.name + ".job.json")
        names = (search.partition(":")[0] for search in self.searches)
        uses = [
            *((SEARCHES.kind, name) for name in names),
            *((METRICS.kind, metric) for metric in METRICS),
        ]
        content = {
            "experiment": configuration(self.experiment, self.test),
            "workdir": str(self.workdir),
            "test": list(self.test),
            "normalize": self.normalize,
            "searches": list(self.searches),
            "parts": registry.parts(uses),
            "afterwards": self.afterwards,
        }
        atomic_write(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
        return path

    @classmethod
    def read(cls, path: str) -> Job:
        """Reads the job that `write` has written.

        Raises:
            InputError: the file holds none.
        """
        try:
            content = json.loads(Path(path).read_bytes())
            registry.restore(content["parts"], path)
            experiment = rebuild(content["experiment"], path)
            workdir, test = Path(content["workdir"]), tuple(content["test"])
            later = content["afterwards"] and Afterwards(*content["afterwards"])
            return cls(
                workdir.name,
                experiment,
                workdir,
                test,
                content["normalize"],
                tuple(content["searches"]),
                later,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: no job of a study ({error})") from None

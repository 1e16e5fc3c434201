"""The public functions: they do what the commands do, and return what they have found.

    import ocr_tf

    run = ocr_tf.train("quickstart_ctc", "runs/ctc", **{"train.steps": 600})
    model = ocr_tf.load(run.path)
    model.read(["line.png"])

Every error that is a user's to mend is an `InputError`. TensorFlow-free until a function needs it.
"""

from __future__ import annotations

import collections.abc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, TypeVar, Union

from ocr_tf import options, registry
from ocr_tf.cli import experiments
from ocr_tf.data.augment import AUGMENTATIONS
from ocr_tf.data.augment.options import Augment
from ocr_tf.data.sources import SOURCES
from ocr_tf.decode import SEARCHES
from ocr_tf.encoders import ENCODERS
from ocr_tf.errors import InputError, did_you_mean
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.exits import set_environment
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.heads import HEADS
from ocr_tf.metrics.error_rates import Rates, measure
from ocr_tf.metrics.paired import Verdict
from ocr_tf.metrics.registry import METRICS
from ocr_tf.options import option
from ocr_tf.study.config import Compare, Study

if TYPE_CHECKING:
    from ocr_tf.experiment.serving.model import Model

__all__ = [
    "Augment",
    "Comparison",
    "Data",
    "Evaluation",
    "Experiment",
    "InputError",
    "Run",
    "Sequence",
    "Study",
    "Train",
    "compare",
    "evaluate",
    "load",
    "option",
    "register",
    "run_study",
    "train",
]

P = TypeVar("P")
KINDS = {
    "head": HEADS,
    "encoder": ENCODERS,
    "source": SOURCES,
    "search": SEARCHES,
    "metric": METRICS,
    "augmentation": AUGMENTATIONS,
}


class Run(NamedTuple):
    """A run folder after training."""

    path: Path
    experiment: Experiment
    finished: bool  # false where it was interrupted
    best_step: Optional[int]  # of the checkpoint with the lowest validation CER
    best_cer: Optional[float]  # that CER, as a share


class Evaluation(NamedTuple):
    """Test lines that a run has read."""

    output: Path  # the folder with results.json and predictions.jsonl
    rates: Rates
    troubles: dict[str, int]  # lines that no model of this kind could get right, and the like


class Comparison(NamedTuple):
    """The report of a comparison, and its verdict on each pair of conditions."""

    output: Path  # the folder; its report.json holds every number
    page: Path  # report.html
    verdicts: tuple[Verdict, ...]  # the headline's first


def register(kind: str, name: str) -> Callable[[P], P]:
    """Makes a decorator that adds a part of one's own to this toolkit.

    Args:
        kind: "head" or "encoder", for a configuration's class; "source", for a function that takes what
            stands behind `name:` and gives a `ocr_tf.data.dataset.Source`; "search", for a subclass of
            `ocr_tf.decode.Search`; "metric", for a `ocr_tf.metrics.registry.Metric`;
            "augmentation", for a `Warp`, `Field` or `Pixels` of `ocr_tf.data.augment.entry`.
        name: how runs and flags call it.

    Raises:
        InputError: there is no such kind, or the name is taken.
    """
    if kind not in KINDS:
        raise InputError(
            f"register: no kind {kind!r}{did_you_mean(kind, KINDS)}; there are {', '.join(KINDS)}"
        )
    return registry.REGISTRIES[kind].register(name)


def load(
    path: Union[str, Path],
    *,
    checkpoint: str = "best",
    batch_size: int = 32,
    temperature: Union[str, float] = 1,
) -> Model:
    """Opens a run folder or an export to read images with.

    Args:
        path: the --workdir of a training, or the folder that an export has written.
        checkpoint: of a run, `best` by validation CER, or `last`.
        batch_size: how many images are read at a time.
        temperature: of a run, what its logits are divided by: a number, or `fitted` as in `evaluate`.

    Raises:
        InputError: it is neither, or has no checkpoint yet; or a temperature for an export.
    """
    set_environment()
    from ocr_tf.experiment.serving.model import Model
    from ocr_tf.experiment.serving.reader import open_signatures

    signatures = open_signatures(path, checkpoint, temperature=str(temperature))
    return Model(Path(path), signatures, batch_size)


def train(experiment: Union[str, Path, Experiment], workdir: Union[str, Path], **flags: Any) -> Run:
    """Trains an experiment, or goes on with it if the run folder is there.

    Args:
        experiment: one that was made in Python, the name of one that comes with the toolkit, as
            "captcha_ctc", or the path of a Python file.
        workdir: the run folder.
        **flags: the command's flags; a dot may be written as an underscore, as train_steps=600.

    Raises:
        InputError: a flag, the data or the folder is wrong, or the loss is no longer finite.
        KeyboardInterrupt: after an interruption has been saved.
    """
    given = experiment
    if not isinstance(given, Experiment):
        given = experiments.experiment(str(given))
    config = _changed(given, flags)
    config.check_registered()
    set_environment()
    from ocr_tf.experiment.training import loop

    loop.run(config, Path(workdir))
    state = RunFolder.open(workdir).checkpoints.state()
    return Run(Path(workdir), config, state.finished, state.best_step, state.best_cer)


def evaluate(
    run: Union[str, Path, Run], test: Union[str, collections.abc.Sequence[str]], **flags: Any
) -> Evaluation:
    """Measures a run on test lines that neither training nor validation has seen.

    Args:
        run: the run, or its folder.
        test: a labels file or `scheme:SPEC`, or several.
        **flags: the command's, as normalize="alphanumeric".

    Raises:
        InputError: no run, bad test lines, or lines that the run has seen.
    """
    path = run.path if isinstance(run, Run) else Path(run)
    lines = (test,) if isinstance(test, str) else tuple(test)
    config = _changed(Evaluate(), {"data.test": lines, **flags})
    set_environment()
    from ocr_tf.experiment.inference import evaluate

    results = evaluate.run(config, str(path), quiet=True)
    output = path / "evaluations" / config.name
    pairs = ((p.reference or "", p.text) for _, p in predictions.read(output / "predictions.jsonl"))
    return Evaluation(output, measure(pairs, config.normalize), results.troubled_lines)


def compare(
    runs: collections.abc.Sequence[Union[str, Path, Run]],
    output: Union[str, Path] = "compared",
    **flags: Any,
) -> Comparison:
    """Compares evaluated runs on the test lines that they share, and writes the report.

    Args:
        runs: runs or their folders; seeds of one experiment are one condition.
        output: folder of the report.
        **flags: the command's, as metric="exact".

    Raises:
        InputError: runs that cannot be compared, or an output that is something else.
    """
    paths = [str(run.path if isinstance(run, Run) else run) for run in runs]
    config = _changed(Compare(), {"output": str(output), **flags})
    set_environment()
    from ocr_tf.study import compare

    compare.run(config, paths)
    return _comparison(Path(output))


def run_study(
    study: Union[str, Path, Study], workdir: Union[str, Path], **flags: Any
) -> Comparison:
    """Trains every condition of a study under every seed, compares them and writes the report.

    Args:
        study: one that was made in a Python file, the name of one that comes with the toolkit, or a
            file's path. Its runs are processes of their own.
        workdir: the study's folder; what is there already is not made again.
        **flags: the command's flags, as for `train`.

    Raises:
        InputError: a flag, the data or the folder is wrong, or a run has failed.
    """
    given: Any = study
    if not isinstance(given, Study):
        given = experiments.load(str(given), ("STUDY",)).config
    set_environment()
    from ocr_tf.study import command

    command.run(given, _changed(given, flags), Path(workdir))
    return _comparison(Path(workdir) / "report")


def _comparison(output: Path) -> Comparison:
    """Reads what a report has just been written to say, or an earlier one that is up to date."""
    from ocr_tf.study.report import as_json

    verdicts = as_json.load_verdicts((output / "report.json").read_text("utf-8"))
    return Comparison(output, output / "report.html", verdicts)


C = TypeVar("C")


def _changed(config: C, given: dict[str, Any]) -> C:
    """The configuration as flags change it, checked as on a command line. Raises InputError."""
    dotted = {leaf.name.replace(".", "_"): leaf.name for leaf in options.leaves(config)}
    argv = [f"--{dotted.get(name, name)}={flags.text(value)}" for name, value in given.items()]
    return flags.parse(config, argv, program="", description="").config

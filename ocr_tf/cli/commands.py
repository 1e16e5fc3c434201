"""TOOLS: what is done with finished runs, as configurations and the functions that they feed.

TensorFlow-free, so that help is instant: what a command needs is imported when it runs.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from ocr_tf.bench.config import Bench
from ocr_tf.bench.data_config import BenchData
from ocr_tf.bench.search_config import BenchSearch
from ocr_tf.classical.config import TrainClassical
from ocr_tf.data.records.config import MakeRecords
from ocr_tf.experiment.config.flags import Positional
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.inference.config import Align, Evaluate, Score, TuneSearch
from ocr_tf.experiment.serving.config import Export, Predict
from ocr_tf.experiment.training.config import ShowAugmentation, TrainLM
from ocr_tf.page.config import ReadPage
from ocr_tf.preflight.config import InspectData
from ocr_tf.study.config import Compare, Suspects
from ocr_tf.systems.config import CompareSystems


class Tool(NamedTuple):
    """A command over finished runs."""

    config: Any  # its defaults
    run: Callable[..., Any]  # called with (config, *positionals)
    positionals: tuple[Positional, ...]
    summary: str  # one line for the list of commands
    needed: tuple[str, ...] = ()  # flags that must be given


def _align(*arguments: Any) -> None:
    from ocr_tf.experiment.inference import align

    align.run(*arguments)


def _bench(config: Bench, names: list[str]) -> None:
    from ocr_tf.bench import command
    from ocr_tf.cli.experiments import experiment

    command.run(config, names, experiment)


def _bench_data(*arguments: Any) -> None:
    from ocr_tf.bench import data

    data.run(*arguments)


def _bench_search(*arguments: Any) -> None:
    from ocr_tf.bench import search

    search.run(*arguments)


def _compare(*arguments: Any) -> None:
    from ocr_tf.study import compare

    compare.run(*arguments)


def _compare_systems(*arguments: Any) -> None:
    from ocr_tf.systems import command

    command.run(*arguments)


def _evaluate(*arguments: Any) -> None:
    from ocr_tf.experiment.inference import evaluate

    evaluate.run(*arguments)


def _export(*arguments: Any) -> None:
    from ocr_tf.experiment.serving import saved_model

    saved_model.run(*arguments)


def _inspect_data(*arguments: Any) -> None:
    from ocr_tf.preflight import command

    command.run(*arguments)


def _make_records(*arguments: Any) -> None:
    from ocr_tf.data.records import make

    make.run(*arguments)


def _predict(*arguments: Any) -> None:
    from ocr_tf.experiment.serving import predict

    predict.run(*arguments)


def _read_page(*arguments: Any) -> None:
    from ocr_tf.page import command

    command.run(*arguments)


def _score(*arguments: Any) -> None:
    from ocr_tf.experiment.inference import score

    score.run(*arguments)


def _show_augmentation(*arguments: Any) -> None:
    from ocr_tf.experiment.training import show_augmentation

    show_augmentation.run(*arguments)


def _suspects(*arguments: Any) -> None:
    from ocr_tf.study.report import label_errors

    label_errors.run(*arguments)


def _train_lm(*arguments: Any) -> None:
    from ocr_tf.experiment.training import train_lm

    train_lm.run(*arguments)


def _train_classical(*arguments: Any) -> None:
    from ocr_tf.classical import train

    train.run(*arguments)


def _tune_search(*arguments: Any) -> None:
    from ocr_tf.experiment.inference import tune_search

    tune_search.run(*arguments)


RUN = Positional("RUN", "The run folder, a run's --workdir.")
RUN_OR_PREDICTIONS = RUN._replace(
    help=f"{RUN.help[:-1]}, or the file of train_classical; none with --predictions.", optional=True
)

TOOLS = {
    "align": Tool(
        Align(),
        _align,
        (
            Positional("IMAGE", "The line image."),
            Positional("RUNS", "Run folders, the --workdir of trainings.", many=True),
        ),
        "Draw where runs see each symbol of a text in an image.",
    ),
    "bench": Tool(
        Bench(),
        _bench,
        (
            Positional(
                "WHAT",
                "Experiments by name or file, as crnn_ctc, run folders or exports.",
                many=True,
            ),
        ),
        "Time training and inference against what this machine can do.",
    ),
    "bench_data": Tool(
        BenchData(),
        _bench_data,
        (),
        "Time the reading of training images against a plain loop over LMDB.",
    ),
    "bench_search": Tool(
        BenchSearch(),
        _bench_search,
        (RUN,),
        "Time CTC's beam search against other decoders, with and without a language model.",
        ("data.test",),
    ),
    "compare": Tool(
        Compare(),
        _compare,
        (
            Positional(
                "RUN",
                f"Evaluated run folders, and folders of {command_name('evaluate')} --predictions; or "
                "folders of studies.",
                many=True,
            ),
        ),
        "Compare evaluated runs: which is better, how sure that is, and why.",
    ),
    "compare_systems": Tool(
        CompareSystems(),
        _compare_systems,
        (
            Positional(
                "SYSTEM",
                "Run folders and files of train_classical, each PATH or NAME=PATH.",
                many=True,
            ),
        ),
        "Put recognizers of all kinds in one table: accuracy, size, speed.",
    ),
    "evaluate": Tool(
        Evaluate(),
        _evaluate,
        (RUN_OR_PREDICTIONS,),
        "Measure a run's error rates on test lines.",
        ("data.test",),
    ),
    "export": Tool(
        Export(),
        _export,
        (
            RUN,
            Positional(
                "OUTPUT", "The folder, or the file NAME.tflite, to write; must not exist yet."
            ),
        ),
        "Write a run as a SavedModel or a TensorFlow Lite file.",
    ),
    "inspect_data": Tool(
        InspectData(),
        _inspect_data,
        (Positional("TRAIN", "Training lines: labels files, folders or scheme:SPEC.", many=True),),
        "Look for what is wrong with lines before training on them.",
    ),
    "make_records": Tool(
        MakeRecords(),
        _make_records,
        (Positional("FOLDER", "The folder to write to, new or of a conversion that was killed."),),
        "Turn labeled lines into sharded TFRecords.",
    ),
    "predict": Tool(
        Predict(),
        _predict,
        (
            Positional("MODEL", "A run folder or an export's folder."),
            Positional("PATHS", "Images, or folders of images.", many=True),
        ),
        "Read images with a run or an export.",
    ),
    "read_page": Tool(
        ReadPage(),
        _read_page,
        (
            Positional("IMAGE", "The image of a page."),
            Positional("MODEL", "A run folder, an export's folder, or a file of train_classical."),
        ),
        "Find the lines of a page and read them.",
    ),
    "score": Tool(
        Score(),
        _score,
        (RUN,),
        "Print how probable a run finds given texts, and whose errors its errors are.",
        ("data.test",),
    ),
    "show_augmentation": Tool(
        ShowAugmentation(),
        _show_augmentation,
        (
            Positional(
                "DATA",
                "Labels files (path<TAB>text), folders or scheme:SPEC.",
                many=True,
            ),
        ),
        "Draw what augmentation does to some lines.",
    ),
    "suspects": Tool(
        Suspects(),
        _suspects,
        (Positional("RUN", "Run folders, the --workdir of one training or more.", many=True),),
        "List the lines whose labels are probably wrong.",
    ),
    "train_classical": Tool(
        TrainClassical(),
        _train_classical,
        (Positional("OUTPUT", "The file NAME.npz to write."),),
        "Train the classical recognizer, which segments and classifies.",
        ("data.train",),
    ),
    "train_lm": Tool(
        TrainLM(),
        _train_lm,
        (Positional("OUTPUT", "The ARPA file to write."),),
        "Estimate an n-gram language model, for searches.",
    ),
    "tune_search": Tool(
        TuneSearch(),
        _tune_search,
        (RUN, Positional("SEARCH", "The search, with several values of its options.")),
        "Choose a search's options on a run's validation lines.",
    ),
}

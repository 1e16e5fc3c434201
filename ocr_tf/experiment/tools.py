"""TOOLS: what is done with a finished run, as configurations and the functions that they feed.

TensorFlow-free, so that help is instant; `ocr_tf.experiment.launch` runs them.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from ocr_tf.experiment.flags import Positional
from ocr_tf.metrics import normalization
from ocr_tf.options import option

CHECKPOINTS = ("best", "last")
NORMALISATIONS = tuple(normalization.NORMALISATIONS)


def _checkpoint() -> Any:
    return option(
        "best",
        "Which of the run's checkpoints: the best by selection CER, or the last.",
        choices=CHECKPOINTS,
    )


def _batch_size() -> Any:
    return option(32, "Lines in a batch.", minimum=1)


@dataclasses.dataclass(frozen=True)
class TestData:
    """Which lines are read."""

    __test__ = False  # No test class, whatever pytest makes of the name.

    test: tuple[str, ...] = option(
        (), "Test lines: labels files (path<TAB>text) or synthetic:SPEC, comma-separated."
    )


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Measures a run on lines that neither training nor selection has seen, or, with --predictions,
    any other system by its texts of the same lines."""

    checkpoint: str = _checkpoint()
    normalization: str = option(
        "none",
        "What to do to reference and text before they are compared; alphanumeric: lower case, "
        "letters and digits only.",
        choices=NORMALISATIONS,
    )
    batch_size: int = _batch_size()
    name: str = option("test", "A run's results go to its folder evaluations/NAME.")
    predictions: str = option(
        "",
        "In the place of RUN, another system's texts: a file of lines id<TAB>text, or of JSON objects "
        '{"id": ..., "text": ...}. Ids are those of a predictions.jsonl: the name of the labels '
        "file's folder and the image's path in it.",
    )
    output: str = option("", "With --predictions, the folder that the results go to; needed.")
    system: str = option(
        "", "With --predictions, the system's name in the results. Default: the name of the folder."
    )
    missing: str = option(
        "refuse",
        "With --predictions, what to do if it lacks test lines; empty: count them as read empty.",
        choices=("refuse", "empty"),
    )
    data: TestData = dataclasses.field(default_factory=TestData)


@dataclasses.dataclass(frozen=True)
class Export:
    """Writes a SavedModel that takes encoded images and gives texts, log-probabilities and ok; or, if
    OUTPUT ends in .tflite, a TensorFlow Lite file."""

    checkpoint: str = _checkpoint()
    n_best: int = option(
        5,
        "Texts of a line that the SavedModel's signature n_best gives; 0 leaves it out.",
        minimum=0,
    )
    beam: int = option(8, "Width of the beam that searches for them.", minimum=1)


@dataclasses.dataclass(frozen=True)
class Predict:
    """Reads images: path, text and confidence, separated by tabs, one image a line.

    Tabs, line ends and backslashes in a path are printed as \\t, \\n, \\r and \\\\.
    """

    checkpoint: str = _checkpoint()
    batch_size: int = _batch_size()
    n_best: int = option(
        0,
        "Lines an image: that many texts, best first, which a beam finds. 0: the one of the greedy "
        "search.",
        minimum=0,
    )


@dataclasses.dataclass(frozen=True)
class Align:
    """Draws where runs see the symbols of a text in an image, one run above the other, and prints
    each symbol's columns in the image's own pixels."""

    text: str = option("", "Text to lay over the image. Default: what each run reads by itself.")
    output: str = option("alignment.png", "The picture to write.")
    checkpoint: str = _checkpoint()


DTYPES = ("float32", "bfloat16")
MEASURES = ("step", "inference", "parts", "layer", "memory")


@dataclasses.dataclass(frozen=True)
class Bench:
    """Measures training steps, inference and exports: time, FLOPs and the share of this machine's GEMM
    peak, memory. What is compared is timed in turn, in one process."""

    batch_size: int = _batch_size()
    width: int = option(100, "Width of the lines, in pixels of the encoder's input.", minimum=1)
    narrowest: int = option(
        0, "Width of the narrowest line of a batch; 0: all are as wide as --width.", minimum=0
    )
    label_length: int = option(8, "Symbols of every label.", minimum=1)
    repeats: int = option(20, "Rounds; each times everything once.", minimum=1)
    dtypes: tuple[str, ...] = option(
        DTYPES, "What encoder and sequence compute in (mixed bfloat16).", choices=DTYPES
    )
    measure: tuple[str, ...] = option(
        MEASURES,
        "Training step; inference; encoder, sequence and head alone; one recurrent layer next to its "
        "GEMMs; peak memory.",
        choices=MEASURES,
    )
    against: str = option(
        "none",
        "The plain Keras way of the same network, measured beside it.",
        choices=("none", "keras"),
    )
    requests: int = option(1000, "Requests of one image that an export answers.", minimum=1)
    image: str = option("", "Image that exports are asked to read. Default: a drawn line.")
    output: str = option("", "JSON file to write every number to.")


@dataclasses.dataclass(frozen=True)
class AnyData:
    """Which lines are looked through."""

    test: tuple[str, ...] = option(
        (),
        "Labels files (path<TAB>text) or synthetic:SPEC, comma-separated. Default: the training and "
        "selection lines of the first run.",
    )


@dataclasses.dataclass(frozen=True)
class Suspects:
    """Finds labels that are probably wrong: a page of the lines whose labels runs doubt most, with
    pictures, and a table of all of them. Two heads that agree are far better evidence than one."""

    checkpoint: str = _checkpoint()
    batch_size: int = _batch_size()
    output: str = option(
        "suspects.html", "The page to write; the table gets the same name and ends in .tsv."
    )
    top: int = option(100, "Lines shown on the page.", minimum=1)
    data: AnyData = dataclasses.field(default_factory=AnyData)


METRICS = ("cer", "exact", "one_minus_ned")


@dataclasses.dataclass(frozen=True)
class Compare:
    """Compares evaluated runs, and other systems' evaluations, on the test lines that they share: which
    is better, how sure that is, and why. Seeds of one experiment are one condition."""

    name: str = option("test", "Compare the runs' evaluations/NAME, made by tools/evaluate.")
    metric: str = option("cer", "What the verdict is about.", choices=METRICS)
    normalization: str = option(
        "none",
        "What to do to reference and text before they are compared.",
        choices=NORMALISATIONS,
    )
    lines: str = option(
        "refuse",
        "Where test lines differ: refuse, or compare on the lines that all have.",
        choices=("refuse", "intersection"),
    )
    groups: str = option(
        "",
        "Regular expression that finds in a line's id what it comes in, such as its page or writer; "
        "lines of one group count as drawn together. Empty: every line by itself.",
    )
    paired: bool = option(
        False, "Pair the seeds: declared beforehand, the headline is within seeds."
    )
    output: str = option("compared", "Folder of the report.")


class Tool(NamedTuple):
    """A command over finished runs."""

    config: Any  # its defaults
    function: str  # module:name, called with (config, *positionals), imported when it runs
    positionals: tuple[Positional, ...]
    needed: tuple[str, ...] = ()  # flags that must be given


RUN = Positional("RUN", "The run folder, a run's --workdir.")
RUN_OR_PREDICTIONS = RUN._replace(help=f"{RUN.help[:-1]}; none with --predictions.", optional=True)

TOOLS = {
    "align": Tool(
        Align(),
        "ocr_tf.experiment.align:run",
        (
            Positional("IMAGE", "The line image."),
            Positional("RUNS", "Run folders, the --workdir of trainings.", many=True),
        ),
    ),
    "bench": Tool(
        Bench(),
        "ocr_tf.bench.command:run",
        (
            Positional(
                "WHAT", "Experiments by name, as crnn_ctc, run folders or exports.", many=True
            ),
        ),
    ),
    "compare": Tool(
        Compare(),
        "ocr_tf.study.compare:run",
        (
            Positional(
                "RUN",
                "Evaluated run folders, and folders of tools/evaluate --predictions.",
                many=True,
            ),
        ),
    ),
    "evaluate": Tool(
        Evaluate(),
        "ocr_tf.experiment.evaluate:run",
        (RUN_OR_PREDICTIONS,),
        ("data.test",),
    ),
    "export": Tool(
        Export(),
        "ocr_tf.experiment.export:run",
        (
            RUN,
            Positional(
                "OUTPUT", "The folder, or the file NAME.tflite, to write; must not exist yet."
            ),
        ),
    ),
    "predict": Tool(
        Predict(),
        "ocr_tf.experiment.predict:run",
        (
            Positional("MODEL", "A run folder or an export's folder."),
            Positional("PATHS", "Images, or folders of images.", many=True),
        ),
    ),
    "suspects": Tool(
        Suspects(),
        "ocr_tf.experiment.suspects:run",
        (Positional("RUN", "Run folders, the --workdir of one training or more.", many=True),),
    ),
}

"""Options of the commands that read with a run; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.experiment.config.common import (
    TestData,
    batch_size_option,
    checkpoint_option,
    normalize_option,
    search_option,
    temperature_option,
)
from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Measures a run on test lines that neither training nor validation has seen.

    With --predictions it measures any other system by its texts of the same lines. In the place of RUN, the
    file of train_classical measures the classical recognizer.
    """

    checkpoint: str = checkpoint_option()
    normalize: str = normalize_option()
    batch_size: int = batch_size_option()
    search: str = search_option()
    temperature: str = temperature_option()
    ensemble: tuple[str, ...] = option(
        (), "Run folders, comma-separated, that read together with RUN as one system."
    )
    ensemble_by: str = option(
        "vote",
        "How they read as one; vote: each searches, and a text's probability is the mean of theirs; average: "
        "one search over the mean of their distributions, of heads of one kind.",
        choices=("vote", "average"),
    )
    name: str = option("test", "A run's results go to its folder evaluations/NAME.")
    predictions: str = option(
        "",
        "In the place of RUN, another system's texts: a file of lines id<TAB>text, or of JSON objects "
        '{"id": ..., "text": ...}. Ids are those of a predictions.jsonl: the name of the labels '
        "file's folder and the image's path in it.",
    )
    output: str = option(
        "",
        "Of all but a run: the folder that the results go to; needed.",
    )
    system: str = option(
        "",
        "Of all but a run: the system's name in the results. Default: the name of the folder.",
    )
    missing: str = option(
        "refuse",
        "With --predictions, what to do if it lacks test lines; empty: count them as read empty.",
        choices=("refuse", "empty"),
    )
    data: TestData = dataclasses.field(default_factory=TestData)


@dataclasses.dataclass(frozen=True)
class Score:
    r"""Prints how probable a run finds given texts: id, text and log p(text | image), separated by tabs.

    -inf stands where the run cannot write the text, nan where the image cannot be read. Then it counts whose
    errors the run's own wrong readings are, and whether it finds them more probable than the given texts.
    """

    texts: str = option(
        "",
        "The texts: a file as --predictions of evaluate takes it, such as another run's "
        "predictions.jsonl. Default: the references.",
    )
    output: str = option(
        "",
        "The file that the scores go to. Default: they are printed, and what is counted goes to "
        "standard error.",
    )
    checkpoint: str = checkpoint_option()
    normalize: str = normalize_option()
    batch_size: int = batch_size_option()
    search: str = search_option()
    temperature: str = temperature_option()
    data: TestData = dataclasses.field(default_factory=TestData)


@dataclasses.dataclass(frozen=True)
class Align:
    """Draws where runs emit the symbols of a text in an image, one run above the other.

    Prints each symbol's columns in the image's own pixels. A network may emit a symbol beside its
    glyph: columns without ink under them are marked.
    """

    text: str = option("", "Text to lay over the image. Default: what each run reads by itself.")
    output: str = option("alignment.png", "The picture to write.")
    checkpoint: str = checkpoint_option()


@dataclasses.dataclass(frozen=True)
class TuneSearch:
    """Chooses options of a search by the CER of a run's validation lines, which chose its checkpoint too.

    SEARCH is as --search takes it, with several values of an option between bars, in quotes:
    'lm:model.arpa,width=16,lm_weight=0.2|0.5|1,bonus=0|1'. With a language model and no such values, usual
    ones of lm_weight and bonus are tried.
    """

    checkpoint: str = checkpoint_option()
    normalize: str = normalize_option()
    batch_size: int = batch_size_option()
    lines: int = option(1000, "Validation lines at most, at even places of their order.", minimum=1)

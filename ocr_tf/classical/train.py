"""Trains a classical recognizer on labeled lines; TensorFlow-free."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from ocr_tf.alphabet import Alphabet, Spelling
from ocr_tf.classical.classifier import CLASSIFIERS, Classifier, train_classifier
from ocr_tf.classical.config import TrainClassical
from ocr_tf.classical.images import pixels_key, read_line
from ocr_tf.classical.labels import (
    LabeledLine,
    Samples,
    by_aligning,
    by_counting,
    collect,
    measure,
)
from ocr_tf.classical.logistic import Logistic, fit
from ocr_tf.classical.model_file import ENDING, Model, save
from ocr_tf.classical.one_vs_rest import evenly
from ocr_tf.classical.recognizer import (
    ClassicalRecognizer,
    Preparation,
    classes_of,
    prepare,
    spell,
)
from ocr_tf.data.dataset import open_sources
from ocr_tf.errors import NAMED, InputError
from ocr_tf.progress import Progress
from ocr_tf.types import Array


def run(config: TrainClassical, output: str) -> Model:
    """Trains on the lines that `config` names and writes the file `output`.

    Raises:
        InputError: no lines, none that can be used, or a file that cannot be written.
    """
    path = Path(output)
    if path.suffix != ENDING:
        raise InputError(f"{output}: let its name end in {ENDING}, by which evaluate knows it")
    if not path.parent.is_dir():
        raise InputError(f"{output}: there is no folder {path.parent}; make it first")
    began = time.monotonic()
    alphabet, lines, seen = _lines(config)
    recognizer = train(config, alphabet, lines)
    seconds = time.monotonic() - began
    model = Model(recognizer, config.classifier, config.data.train, seconds, seen)
    save(path, model)
    print(f"{output}: {len(alphabet)} symbols of {len(lines)} lines, {seconds:.0f} s")
    return model


def train(
    config: TrainClassical, alphabet: Alphabet, lines: list[LabeledLine]
) -> ClassicalRecognizer:
    """Learns lines in rounds; see `ocr_tf.classical.labels`.

    Raises:
        InputError: no line falls into as many pieces of ink as it has characters.
    """
    total = len(classes_of(alphabet)) + 1
    samples = collect(((line, by_counting(line)) for line in lines), total)
    if not samples.lines:
        raise InputError(
            f"--data.train={','.join(config.data.train)}: in none of {len(lines)} lines are there as many "
            "separate pieces of ink as characters, so there is nothing to begin with; add lines of "
            "separate characters"
        )
    classifier, spaces = _learned(config, samples, total, "counted")
    dirt = samples.dirt
    for number in range(config.rounds):
        aligned = ((line, by_aligning(line, classifier, spaces, dirt)) for line in lines)
        samples = collect(aligned, total)
        classifier, spaces = _learned(config, samples, total, f"aligned, round {number + 1}")
        dirt = samples.dirt
    unseen = sorted(set(range(total - 1)) - set(samples.labels.tolist()))
    if unseen:
        names = " ".join(alphabet.symbols[classes_of(alphabet)[i]] for i in unseen)
        print(f"warning: no sample of {names}, which will not be read", file=sys.stderr)
    preparation = Preparation(config.data.height, config.binarize, config.pieces)
    return ClassicalRecognizer(alphabet, preparation, classifier, spaces, dirt, config.rules)


def _learned(
    config: TrainClassical, samples: Samples, classes: int, how: str
) -> tuple[Classifier, Logistic]:
    characters = int((samples.labels < classes - 1).sum())
    print(f"{how}: {characters} characters of {samples.lines} lines", file=sys.stderr)
    kind = CLASSIFIERS[config.classifier]
    classifier = train_classifier(kind, samples.features, samples.labels, classes)
    return classifier, fit(samples.gaps, samples.spaced)


def _lines(config: TrainClassical) -> tuple[Alphabet, list[LabeledLine], Array]:
    """Reads, cuts and measures the lines that are learned; also gives the keys of their images."""
    source = open_sources(config.data.train)
    chosen = evenly(np.arange(len(source)), config.lines).tolist()
    spelling = Spelling(config.data.direction, config.data.normalize)
    texts = [source.text(i) for i in chosen]
    symbols = {symbol for text in texts for symbol in spelling.spell(text)}
    if not symbols - {" "}:
        raise InputError(f"{source.name}: the texts are all empty: there is nothing to learn")
    alphabet = Alphabet(sorted(symbols), spelling)
    preparation = Preparation(config.data.height, config.binarize, config.pieces)
    lines, bad, seen = [], [], []
    progress = Progress("cutting lines", len(chosen))
    for done, (i, text) in enumerate(zip(chosen, texts)):
        image = read_line(source, i)
        if image.trouble:
            bad.append(image.trouble)
        else:
            pieces = prepare(image.pixels, preparation)
            seen.append(pixels_key(image.pixels))
            lines.append(measure(pieces, config.pieces, spell(text, alphabet)))
        progress.show(done + 1)
    progress.clear()
    for trouble in bad[:NAMED]:
        print(f"left out: {trouble}", file=sys.stderr)
    if bad:
        print(f"left out {len(bad)} of {len(chosen)} lines", file=sys.stderr)
    return alphabet, lines, np.array(seen, np.int64)

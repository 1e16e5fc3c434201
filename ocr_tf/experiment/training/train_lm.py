"""Estimates a language model from labels or text files; TensorFlow-free."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from ocr_tf.alphabet import Spelling
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.text import clean
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.training.config import TrainLM
from ocr_tf.language import arpa, kneser_ney
from ocr_tf.language.automaton import token_of
from ocr_tf.language.ngrams import SPECIAL, NGrams
from ocr_tf.progress import Progress
from ocr_tf.text_file import read_lines


def run(config: TrainLM, output: str) -> NGrams:
    """Writes the model that `config` asks for to the ARPA file `output`.

    Raises:
        InputError: texts that cannot be read, or none.
    """
    if not config.data and not config.text:
        raise InputError("give texts to learn: labels by --data, or text files by --text")
    if config.run and not config.data:
        raise InputError("--run chooses among the lines of --data: give both")
    spelling = Spelling(config.direction, config.normalize)
    said = [tokens for text in _texts(config) if (tokens := _tokens(text, config.unit, spelling))]
    if not said:
        raise InputError("the texts are all empty: there is nothing to learn")
    print(f"counting {config.unit} of {len(said)} texts", file=sys.stderr)
    model = kneser_ney.estimate(said, config.order)
    arpa.write(model, output)
    total = sum(map(len, said))
    counts = ", ".join(f"{len(grams)} of {n}" for n, grams in enumerate(model.log_probs, 1))
    print(
        f"{output}: {len(said)} texts, {total} {config.unit}, {len(model.tokens)} different; "
        f"n-grams: {counts}"
    )
    named = f"lm:{output}" if config.unit == "symbols" else f"lexicon:WORDS,word_lm={output}"
    print(f"read with it:  {command_name('evaluate')} RUN --search={named} --data.test=LABELS")
    return model


def _texts(config: TrainLM) -> Iterator[str]:
    """All texts, in the form of labels."""
    if config.data:
        source = open_sources(config.data)
        wanted = None
        if config.run:
            seen = RunFolder.open(config.run).lines()
            wanted = {line.id for line in seen if line.role == "train"}
        progress, left = Progress("reading labels", len(source)), 0
        for i in range(len(source)):
            if wanted is None or source.line_id(i) in wanted:
                yield source.text(i)
            else:
                left += 1
            if i % 1024 == 0:
                progress.show(i)
        progress.clear()
        if left == len(source):
            raise InputError(f"{config.run} was trained on none of the lines of --data")
        if left:
            print(
                f"left out {left} of {len(source)} lines, on which {config.run} was not trained",
                file=sys.stderr,
            )
    for path in config.text:
        for _, line in read_lines(path, "text"):
            yield clean(line)


def _tokens(text: str, unit: str, spelling: Spelling) -> list[str]:
    """Splits a text, spelled as labels are; a word that is a special token is left out."""
    spelled = spelling.spell(text)
    if unit == "symbols":
        return [token_of(symbol) for symbol in spelled]
    return [word for word in spelled.split() if word not in SPECIAL]

"""Before the first step: which lines play which role, which are left out and why, and the alphabet.

Training may filter: a line whose image cannot be read, whose label is empty, holds a symbol outside the
alphabet or cannot be reached by the head is named and skipped, or fatal with --data.strict. Validation
filters nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.alphabet import Alphabet, Spelling
from ocr_tf.data.batching import Mixture
from ocr_tf.data.dataset import open_sources, parts_of, text_notes
from ocr_tf.data.lines import (
    LabelIds,
    Lines,
    in_share,
    lines_fingerprint,
    load_lines,
    shared_images,
    split_lines,
)
from ocr_tf.data.text import is_odd, name_of
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.config.experiment import Data, Experiment, unwritable
from ocr_tf.experiment.runs.run_folder import SeenLine
from ocr_tf.experiment.training import checks
from ocr_tf.normalization import normalize
from ocr_tf.progress import Progress
from ocr_tf.reading_order import right_to_left

CHUNK = 1024  # labels between two looks at the clock


class Skipped(NamedTuple):
    """A line that is left out of training, and why."""

    place: str
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Roles(NamedTuple):
    """What a training reads."""

    train: Lines
    labels: Sequence[Sequence[int]]  # of each line of `train`
    val: Lines
    alphabet: Alphabet
    skipped: list[Skipped]
    mixture: Optional[Mixture] = None  # of the lines of `train`, where their sources have weights

    def rows(self) -> Iterator[SeenLine]:
        """Every line as the run folder remembers it."""
        for role, lines in (("train", self.train), ("val", self.val)):
            columns = zip(lines.ids, lines.digests, lines.pixels.tolist())
            for name, digest, pixels in columns:
                yield SeenLine(role, digest.tobytes(), pixels, name)

    def fingerprints(self) -> dict[str, str]:
        """What tells these data from others."""
        return {
            "train": lines_fingerprint(self.train),
            "val": lines_fingerprint(self.val),
        }


def prepare(experiment: Experiment) -> Roles:
    """Reads every image once and decides the roles.

    Raises:
        InputError: bad data, or nothing left to train on.
    """
    data, size = experiment.data, experiment.geometry
    named = Alphabet.load(data.alphabet, data.spelling) if data.alphabet else None
    lines = load_lines(open_sources(data.train), size, what="training images")
    skipped = [Skipped(bad.sample.place, "image", bad.reason) for bad in lines.bad]
    _refuse_if_strict(experiment, skipped)
    if data.val:
        train = lines
        val = load_lines(open_sources(data.val), size, keep_bad=True, what="validation images")
        refuse_shared(train, val, "--data.train", "--data.val")
    else:
        train, val = split_lines(lines, data.val_share, data.val_groups)
        if not len(val):
            raise InputError("--data.val_share=0 holds nothing out: give --data.val")
    train = _chosen(train, data)
    if not any(normalize(text, data.normalize) for text in val.texts):
        raise InputError(f"{val.source.name}: the validation lines hold no text to measure by")
    if data.direction == "ask":
        _refuse_right_to_left(train)
    alphabet = named or _learn_alphabet(train, data.spelling)
    kept = np.ones(len(train), bool)
    progress = Progress("checking labels", len(train))
    for i, (text, width) in enumerate(zip(train.texts, map(int, train.widths))):
        problem = _problem(experiment, alphabet, text, width if train.exact else None)
        if problem is not None:
            kept[i] = False
            skipped.append(Skipped(train.sample(i).place, *problem))
        if i % CHUNK == 0:
            progress.show(i)
    progress.clear()
    _refuse_if_strict(experiment, skipped)
    _refuse_if_too_many(experiment, skipped, len(lines) + len(lines.bad))
    if not kept.any():
        raise InputError(f"no training line is left; the first was skipped because {skipped[0]}")
    train = train.take(np.flatnonzero(kept))
    return Roles(
        train, LabelIds(train, alphabet), val, alphabet, skipped, _mixture(train, data.weights)
    )


def _mixture(train: Lines, weights: Sequence[str]) -> Optional[Mixture]:
    if not weights:
        return None
    parts = parts_of(train.source)
    values = checks.parse_weights(weights, len(parts))
    owners = np.searchsorted(
        np.cumsum([len(part) for part in parts]), train.positions, side="right"
    )
    for number, part in enumerate(parts):
        if not (owners == number).any():
            raise InputError(
                f"{part.name}: no training line of it is left, but --data.weights names it"
            )
    return Mixture(owners, values)


def _chosen(train: Lines, data: Data) -> Lines:
    """The lines that the flags ask to train on; what they leave out is no fault of a line's."""
    wanted = in_share(train, data.share)
    if data.max_length:
        labels = (normalize(text, data.normalize) for text in train.texts)
        lengths = np.fromiter(map(len, labels), np.int64, len(train))
        wanted &= lengths <= data.max_length
    if data.lines:
        named = checks.named_digests(data.lines)
        wanted &= np.array([digest.tobytes() in named for digest in train.digests])
    if not wanted.any():
        raise InputError(
            "no training line is left by --data.share, --data.max_length and --data.lines: allow more"
        )
    return train.take(np.flatnonzero(wanted))


def _refuse_right_to_left(train: Lines) -> None:
    """Raises InputError at the first label with right-to-left symbols."""
    for i, text in enumerate(train.texts):
        symbols = right_to_left(text)
        if symbols:
            raise InputError(
                f"{train.sample(i).place}: right-to-left symbols ({''.join(symbols[:NAMED])}): say how the "
                "lines are read by --data.direction=rtl or auto; ltr if the labels stand in the image's order"
            )


def _learn_alphabet(train: Lines, spelling: Spelling) -> Alphabet:
    try:
        return Alphabet.from_texts(train.texts, spelling)
    except ValueError as error:
        raise InputError(f"{train.source.name}: the labels give no alphabet: {error}") from None


def _problem(
    experiment: Experiment, alphabet: Alphabet, text: str, width: Optional[int]
) -> Optional[tuple[str, str]]:
    """Why a line cannot be trained on: a kind and a reason."""
    if not text:
        return "label", "the label is empty"
    if not alphabet.canonical(text):
        return "label", f"--data.normalize={alphabet.spelling.normalization} leaves nothing of it"
    return unwritable(experiment, alphabet, text, width)


def _refuse_if_strict(experiment: Experiment, skipped: list[Skipped]) -> None:
    if experiment.data.strict and skipped:
        raise InputError(f"{skipped[0]}; mend or remove it, or train without --data.strict")


def _refuse_if_too_many(experiment: Experiment, skipped: list[Skipped], total: int) -> None:
    allowed = experiment.data.max_skipped
    if len(skipped) > allowed * total:
        raise InputError(
            f"{len(skipped)} of {total} training lines would be skipped ({_kinds(skipped)}), more than "
            f"--data.max_skipped={allowed:g}; the first: {skipped[0]}"
        )


def _kinds(skipped: Iterable[Skipped]) -> str:
    counts = Counter(item.kind for item in skipped)
    return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))


def refuse_shared(first: Lines, second: Lines, first_name: str, second_name: str) -> None:
    """Raises InputError if two roles share an image."""
    pairs = shared_images(first, second)
    if pairs:
        named = ", ".join(sample.place for _, sample in pairs[:NAMED])
        raise InputError(
            f"{second_name} shares {len(pairs)} images with {first_name} ({named}"
            f"{', ...' if len(pairs) > NAMED else ''}); take them out of one of the two"
        )


def report(experiment: Experiment, roles: Roles, stream=None) -> None:
    """Says on a terminal what was found."""
    stream = stream or sys.stderr
    held_out = "" if experiment.data.val else " (held out of the training lines)"
    print(
        f"train {len(roles.train)} lines, validation {len(roles.val)} lines{held_out}, "
        f"alphabet {len(roles.alphabet)} symbols",
        file=stream,
    )
    for line in (*notes_on(roles), *summary(roles.skipped)):
        print(line, file=stream)
    if roles.val.bad and experiment.data.val:
        print(
            f"validation keeps {len(roles.val.bad)} lines without a usable image as errors: "
            f"{roles.val.bad[0]}",
            file=stream,
        )


def notes_on(roles: Roles) -> list[str]:
    """Says what is odd about the training labels: a line each."""
    said = text_notes(roles.train.source)
    odd = [name_of(symbol) for symbol in roles.alphabet.symbols if is_odd(symbol)]
    if odd:
        more = f" and {len(odd) - NAMED} more" if len(odd) > NAMED else ""
        said.append(f"odd symbols in the alphabet: {', '.join(odd[:NAMED])}{more}")
    twice = _labeled_twice(roles.train)
    if twice:
        said.append(f"{twice} images have two labels or more that differ")
    return said


def _labeled_twice(lines: Lines) -> int:
    """Counts the images that several lines have, with different texts."""
    _, image, times = np.unique(lines.pixels, return_inverse=True, return_counts=True)
    texts: dict[int, set[str]] = {}
    for i in np.flatnonzero(times[image] > 1).tolist():
        texts.setdefault(int(image[i]), set()).add(lines.text(i))
    return sum(len(different) > 1 for different in texts.values())


def summary(skipped: Iterable[Skipped]) -> list[str]:
    """A count of each kind of skipped sample, and the first few by name."""
    skipped = list(skipped)
    if not skipped:
        return []
    lines = [f"skipped {len(skipped)} training lines ({_kinds(skipped)}):"]
    lines += [f"  {item}" for item in skipped[:NAMED]]
    if len(skipped) > NAMED:
        lines.append("  ... all of them are in the folder's skipped.tsv")
    return lines

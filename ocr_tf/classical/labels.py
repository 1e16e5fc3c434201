"""Characters out of labeled lines; TensorFlow-free.

Nothing says where the characters of a line are. In the first round they are taken from lines that fall into
as many groups of ink as their text has characters; a classifier that is trained on these aligns all lines
with their texts, and is trained anew on what that gives, several times over: the hard form of
expectation-maximization ("Viterbi training", Juang and Rabiner 1990, The Segmental K-Means Algorithm).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ocr_tf.classical.classifier import Classifier
from ocr_tf.classical.features import features_of
from ocr_tf.classical.lattice import Run, Spelled, align
from ocr_tf.classical.logistic import Logistic
from ocr_tf.classical.one_vs_rest import evenly
from ocr_tf.classical.recognizer import lattice_of
from ocr_tf.classical.segment import Pieces
from ocr_tf.types import Array

LEAST_DIRT = 0.003  # of the pieces of other lines, however clean those of the training are
WRONG_RUNS = 4  # for each character, of the runs of its line that are none


class LabeledLine(NamedTuple):
    """A line of the training, cut and measured."""

    features: Array  # [P, K, F] float16: all lines are kept
    groups: Array  # [P], see `segment.Pieces`
    gaps: Array  # [P + 1]
    spelled: Spelled


class Samples(NamedTuple):
    """Holds the samples that a classifier and the spaces are trained on."""

    features: Array  # [N, F] float32
    labels: Array  # [N] int64; the last class is "not a character"
    gaps: Array  # [G] float64, before characters but the first of a line
    spaced: Array  # [G] bool, whether there is a space in it
    dirt: float  # log of the share of pieces that are in no character
    lines: int  # that gave any


def measure(pieces: Pieces, longest: int, spelled: Spelled) -> LabeledLine:
    """Measures a line once, for all rounds."""
    features = features_of(pieces, longest).astype(np.float16)
    return LabeledLine(features, pieces.groups, pieces.gaps(), spelled)


def by_counting(line: LabeledLine) -> Sequence[Run]:
    """Takes each group of ink for a character where there are as many; no runs elsewhere."""
    begins = np.flatnonzero(np.diff(line.groups, prepend=-1))
    edges = [*begins.tolist(), len(line.groups)]
    longest = line.features.shape[1]
    runs = [Run(first, end) for first, end in zip(edges[:-1], edges[1:])]
    fits = len(runs) == len(line.spelled.classes) and all(r.end - r.first <= longest for r in runs)
    return runs if fits else []


def by_aligning(
    line: LabeledLine, classifier: Classifier, spaces: Logistic, dirt: float
) -> Sequence[Run]:
    """Aligns a line with its text; no runs where it has more characters than there are pieces."""
    features = line.features.astype(np.float32)
    return align(lattice_of(features, line.gaps, classifier, spaces, dirt), line.spelled)


def collect(aligned: Iterable[tuple[LabeledLine, Sequence[Run]]], classes: int) -> Samples:
    """Makes samples of aligned lines: their characters, and wrong runs as "not a character".

    Args:
        aligned: lines, each with the runs of its characters; without any it is passed over.
        classes: with "not a character", the last.
    """
    features, labels, gaps, spaced, lines = [], [], [], [], 0
    used = pieces = 0
    for line, runs in aligned:
        if not runs:
            continue
        lines += 1
        used += sum(run.end - run.first for run in runs)
        pieces += len(line.groups)
        total, longest, _ = line.features.shape
        wrong = line.features.any(axis=2)
        firsts = np.array([run.first for run in runs])
        mores = np.array([run.end - run.first - 1 for run in runs])
        wrong[firsts, mores] = False
        others = evenly(np.flatnonzero(wrong), WRONG_RUNS * len(runs))
        features += [
            line.features[firsts, mores],
            line.features.reshape(total * longest, -1)[others],
        ]
        labels += [line.spelled.classes, np.full(len(others), classes - 1)]
        gaps.append(line.gaps[firsts[1:]])
        spaced.append(line.spelled.spaces[1:])
    if not lines:
        empty = np.zeros(0)
        return Samples(empty, empty, empty, empty, 0.0, 0)
    return Samples(
        np.concatenate(features).astype(np.float32),
        np.concatenate(labels).astype(np.int64),
        np.concatenate(gaps).astype(np.float64),
        np.concatenate(spaced),
        float(np.log(max(pieces - used + 1, LEAST_DIRT * pieces) / (pieces + 2))),
        lines,
    )

"""Sums and best paths of a lattice against the list of all its paths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ocr_tf.alphabet import Alphabet
from ocr_tf.classical.lattice import NEVER, Lattice, Run, Spelled, align, log_score, log_total
from ocr_tf.classical.search import Guide, search
from ocr_tf.language import kneser_ney
from ocr_tf.language.automaton import of_ngrams, token_of

SYMBOLS = np.array([0, 2])  # the space stands between them: classes are not ids
SPACE = 1
ALPHABET = Alphabet("a b")


def drawn(pieces: int, longest: int, seed: int) -> Lattice:
    random = np.random.default_rng(seed)
    runs = random.normal(0, 2, [pieces, longest, len(SYMBOLS)])
    runs[np.add.outer(np.arange(pieces), np.arange(longest)) >= pieces] = NEVER
    p = random.uniform(0.1, 0.9, pieces + 1)
    return Lattice(runs, np.log(p), np.log(1 - p), -0.7)


def paths(lattice: Lattice):
    """Every path: (ids, runs, weight)."""
    pieces, longest, classes = lattice.runs.shape

    def go(cut, ids, runs, weight):
        if cut == pieces:
            yield tuple(ids), tuple(runs), weight
            return
        yield from go(cut + 1, ids, runs, weight + lattice.dirt)
        gaps = [([], 0.0)] if not ids else []
        if ids:
            gaps = [([], lattice.none[cut]), ([SPACE], lattice.space[cut])]
        for (gap, cost), end in itertools.product(
            gaps, range(cut + 1, min(pieces, cut + longest) + 1)
        ):
            for c in range(classes):
                more = weight + cost + lattice.runs[cut, end - cut - 1, c]
                yield from go(end, [*ids, *gap, SYMBOLS[c]], [*runs, Run(cut, end)], more)

    yield from go(0, [], [], 0.0)


def spelled(ids) -> Spelled:
    classes = [int(np.flatnonzero(SYMBOLS == i)[0]) for i in ids if i != SPACE]
    spaces = [k > 0 and ids[k - 1] == SPACE for k, i in enumerate(ids) if i != SPACE]
    return Spelled(np.array(classes, np.int64), np.array(spaces, bool))


@pytest.mark.parametrize("pieces, longest", [(0, 2), (1, 3), (3, 1), (4, 2), (4, 4)])
def test_sums_are_those_over_all_paths(pieces, longest):
    lattice = drawn(pieces, longest, seed=pieces)
    weights: dict[tuple, float] = {}
    for ids, _, weight in paths(lattice):
        weights[ids] = np.logaddexp(weights.get(ids, NEVER), weight)
    total = np.logaddexp.reduce(list(weights.values()))
    assert log_total(lattice) == pytest.approx(total)
    for ids, weight in weights.items():
        assert log_score(lattice, spelled(ids)) == pytest.approx(weight), ids


def test_a_text_with_more_characters_than_pieces_has_no_path():
    lattice = drawn(2, 2, seed=0)
    three = Spelled(np.zeros(3, np.int64), np.zeros(3, bool))
    assert log_score(lattice, three) == NEVER
    assert align(lattice, three) == []


@pytest.mark.parametrize("seed", range(4))
def test_an_alignment_is_the_best_path_of_its_text(seed):
    lattice = drawn(5, 3, seed)
    best: dict[tuple, tuple] = {}
    for ids, runs, weight in paths(lattice):
        if ids not in best or weight > best[ids][0]:
            best[ids] = weight, runs
    for ids, (_, runs) in best.items():
        assert tuple(align(lattice, spelled(ids))) == runs


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [2, 64])
def test_search_without_a_language_model_is_exact_at_any_width(seed, width):
    lattice = drawn(5, 3, seed)
    ids, _, weight = max(paths(lattice), key=lambda path: path[2])
    found = search(lattice, SYMBOLS, SPACE, None, width)
    assert (tuple(found.ids), found.objective) == (ids, pytest.approx(weight))


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_search_with_a_language_model_is_exact(seed):
    lattice = drawn(4, 2, seed)
    texts = ["ab ba", "aab", "b ab", "abba a"]
    model = kneser_ney.estimate([list(map(token_of, text)) for text in texts], 3)
    automaton = of_ngrams(model, ALPHABET, "model")
    guide = Guide(automaton, 0.7, 0.2)

    def ranked(path):
        ids, _, weight = path
        return weight + guide.weight * automaton.score(ids) + guide.bonus * len(ids)

    best = max(paths(lattice), key=ranked)
    found = search(lattice, SYMBOLS, SPACE, guide, 1000)
    assert (tuple(found.ids), found.objective) == (best[0], pytest.approx(ranked(best)))


def test_an_alphabet_without_a_space_gets_none():
    lattice = drawn(5, 1, seed=1)._replace(space=np.full(6, 5.0))
    assert SPACE not in search(lattice, SYMBOLS, None).ids

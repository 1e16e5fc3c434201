"""Groups of conditions that cannot be told apart."""

import itertools

import numpy as np
import pytest

from ocr_tf.metrics.paired import tied_groups


@pytest.mark.parametrize("key", range(30))
def test_two_share_a_group_only_if_they_are_not_told_apart(key):
    draw = np.random.default_rng(key)
    names = "abcdefg"[: 2 + key % 6]
    pairs = list(itertools.combinations(names, 2))
    apart = [pair for pair in pairs if draw.random() < 0.5]
    groups = tied_groups(names, apart)
    together = {pair for group in groups for pair in itertools.combinations(group, 2)}
    assert together == set(pairs) - set(apart)
    assert set(itertools.chain(*groups)) == set(names)
    # By brute force: all sets without such a pair that nothing can be added to.
    free = [
        set(some)
        for size in range(1, len(names) + 1)
        for some in itertools.combinations(names, size)
        if not set(itertools.combinations(some, 2)) & set(apart)
    ]
    largest = [one for one in free if not any(one < other for other in free)]
    assert sorted(map(sorted, groups)) == sorted(map(sorted, largest))
    assert list(groups) == sorted(groups)


def test_the_order_of_pairs_is_irrelevant():
    names, apart = ["x", "a", "m", "b"], [("b", "x"), ("a", "b")]
    expected = (("x", "a", "m"), ("m", "b"))
    assert tied_groups(names, apart) == tied_groups(names, [("b", "a"), ("x", "b")]) == expected
    assert tied_groups(names, []) == (tuple(names),)

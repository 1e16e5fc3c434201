import dataclasses

import numpy as np
import pytest

from ocr_tf.metrics.paired import recipes
from ocr_tf.study.analysis import slices
from ocr_tf.study.comparison import estimates
from tests.study import fake
from tests.study.analysis.grids import grid


def grouped(references, groups):
    there = grid(references, {"a": [references], "b": [["x"] * len(references)]})
    ids = [f"{there.ids[i]}/{reference}" for i, reference in enumerate(references)]
    return dataclasses.replace(there, ids=ids, groups=groups)


def units(of):
    """Edits of B in each group, or line."""
    counted = estimates.counted(of, "b", "cer", of.errors("b", "cer"))
    return counted.units().errors.tolist()


def test_differences_go_by_the_pairing_that_is_declared():
    plain = fake.grid(60, 4)
    paired = dataclasses.replace(plain, paired=True)
    counts = {c: plain.errors(c, "cer") for c in plain.conditions}
    a, b = (estimates.counted(plain, c, "edits", own) for c, own in counts.items())
    for one in (plain, paired):
        expected = recipes(a, b, paired=one.paired)
        kinds = estimates.occurrences(one, "edits", "", counts)
        brier = estimates.measured({"ctc": a, "attention": b}, "", one.paired)
        for found in (kinds.differences[0], brier.differences[0]):
            assert (found.low, found.p) == (expected.low, expected.p)
    mask = slices.Members("half", "first", np.arange(60) < 30)
    told = [slices.compare(one, [mask], "cer")[0].differences[0] for one in (plain, paired)]
    assert told[0].inside.value == pytest.approx(told[1].inside.value)
    assert told[0].inside.seed_counts == (4, 4) and told[1].inside.seed_counts == (4,)


def test_some_of_the_lines_keep_their_groups():
    there = grouped(["a", "bb", "ccc", "dddd"], ("p", "q", "p", "q"))
    assert units(there) == [[4, 6]]
    assert units(estimates.part(there, [1, 2, 3])) == [[6, 3]]
    assert units(estimates.part(dataclasses.replace(there, groups=None), [1, 3])) == [[2, 4]]


def test_lines_of_two_grids_come_in_groups_if_all_do():
    one, other = grouped(["a", "bb"], ("p", "q")), grouped(["ccc", "dddd"], ("q", "p"))
    assert units(estimates.together(one, other)) == [[5, 5]]
    alone = dataclasses.replace(other, groups=None)
    for both in (estimates.together(one, alone), estimates.together(alone, one)):
        assert sorted(units(both)[0]) == [1, 2, 3, 4]

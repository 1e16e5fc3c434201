import dataclasses

from ocr_tf.study.comparison import estimates
from tests.study.analysis.grids import grid


def grouped(references, groups):
    there = grid(references, {"a": [references], "b": [["x"] * len(references)]})
    ids = [f"{there.ids[i]}/{reference}" for i, reference in enumerate(references)]
    return dataclasses.replace(there, ids=ids, groups=groups)


def units(of):
    """Edits of B in each group, or line."""
    counted = estimates.counted(of, "b", "cer", of.errors("b", "cer"))
    return counted.units().errors.tolist()


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

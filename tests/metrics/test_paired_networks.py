"""Conditions that are readings of the same trained networks, as of two searches: compared within seeds."""

import dataclasses

import numpy as np
import pytest

from ocr_tf.metrics.paired import contrasts, pairwise, recipes, slices, smallest_detectable
from tests.metrics.conditions import random_pair
from tests.metrics.simulated import Networks, alarms, crossed, paired

NAMED = ("run 0", "run 1", "run 2", "run 3", "run 4")


def read_by(conditions, networks=NAMED):
    """The conditions as readings of the same networks."""
    return [dataclasses.replace(one, networks=networks[: len(one.seeds)]) for one in conditions]


def test_they_are_paired_without_being_asked_and_others_are_not():
    pair = random_pair(seeds=5)
    same = read_by(pair)
    assert recipes(*same).as_dict() == recipes(*pair, paired=True).as_dict()
    others = [same[0], dataclasses.replace(same[1], networks=NAMED[::-1])]
    assert recipes(*others).as_dict() == recipes(*pair).as_dict()
    # The order in which seeds are told does not matter.
    turned = dataclasses.replace(
        same[1], errors=same[1].errors[::-1], seeds=same[1].seeds[::-1], networks=NAMED[::-1]
    )
    assert recipes(same[0], turned).as_dict() == recipes(*same).as_dict()


def test_of_several_conditions_the_pairs_of_one_network_alone_are_paired():
    a, b = read_by(random_pair(seeds=5))
    other = dataclasses.replace(random_pair(1, seeds=5)[0], name="C", lengths=a.lengths)
    pairs = {(p.comparison.a, p.comparison.b): p.comparison for p in pairwise([a, b, other])}
    assert {names for names, comparison in pairs.items() if comparison.paired} == {("A", "B")}


def test_slices_go_by_the_differences_within_seeds():
    a, b = read_by(random_pair(seeds=5, lines=120, difference=0.05))
    every = np.arange(120) < 60
    (found,) = slices(a, b, {"half": every})
    inside = recipes(a.take(every), b.take(every))
    assert inside.paired
    assert (found.inside.low, found.inside.high) == pytest.approx((inside.low, inside.high))
    within = [a.take(m).rates - b.take(m).rates for m in (every, ~every)]
    change = within[0] - within[1]
    assert found.against_rest.variance_seeds == pytest.approx([change.var(ddof=1) / 5])
    assert found.against_rest.df > 3


def test_a_contrast_of_two_searches_of_two_networks_is_of_two_differences_within_seeds():
    (a, b), (c, d) = random_pair(seeds=4), random_pair(7, seeds=4)
    c, d = (
        dataclasses.replace(one, name=name, lengths=a.lengths) for one, name in ((c, "C"), (d, "D"))
    )
    declared = {"gain, by another search": (("A", "B"), ("C", "D"))}
    one, other = NAMED[:4], ("w", "x", "y", "z")
    of = {"A": one, "B": other, "C": one, "D": other}  # A and C are searches of one network
    four = [dataclasses.replace(e, networks=of[e.name]) for e in (a, b, c, d)]
    (found,) = contrasts(four, declared)
    (alone,) = contrasts([a, b, c, d], declared)
    assert found.value == pytest.approx(alone.value) and found.differences == alone.differences
    first, second = a.rates - c.rates, b.rates - d.rates
    expected = [first.var(ddof=1) / 4, second.var(ddof=1) / 4]
    assert found.variance_seeds == pytest.approx(expected)
    assert found.variance_lines == pytest.approx(alone.variance_lines)
    assert (found.seed_counts, found.paired) == ((4, 4), False)
    assert smallest_detectable(found).seeds == (4, 4)
    every = [dataclasses.replace(e, networks=one) for e in four]
    (within,) = contrasts(every, declared)
    (asked,) = contrasts([a, b, c, d], declared, paired=True)
    assert within.as_dict() == asked.as_dict()


def test_a_network_for_each_seed():
    with pytest.raises(ValueError, match="3 seeds .* and 2 networks"):
        dataclasses.replace(random_pair(seeds=3)[0], networks=("x", "y"))


@pytest.mark.parametrize("model", [Networks(), Networks(line=2.0), Networks(seed=1.5)])
def test_false_alarms_and_what_pairing_gains(model):
    for seeds in (2, 3, 5):
        one, other = (model.draw([key], 1000, seeds, 300).effects() for key in (12, 14))
        most = 0.12 if seeds == 2 else 0.06  # Of two seeds the page says that they alarm more.
        assert alarms(paired(*one)) <= most
        # Does the other search change as much of other networks? As `contrasts` computes it.
        assert alarms(crossed(one[0] - one[1], other[0] - other[1])) <= 0.06
    # A search that mends more than it breaks: its gain is lost in what the networks differ by.
    gained = model.draw([13], 500, 5, 300, gain=2.0).effects()
    assert alarms(paired(*gained)) > alarms(crossed(*gained)) + 0.2

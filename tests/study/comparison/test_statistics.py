from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from ocr_tf.metrics.paired import FALLS, RISES, NextLook
from ocr_tf.metrics.registry import METRICS
from ocr_tf.study.comparison import statistics
from ocr_tf.study.comparison.results import Grid
from ocr_tf.study.comparison.statistics import ComparedPair
from ocr_tf.study.report.as_json import as_json
from tests.study import fake


def pair(grid: Grid, metric: str = "cer") -> ComparedPair:
    (compared,) = statistics.comparisons(grid, metric)
    return compared


def turned(grid: Grid) -> Grid:
    return dataclasses.replace(grid, cells=dict(reversed(grid.cells.items())))


def shuffled(grid: Grid, seed: int = 1) -> Grid:
    order = np.random.default_rng(seed).permutation(len(grid.ids))
    cells = {
        condition: [cell._replace(predictions=[cell.predictions[i] for i in order]) for cell in row]
        for condition, row in grid.cells.items()
    }
    return dataclasses.replace(
        grid,
        cells=cells,
        ids=[grid.ids[i] for i in order],
        references=[grid.references[i] for i in order],
    )


def close(number):
    return None if number is None else pytest.approx(number, rel=1e-9)


@pytest.fixture(scope="module", params=[(3, 3), (3, 2), (1, 1)], ids=str)
def grid(request):
    """Two conditions, with so many seeds each."""
    found = fake.grid(lines=50, seeds=3, step=0.6)
    cells = {c: row[:s] for (c, row), s in zip(found.cells.items(), request.param)}
    return dataclasses.replace(found, cells=cells)


@pytest.mark.parametrize("metric", METRICS)
def test_conditions_in_the_other_order_negate_the_difference(grid, metric):
    forth, back = pair(grid, metric), pair(turned(grid), metric)
    assert (forth.a, forth.b) == (back.b, back.a)
    for one, other in ((forth.recipes, back.recipes), (forth.models, back.models)):
        assert one.value == -other.value
        assert (one.rate_a, one.rate_b) == (other.rate_b, other.rate_a)
        assert (one.low is None) == (other.low is None)
        if one.low is not None:
            assert one.low == pytest.approx(-other.high, rel=1e-12)
            assert one.p == pytest.approx(other.p, rel=1e-12)
    assert (forth.bootstrap is None) == (back.bootstrap is None)
    assert (forth.detectable is None) == (back.detectable is None)
    assert forth.verdict.better == back.verdict.better
    if forth.detectable:
        assert forth.detectable.difference == pytest.approx(back.detectable.difference, rel=1e-12)
    for one, other in zip(forth.mcnemar, back.mcnemar):
        assert one.p == other.p and one.seed == other.seed


@pytest.mark.parametrize("metric", METRICS)
def test_the_order_of_lines_is_irrelevant(grid, metric):
    ordered, mixed = pair(grid, metric), pair(shuffled(grid), metric)
    for one, other in ((ordered.recipes, mixed.recipes), (ordered.models, mixed.models)):
        for name in ("value", "low", "high", "variance"):
            assert getattr(other, name) == close(getattr(one, name)), name
    assert mixed.recipes.p == close(ordered.recipes.p)
    assert mixed.mcnemar == ordered.mcnemar
    assert statistics.rates(shuffled(grid)) == statistics.rates(grid)


def test_what_too_few_seeds_cannot_say_is_withheld_and_the_rest_is_said(grid):
    found = pair(grid)
    counts = [len(grid.seeds(c)) for c in grid.conditions]
    alone, equal = min(counts) == 1, len(set(counts)) == 1
    assert found.recipes.seed_counts == tuple(counts)
    assert found.models.low is not None
    for withheld in (found.bootstrap, found.detectable, found.more):
        assert (withheld is None) == alone
    assert (found.recipes.low is None) == alone
    if alone:
        assert "has one seed" in found.recipes.withheld
    assert bool(found.mcnemar) == equal
    assert (found.paired_by_seed is None) == (alone or not equal)
    json.dumps(as_json(found), allow_nan=False)


def test_what_few_lines_could_have_seen_is_withheld_and_the_interval_kept():
    easy = fake.grid(lines=60, seeds=3, rate=0.0003, step=0.0)
    wrong = sum(
        any(t[i] != r for c in easy.cells for t in easy.texts(c))
        for i, r in enumerate(easy.references)
    )
    assert 0 < wrong < 5
    for grid, said in (
        (easy, f"only {wrong} of 60 lines ha"),
        (fake.grid(lines=29, seeds=3), "29 lines, fewer than 30"),
    ):
        found = pair(grid)
        assert found.too_small.startswith(said)
        assert found.detectable is found.more is found.verdict.detectable is None
        assert found.recipes.low is not None and found.recipes.p is not None
        assert said in found.verdict.sentence


def test_twice_the_seeds_are_twice_each_condition_s(grid):
    found = pair(grid)
    if found.more:
        counts = found.recipes.seed_counts
        assert found.more.seeds.seeds == tuple(2 * count for count in counts)
        for more in (found.more.seeds, found.more.lines):
            assert more.difference <= found.detectable.difference


def test_a_pairing_that_is_asked_for_is_the_headline_everywhere():
    grid = fake.grid(lines=60, seeds=4, conditions=("a", "b", "c"), step=0.1)
    paired = dataclasses.replace(grid, paired=True)
    plain, found = (statistics.comparisons(one, "cer") for one in (grid, paired))
    for one, other in zip(plain, found):
        within = one.paired_by_seed.comparison
        assert other.recipes == within and within.df > 2
        assert other.paired_by_seed.crossed == one.recipes and one.paired_by_seed.crossed is None
        assert other.verdict.low == other.adjusted.comparison.low
        assert other.detectable.seeds == (4,) and other.more.seeds.seeds == (8,)
        assert other.adjusted.comparison.paired and other.adjusted.p_adjusted >= within.p
        assert other.bootstrap is None and other.models == one.models
    metrics = [statistics.by_metric(one, "cer") for one in (grid, paired)]
    assert all(other.recipes.paired for other in metrics[1])
    assert metrics[0] != metrics[1]
    assert statistics.signature(grid, "cer") != statistics.signature(paired, "cer")


def test_another_system_is_compared_as_it_is():
    grid = fake.grid(lines=60, seeds=3, step=0.6)
    cells = {**grid.cells, "attention": grid.cells["attention"][:1]}
    uneven = dataclasses.replace(grid, cells=cells)
    (found,) = statistics.comparisons(uneven, "cer", systems=["attention"])
    assert (found.verdict.target, pair(uneven).verdict.target) == ("models", "recipes")
    assert "one set of readings" in found.recipes.withheld
    assert "train another" not in json.dumps(as_json(found))
    assert found.models == pair(uneven).models
    assert found.detectable.target == "models" and found.more is None


def test_equal_readings_are_no_difference():
    one = fake.grid(lines=20, seeds=2, conditions=("a",))
    both = dataclasses.replace(one, cells={"a": one.cells["a"], "b": one.cells["a"]})
    found = pair(both)
    assert found.recipes.value == 0 and found.models.p == 1
    assert found.mcnemar and all(test.p == 1 for test in found.mcnemar)


def test_every_pair_of_three_is_corrected_for_all_and_the_first_stays_first():
    grid = fake.grid(lines=40, seeds=2, conditions=("a", "b", "c"), step=0.8)
    found = statistics.comparisons(grid, "cer")
    assert [(p.a, p.b) for p in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    for each in found:
        assert each.adjusted.p_adjusted >= each.recipes.p
        wide = each.adjusted.comparison
        assert wide.low < each.recipes.low and wide.high > each.recipes.high


def test_of_several_pairs_one_interval_decides_for_all_who_read_the_verdict():
    """Of pairs that are clear by themselves, some are tied once all are looked at."""
    tied_together = 0
    for key in range(6):
        grid = fake.grid(lines=60, seeds=3, conditions=("a", "b", "c"), step=0.35, key=key)
        for each in statistics.comparisons(grid, "cer"):
            assert each.verdict.p == each.adjusted.p_adjusted and each.verdict.pairs == 3
            assert (each.verdict.low, each.verdict.high) == (
                each.adjusted.comparison.low,
                each.adjusted.comparison.high,
            )
            excluded = each.verdict.low > 0 or each.verdict.high < 0
            assert (each.verdict.better is not None) == excluded == (each.verdict.p <= 0.05)
            assert each.detectable.difference == each.verdict.detectable
            tied_together += each.recipes.p <= 0.05 < each.adjusted.p_adjusted
    assert tied_together


def test_the_signature_names_what_numbers_depend_on():
    grid = fake.grid(lines=20, seeds=2)
    first = statistics.signature(grid, "cer")
    assert first.seeds == (2, 2) and first.lines == 20
    for other in (
        statistics.signature(grid, "exact"),
        statistics.signature(dataclasses.replace(grid, normalization="alphanumeric"), "cer"),
        statistics.signature(dataclasses.replace(grid, fingerprint="other"), "cer"),
        statistics.signature(fake.grid(lines=20, seeds=3), "cer"),
        statistics.signature(fake.grid(lines=21, seeds=2), "cer"),
    ):
        assert other != first


def test_other_metrics_are_those_that_the_verdict_is_not_about(grid):
    found = statistics.by_metric(grid, "exact")
    assert [other.metric for other in found] == ["cer", "wer", "one_minus_ned"]
    for other in found:
        assert other.recipes == pair(grid, other.metric).recipes


def test_several_pairs_and_contrasts_take_the_level_of_a_look():
    names = ("a0", "b0", "a1", "b1")
    grid = fake.grid(60, 5, names, step=0.3)
    asked = {"gain": (names[:2], names[2:]), "loss": (names[2:], names[:2])}
    next_look = NextLook(10, 0.044, True)
    for level in (0.0052, 0.044):
        found = statistics.comparisons(grid, "cer", confidence=1 - level, next_look=next_look)
        for pair in found:
            decided = pair.verdict
            assert decided.confidence == 1 - level and decided.pairs == 6
            assert (decided.better is not None) == (decided.p <= level)
            for estimate in (pair.recipes, pair.models, pair.bootstrap):
                assert estimate.confidence == 1 - level
            assert pair.more.seeds.seeds == (10, 10) and pair.more.look == next_look
        for change in statistics.contrasts(grid, "cer", asked, confidence=1 - level):
            moved = change.outcome in (FALLS, RISES)
            assert moved == (change.contrast.p_adjusted <= level)
        others = statistics.by_metric(grid, "cer", 1 - level)
        assert {other.recipes.confidence for other in others} == {1 - level}
    # The next look's own level decides what it would see: here this one's is the same.
    at_next = statistics.comparisons(grid, "cer", confidence=1 - 0.044)
    for one, other in zip(found, at_next):
        assert one.more.seeds.confidence == other.adjusted.comparison.confidence

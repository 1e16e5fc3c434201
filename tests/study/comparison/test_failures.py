"""Which trainings found their alignment, which failed, and the verdict among the others."""

from __future__ import annotations

import dataclasses

from ocr_tf.metrics.failures import NOT_ALIGNED, FailedRun, Failures
from ocr_tf.study.comparison import failures, formation, statistics
from tests.study import fake, told


def run(folder, head, seed, *validations):
    """A run with validations (CER, whether aligned) before its last record, which said nothing of it."""
    made = told.run(folder / f"{head}{seed}", head, seed)
    made.metrics.truncate(0)
    for number, (cer, aligned) in enumerate(validations, 1):
        record = {"step": 100 * number, "val/cer": cer, "formed": aligned}
        made.metrics.append({**record, "val/alignment_entropy": 1 - cer / 10})
    return made


def test_failed_runs_are_counted_with_their_best_validation(tmp_path):
    runs = {
        "ctc": {s: run(tmp_path, "ctc", s, (0.9, False), (0.2, True)) for s in (0, 1)},
        "attention": {
            2: run(tmp_path, "attention", 2, (0.8, False), (0.7, False), (0.75, False)),
            0: run(tmp_path, "attention", 0, (0.8, True), (0.1, True)),
            1: run(tmp_path, "attention", 1, (0.9, False)),
        },
    }
    assert formation.aligned_at(runs) == {
        "ctc": {0: 200, 1: 200},
        "attention": {2: None, 0: 200, 1: None},  # sharp at 100, but nothing was read
    }
    stuck = FailedRun(1, NOT_ALIGNED, 0.9, 0.91), FailedRun(2, NOT_ALIGNED, 0.7, 0.93)
    assert failures.failures(runs) == {
        "ctc": Failures.of("ctc", 2, ()),
        "attention": Failures.of("attention", 3, stuck),
    }


def test_runs_that_recorded_no_alignment_are_not_accused(tmp_path):
    runs = {"ctc": {0: told.run(tmp_path / "old")}}
    runs["ctc"][0].metrics.append({"step": 20, "val/cer": 0.8})
    assert failures.failures(runs) == {"ctc": Failures.of("ctc", 1, ())}
    assert formation.aligned_at(runs) == {"ctc": {0: None}}


def count(grid, **seeds):
    return {
        name: Failures.of(
            name,
            len(grid.seeds(name)),
            [FailedRun(s, NOT_ALIGNED, 0.7) for s in seeds.get(name, ())],
        )
        for name in grid.conditions
    }


def test_among_those_that_trained_is_as_if_the_others_had_not_been_started():
    grid = fake.grid(60, 4, ("a", "b", "c"), step=0.9)
    found = failures.among_trained(grid, "cer", count(grid, b=[1, 3]))
    cells = {**grid.cells, "b": [cell for cell in grid.cells["b"] if cell.seed in (0, 2)]}
    never = statistics.comparisons(dataclasses.replace(grid, cells=cells), "cer")
    assert [(one.a, one.b) for one in found] == [("a", "b"), ("b", "c")]  # a and c are as they were
    assert found == tuple(pair.verdict for pair in never if "b" in (pair.a, pair.b))
    assert failures.among_trained(grid, "cer", count(grid)) == ()


def test_paired_seeds_are_left_out_under_every_condition():
    grid = dataclasses.replace(fake.grid(40, 4), paired=True)
    left = failures.without(grid, count(grid, ctc=[0], attention=[2]))
    assert left.seeds("ctc") == left.seeds("attention") == [1, 3]


def test_where_no_run_of_a_condition_is_left_nothing_is_compared():
    grid = fake.grid(40, 2)
    assert failures.without(grid, count(grid, ctc=[0, 1])) is None
    several = fake.grid(40, 2, ("a", "b", "c"))
    left = failures.without(several, count(several, b=[0, 1]))
    assert left.conditions == ["a", "c"]
    assert failures.among_trained(several, "cer", count(several, b=[0, 1])) == ()

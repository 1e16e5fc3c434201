"""The metrics: truncated to a checkpoint, read while they are written, and what is asked of them."""

from __future__ import annotations

import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.metrics_log import Loss, MetricsLog, Validation


@pytest.fixture
def log(tmp_path) -> MetricsLog:
    return MetricsLog(tmp_path / "metrics.jsonl")


def test_metrics_are_truncated_to_the_checkpoint(log):
    assert log.position() == 0
    log.append({"step": 1, "note": "ä"})
    position = log.position()
    log.append({"step": 2})
    assert [record["step"] for record in log.records()] == [1, 2]
    log.truncate(position)
    log.append({"step": 2, "again": True})
    assert list(log.records()) == [{"step": 1, "note": "ä"}, {"step": 2, "again": True}]
    log.truncate(0)
    assert list(log.records()) == []


def test_a_torn_last_line_is_not_read_and_goes(log):
    log.append({"step": 1})
    with open(log.path, "a") as file:
        file.write('{"step": 2, "lo')
    assert list(log.records()) == [{"step": 1}]
    log.truncate(log.position())
    log.append({"step": 2})
    assert list(log.records()) == [{"step": 1}, {"step": 2}]


def test_a_damaged_metrics_line_is_named(log):
    log.path.write_text('{"step": 1}\noops\n')
    with pytest.raises(InputError, match=f"{log.path}:2: not JSON"):
        list(log.records())


def test_curves_and_validations_are_read_from_the_records(log):
    assert (log.losses(), log.validations(), log.last_step(), log.finished()) == ([], [], 0, False)
    log.append({"step": 10, "train/loss": 2.0})
    log.append({"step": 20, "val/cer": 0.5, "elapsed": 3.5, "batches": "ab"})
    log.append({"step": 20, "train/loss": 1.0})
    log.append({"step": 30, "val/cer": 0.25, "finished": True})
    assert log.losses() == [Loss(10, 2.0), Loss(20, 1.0)]
    assert log.validations() == [Validation(20, 0.5, 3.5, "ab"), Validation(30, 0.25, None, "")]
    assert log.last_step() == 30 and log.finished()


@pytest.mark.parametrize(
    "validations, since, best",
    [
        ([(0.9, False), (0.6, True), (0.2, True)], 3, None),
        ([(0.9, True), (0.8, False), (0.3, True)], 3, None),  # lost and found again
        ([(0.9, False), (0.7, False), (0.8, False)], None, 0.7),
        ([(0.9, False), (0.4, False)], None, None),  # it reads, whatever it looks at
        ([(0.9, True), (0.8, False)], None, 0.8),
        ([(0.9, None), (0.9, None)], None, None),  # nobody looked
        ([], None, None),
    ],
)
def test_a_training_that_got_stuck_is_told_from_others(log, validations, since, best):
    for step, (cer, aligned) in enumerate(validations, 1):
        told = {} if aligned is None else {"formed": aligned, "val/alignment_entropy": cer}
        log.append({"step": step, "val/cer": cer, **told})
    stuck = log.not_aligned()
    assert log.aligned_at() == since and (stuck and stuck.cer) == best
    assert stuck is None or stuck.entropy == best


def test_the_pace_is_that_of_this_start_without_its_first_steps(log):
    for step, wall in ((10, 100.0), (20, 110.0), (30, 1000.0)):
        log.append({"step": step, "wall": wall, "train/loss": 1.0})
    assert log.seconds_a_step(since=950.0) is None
    for step, wall in ((40, 1005.0), (50, 1020.0)):
        log.append({"step": step, "wall": wall, "train/loss": 1.0})
    assert log.seconds_a_step(since=950.0) == 1.0

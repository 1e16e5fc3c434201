"""Which trainings found their alignment, by their records."""

from __future__ import annotations

from ocr_tf.metrics.paired import NotAligned, StuckRun
from ocr_tf.study.comparison import formation
from tests.study import told


def run(folder, head, seed, *validations):
    """A run with validations (CER, whether aligned) before its last record, which said nothing of it."""
    made = told.run(folder / f"{head}{seed}", head, seed)
    made.metrics.truncate(0)
    for number, (cer, aligned) in enumerate(validations, 1):
        record = {"step": 100 * number, "val/cer": cer, "formed": aligned}
        made.metrics.append({**record, "val/alignment_entropy": 1 - cer / 10})
    return made


def test_stuck_runs_are_found_with_their_best_validation(tmp_path):
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
    stuck = (StuckRun(1, 0.9, 0.91), StuckRun(2, 0.7, 0.93))
    assert formation.not_aligned(runs) == {"attention": NotAligned("attention", stuck, 3)}


def test_runs_that_recorded_no_alignment_are_not_accused(tmp_path):
    runs = {"ctc": {0: told.run(tmp_path / "old")}}
    runs["ctc"][0].metrics.append({"step": 20, "val/cer": 0.99})
    assert formation.not_aligned(runs) == {} and formation.aligned_at(runs) == {"ctc": {0: None}}

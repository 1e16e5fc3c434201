"""Checkpoints come back bit for bit, and damage is named with the way out."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.checkpoints import Checkpoints, StepTaken, TrainingState


@pytest.fixture
def checkpoints(tmp_path) -> Checkpoints:
    return Checkpoints(tmp_path)


def refusal(function, *arguments) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments)
    assert "\n" not in str(raised.value)
    return str(raised.value)


ARRAYS = {
    "encoder/conv/kernel:0": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "optimizer/iterations": np.int64(7),
    "file": np.float32([np.nan, -0.0, 1e-45]),
    "head/ü b/../x.npy": np.zeros((0, 4)),
    "state": np.array([True, False]),
}


def test_a_checkpoint_comes_back_bit_for_bit(checkpoints):
    window = (StepTaken(1 / 3, 8, 0.1), StepTaken(float("inf"), 7, 0.2))
    state = TrainingState(best_cer=1 / 7, worse=2, elapsed=1e9 / 3, window=window, metrics=12)
    checkpoints.save(12, ARRAYS, state)
    step, arrays, loaded = checkpoints.load()
    assert (step, loaded) == (12, state)
    assert set(arrays) == set(ARRAYS)
    for path, array in ARRAYS.items():
        assert arrays[path].dtype == np.asarray(array).dtype
        assert arrays[path].shape == np.asarray(array).shape
        assert arrays[path].tobytes() == np.asarray(array).tobytes()


def test_only_the_last_and_the_best_are_kept(checkpoints):
    for step, best in ((1, 1), (2, 1), (3, 3), (4, 3), (5, 3)):
        checkpoints.save(step, {"w": np.float32(step)}, TrainingState(best_step=best))
        assert checkpoints.steps() == sorted({step, best})
    assert checkpoints.load("last").arrays["w"] == 5
    assert checkpoints.load("best").arrays["w"] == 3
    assert checkpoints.load("best").step == 3


def test_a_failed_save_keeps_what_there_was(checkpoints, monkeypatch):
    checkpoints.save(1, ARRAYS, TrainingState(best_step=1))

    def fill_the_disk(file, **_):
        file.write(b"PK")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", fill_the_disk)
    with pytest.raises(OSError):
        checkpoints.save(2, ARRAYS, TrainingState(best_step=2))
    assert checkpoints.steps() == [1]
    assert not list(checkpoints.path.rglob("*.tmp"))
    assert checkpoints.load().step == 1


def test_arrays_that_npz_would_change_are_refused(checkpoints):
    with pytest.raises(TypeError, match="w: "):
        checkpoints.save(1, {"w": np.zeros(2, "V2")}, TrainingState())
    assert checkpoints.steps() == []


def test_no_checkpoint_is_said(checkpoints):
    assert "has no finished checkpoint yet" in refusal(checkpoints.load)
    checkpoints.save(1, ARRAYS, TrainingState())
    assert "has no best checkpoint yet" in refusal(checkpoints.load, "best")


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "text"])
def test_a_damaged_checkpoint_is_named_with_the_way_out(damage, checkpoints):
    checkpoints.save(1, ARRAYS, TrainingState(best_step=1))
    path = checkpoints.save(2, {"w": np.ones(5000)}, TrainingState(best_step=1))
    content = bytearray(path.read_bytes())
    content[20000] ^= 1
    damaged = {
        "flip": bytes(content),
        "truncate": bytes(content[: len(content) // 2]),
        "empty": b"",
        "text": b"not a checkpoint",
    }
    path.write_bytes(damaged[damage])
    message = refusal(checkpoints.load)
    assert message == f"{path} is damaged; delete it to go back to step 1"
    path.unlink()
    assert checkpoints.load().step == 1


def test_a_missing_best_checkpoint_is_named(checkpoints):
    checkpoints.save(2, ARRAYS, TrainingState(best_step=1))
    assert "step-00000001.npz is missing" in refusal(checkpoints.load, "best")


def test_the_state_is_read_without_the_arrays(checkpoints, monkeypatch):
    best, last = TrainingState(best_step=1, elapsed=1.0), TrainingState(best_step=1, finished=True)
    checkpoints.save(1, ARRAYS, best)
    path = checkpoints.save(2, {"w": np.ones(5000)}, last)
    content = bytearray(path.read_bytes())
    content[20000] ^= 1  # within the array, whose sum is not looked at
    path.write_bytes(content)
    assert checkpoints.state() == last
    assert checkpoints.state("best") == best
    assert "is damaged" in refusal(checkpoints.load)


def test_the_state_of_another_version_is_damage(checkpoints, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(TrainingState, "to_json", lambda state: {"best_step": 1, "lookahead": 2})
        checkpoints.save(1, ARRAYS, TrainingState())
    assert "is damaged; train the run again" in refusal(checkpoints.state)

"""A run that goes on from another: the same as one that was never stopped, under flags that may differ."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.failure import Divergence, record_divergence
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.training import loop, origin
from ocr_tf.study.comparison import controls
from tests.experiment import tiny


def steady(steps, **train):
    """A training whose rate does not depend on how many steps there are."""
    settings = {"decay": "constant", "evaluate_every": 2, "checkpoint_every": 0, "patience": 0}
    return tiny.experiment(steps=steps, **{**settings, **train})


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """A run of four steps, whose best and last checkpoint there are."""
    folder = tmp_path_factory.mktemp("half") / "run"
    loop.run(steady(4), folder)
    return folder


def test_in_two_parts_it_ends_as_in_one(half, tmp_path, capsys):
    loop.run(steady(6), tmp_path / "whole")
    before = sorted(path.name for path in half.rglob("*"))
    loop.run(steady(6, continue_from=str(half)), tmp_path / "rest")
    assert sorted(path.name for path in half.rglob("*")) == before
    whole, rest = (RunFolder(tmp_path / name) for name in ("whole", "rest"))
    last = whole.checkpoints.load("last"), rest.checkpoints.load("last")
    assert last[0].arrays.keys() == last[1].arrays.keys()
    for path, array in last[0].arrays.items():  # the optimizer's too
        np.testing.assert_array_equal(array, last[1].arrays[path], path)
    assert last[0].state.batches == last[1].state.batches
    assert whole.checkpoints.steps() == rest.checkpoints.steps()
    read = [[(v.step, v.cer) for v in run.metrics.validations()] for run in (whole, rest)]
    assert read[0] == read[1] and [step for step, _ in read[1]] == [2, 4, 6]
    began = RunFolder(tmp_path / "rest").description.origin
    assert (began.run, began.step, began.diverged) == (str(half), 4, None)
    said = controls.controls({"ctc": {0: whole}, "more": {0: rest}}).differs
    assert any(f"seed 0 from step 4 of {half}." in sentence for sentence in said)


def test_after_a_loss_that_was_not_finite_another_rate_goes_on(half, tmp_path):
    lost = tmp_path / "lost"
    shutil.copytree(half, lost)
    record_divergence(lost, Divergence(5, "the loss is not finite"))
    loop.run(steady(5, continue_from=str(lost), learning_rate=1e-5), tmp_path / "rest")
    rest = RunFolder(tmp_path / "rest")
    assert rest.checkpoints.load("last").step == 5 and rest.metrics.finished()
    assert rest.description.origin.diverged == 5
    # Once it has begun it no longer depends on the other run.
    shutil.rmtree(lost)
    loop.run(steady(5, continue_from=str(lost), learning_rate=1e-5), tmp_path / "rest")


@pytest.mark.parametrize(
    "flags, said",
    [
        ({"sequence.units": 8}, "--sequence.units=16, not 8: give the same"),
        ({"train.seed": 1}, "--train.seed=0, not 1"),
        ({"train.optimizer": "momentum"}, "--train.optimizer="),
        ({"train.steps": 4}, "is at step 4; give --train.steps above that"),
        ({"train.init_from": "x"}, "leave out --train.init_from"),
    ],
)
def test_what_does_not_go_on_from_it_is_refused(half, flags, said):
    with pytest.raises(InputError, match="--train.continue_from=") as refused:
        origin.check(options.replace(steady(8, continue_from=str(half)), flags))
    assert said in str(refused.value)


def test_stopped_while_it_takes_the_other_run_over_it_does_so_again(half, tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    experiment = steady(5, continue_from=str(half))
    with monkeypatch.context() as patch:
        patch.setattr(origin.Checkpoints, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            loop.run(experiment, tmp_path / "rest")
    assert not RunFolder(tmp_path / "rest").checkpoints.steps()
    loop.run(experiment, tmp_path / "rest")
    rest = RunFolder(tmp_path / "rest")
    assert [v.step for v in rest.metrics.validations()] == [2, 4, 5]
    assert not (tmp_path / "rest" / origin.COPY).exists()

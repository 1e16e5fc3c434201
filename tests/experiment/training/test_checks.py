"""What is wrong with flags is said before TensorFlow is loaded, and nothing is written."""

from __future__ import annotations

import pytest

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.training.best import Best
from ocr_tf.experiment.training.checks import check
from tests.experiment import tiny
from tests.study import told


@pytest.mark.parametrize(
    "flags, said",
    [
        ({"data.train": ("none.tsv",)}, "none.tsv: cannot read the labels"),
        ({"data.val": ("none.tsv",)}, "none.tsv: cannot read the labels"),
        ({"data.alphabet": "none.txt"}, "none.txt"),
        ({"data.lines": "none.txt"}, "--data.lines=none.txt: No such file"),
        ({"train.init_from": "none"}, "none: no such run folder"),
        ({"train.init_parts": "encoder+sequence"}, "needs --train.init_from=RUN"),
        ({"train.freeze": ("encoder", "sequence", "head")}, "nothing would learn"),
    ],
)
def test_what_flags_name_is_looked_at(flags, said, tmp_path):
    check(tiny.experiment(), tmp_path / "run")
    with pytest.raises(InputError, match=said):
        check(options.replace(tiny.experiment(), flags), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_parent_needs_a_checkpoint_until_its_child_has_one(tmp_path):
    parent = told.run(tmp_path / "parent")
    experiment = tiny.experiment(init_from=str(parent.path))
    with pytest.raises(InputError, match="parent has no finished checkpoint yet"):
        check(experiment, tmp_path / "run")
    parent.checkpoints.save(1, {}, TrainingState(best_step=1))
    check(experiment, tmp_path / "run")
    (parent.path / "run.json").unlink()
    child = told.run(tmp_path / "child", flags={"train.init_from": str(parent.path)})
    RunFolder(child.path).checkpoints.save(1, {}, TrainingState(best_step=1))
    check(experiment, tmp_path / "child")


def test_the_best_is_the_last_of_equals_and_only_a_lower_cer_is_better():
    best, stops = Best(), []
    for step, cer in enumerate((0.5, 0.25, 0.25, 0.5, 0.25, 0.5), 1):
        best = best.after(step, cer)
        stops.append(best.stops(2))
    assert best == Best(5, 0.25, 4)
    assert stops == [False, False, False, True, True, True]
    assert not best.stops(0)

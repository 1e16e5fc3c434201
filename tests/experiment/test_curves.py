import os
import subprocess
import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ocr_tf.errors import InputError
from ocr_tf.experiment.curves import Curves

WALL = 1_700_000_000.25


def record(step, **values):
    tags = {name.replace("_", "/", 1): value for name, value in values.items()}
    return {"step": step, "wall": WALL + step, **tags}


def open_curves(tmp_path):
    return Curves(tmp_path / "metrics.jsonl", tmp_path / "tensorboard")


def accumulate(tmp_path):
    return EventAccumulator(str(tmp_path / "tensorboard")).Reload()


def points(accumulator, tag):
    return [(event.step, event.value) for event in accumulator.Scalars(tag)]


def event_files(tmp_path):
    return sorted(os.listdir(tmp_path / "tensorboard"))


def test_written_records_are_read_back_at_once_under_their_tags(tmp_path):
    curves = open_curves(tmp_path)
    curves.rewrite([])
    curves.write(record(10, train_loss=2.0, train_learning_rate=0.5))
    curves.write(record(20, train_loss=1.0, train_learning_rate=0.25))
    curves.write(record(20, select_cer=0.125))
    accumulator = accumulate(tmp_path)  # The file is still open.
    assert sorted(accumulator.Tags()["scalars"]) == [
        "select/cer",
        "train/learning_rate",
        "train/loss",
    ]
    assert points(accumulator, "train/loss") == [(10, 2.0), (20, 1.0)]
    assert points(accumulator, "train/learning_rate") == [(10, 0.5), (20, 0.25)]
    assert points(accumulator, "select/cer") == [(20, 0.125)]


def test_a_resumed_run_has_no_step_twice_and_keeps_its_wall_times(tmp_path):
    with open_curves(tmp_path) as curves:
        curves.rewrite([])
        for step in range(10, 60, 10):
            curves.write(record(step, train_loss=float(step)))
    kept = [record(step, train_loss=float(step)) for step in (10, 20, 30)]
    with open_curves(tmp_path) as curves:
        curves.rewrite(kept)
        curves.write(record(40, train_loss=-40.0))
    assert len(event_files(tmp_path)) == 1
    accumulator = accumulate(tmp_path)
    assert points(accumulator, "train/loss") == [(10, 10.0), (20, 20.0), (30, 30.0), (40, -40.0)]
    walls = [event.wall_time for event in accumulator.Scalars("train/loss")]
    assert walls == [WALL + step for step in (10, 20, 30, 40)]


def test_a_running_tensorboard_forgets_what_was_truncated(tmp_path):
    with open_curves(tmp_path) as curves:
        curves.rewrite([record(10, train_loss=1.0), record(20, train_loss=2.0)])
        accumulator = accumulate(tmp_path)
        for again in range(2):  # Within one second: names must still ascend.
            before = event_files(tmp_path)
            curves.rewrite([record(10, train_loss=1.0)])
            assert event_files(tmp_path) > before
            curves.write(record(20, train_loss=3.0 + again))
            accumulator.Reload()
            assert points(accumulator, "train/loss") == [(10, 1.0), (20, 3.0 + again)]


def test_only_event_files_are_replaced(tmp_path):
    folder = tmp_path / "tensorboard"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "events.out.tfevents.9999999998.host.1.0.v2").write_bytes(b"")
    (folder / ".events.out.tfevents.9999999997.ocr_tf.1.tmp").write_bytes(b"half")
    open_curves(tmp_path).rewrite([])
    assert event_files(tmp_path) == ["events.out.tfevents.9999999999.ocr_tf", "notes.txt"]


def test_null_gives_no_point_and_other_keys_no_tag(tmp_path):
    with open_curves(tmp_path) as curves:
        curves.rewrite([{**record(10, select_cer=None), "note": "no number", "epoch": 1}])
        curves.write(record(20, select_cer=0.5))
        curves.write(record(30, select_cer=float("nan")))
    accumulator = accumulate(tmp_path)
    assert accumulator.Tags()["scalars"] == ["select/cer"]
    assert [event.step for event in accumulator.Scalars("select/cer")] == [20, 30]


@pytest.mark.parametrize(
    "bad, message",
    [
        ({"wall": WALL, "train/loss": 1.0}, "step is a whole number, not None"),
        ({"step": 1.5, "wall": WALL}, "step is a whole number, not 1.5"),
        ({"step": 1, "train/loss": 1.0}, "wall is a Unix time in seconds, not None"),
        ({"step": 1, "wall": WALL, "train/loss": "1"}, "train/loss is a number, not '1'"),
        ([1], "a record is an object, not"),
    ],
)
def test_a_bad_record_is_named_and_nothing_is_lost(tmp_path, bad, message):
    good = record(1, train_loss=1.0)
    curves = open_curves(tmp_path)
    curves.rewrite([good])
    with pytest.raises(ValueError, match=message):
        curves.write(bad)
    with pytest.raises(InputError, match=rf"metrics\.jsonl:2: {message}"):
        curves.rewrite([good, bad])
    assert points(accumulate(tmp_path), "train/loss") == [(1, 1.0)]


def test_writing_needs_rewriting_first(tmp_path):
    curves = open_curves(tmp_path)
    with pytest.raises(RuntimeError, match="call rewrite first"):
        curves.write(record(1, train_loss=1.0))
    assert not (tmp_path / "tensorboard").exists()


def test_tensorboard_itself_shows_the_tags_as_scalars(tmp_path):
    """Through the server's own reader (its data plugin), not the library that reads files."""
    from tensorboard import context
    from tensorboard.backend.event_processing import data_provider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

    for run in ("ctc", "attention"):
        with Curves(tmp_path / run / "metrics.jsonl", tmp_path / run / "tensorboard") as curves:
            curves.rewrite([record(10, train_loss=1.0), record(20, train_loss=0.5)])
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(tmp_path))
    found = provider.list_scalars(context.RequestContext(), experiment_id="", plugin_name="scalars")
    shown = {
        (run, tag): series.max_step for run, tags in found.items() for tag, series in tags.items()
    }
    assert shown == {
        ("ctc/tensorboard", "train/loss"): 20,
        ("attention/tensorboard", "train/loss"): 20,
    }


def test_needs_no_tensorflow():
    code = "import sys, ocr_tf.experiment.curves; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

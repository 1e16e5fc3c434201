import json
import os
import subprocess
import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.tensorboard.event_file import Curves, refresh
from tests.experiment import tiny

WALL = 1_700_000_000.25


def record(step, **values):
    tags = {name.replace("_", "/", 1): value for name, value in values.items()}
    return {"step": step, "wall": WALL + step, **tags}


def begun(path, head="ctc"):
    run = RunFolder.create_or_open(path)
    run.begin(tiny.experiment(head), Alphabet.from_texts(["0123456789"]), {})
    return run


@pytest.fixture
def run(tmp_path):
    return begun(tmp_path / "run")


@pytest.fixture
def curves(run):
    with Curves(run) as curves:
        curves.rewrite()
        yield curves


def keep(run, *records):
    """Leaves exactly these records in metrics.jsonl, as a resumed run would."""
    run.metrics.truncate(0)
    for one in records:
        run.metrics.append(one)


def accumulate(run):
    return EventAccumulator(str(run.path)).Reload()


def points(accumulator, tag):
    return [(event.step, event.value) for event in accumulator.Scalars(tag)]


def event_files(run):
    return sorted(name for name in os.listdir(run.path) if "tfevents" in name)


def test_written_records_are_read_back_at_once_under_their_tags(run, curves):
    curves.write(record(10, train_loss=2.0, train_learning_rate=0.5))
    curves.write(record(20, train_loss=1.0, train_learning_rate=0.25))
    curves.write(record(20, val_cer=0.125))
    accumulator = accumulate(run)  # The file is still open.
    assert sorted(accumulator.Tags()["scalars"]) == [
        "train/learning_rate",
        "train/loss",
        "val/cer",
    ]
    assert points(accumulator, "train/loss") == [(10, 2.0), (20, 1.0)]
    assert points(accumulator, "train/learning_rate") == [(10, 0.5), (20, 0.25)]
    assert points(accumulator, "val/cer") == [(20, 0.125)]


def test_a_resumed_run_has_no_step_twice_and_keeps_its_wall_times(run, curves):
    for step in range(10, 60, 10):
        curves.write(record(step, train_loss=float(step)))
    curves.close()
    keep(run, *(record(step, train_loss=float(step)) for step in (10, 20, 30)))
    with Curves(run) as curves:
        curves.rewrite()
        curves.write(record(40, train_loss=-40.0))
    assert len(event_files(run)) == 1
    accumulator = accumulate(run)
    assert points(accumulator, "train/loss") == [(10, 10.0), (20, 20.0), (30, 30.0), (40, -40.0)]
    walls = [event.wall_time for event in accumulator.Scalars("train/loss")]
    assert walls == [WALL + step for step in (10, 20, 30, 40)]


def test_a_running_tensorboard_forgets_what_was_truncated(run):
    with Curves(run) as curves:
        keep(run, record(10, train_loss=1.0), record(20, train_loss=2.0))
        curves.rewrite()
        accumulator = accumulate(run)
        keep(run, record(10, train_loss=1.0))
        for again in range(2):  # Within one second: names must still ascend.
            before = event_files(run)
            curves.rewrite()
            assert event_files(run) > before
            curves.write(record(20, train_loss=3.0 + again))
            accumulator.Reload()
            assert points(accumulator, "train/loss") == [(10, 1.0), (20, 3.0 + again)]


def test_only_event_files_are_replaced(run):
    before = set(os.listdir(run.path))
    (run.path / "notes.txt").write_text("mine")
    (run.path / "events.out.tfevents.9999999998.host.1.0.v2").write_bytes(b"")
    (run.path / ".events.out.tfevents.9999999997.ocr_tf.1.tmp").write_bytes(b"half")
    Curves(run).rewrite()
    new = {"events.out.tfevents.9999999999.ocr_tf", "notes.txt"}
    assert set(os.listdir(run.path)) == before | new


def test_null_gives_no_point_and_other_keys_no_tag(run):
    keep(run, {**record(10, val_cer=None), "note": "no number", "epoch": 1})
    with Curves(run) as curves:
        curves.rewrite()
        curves.write(record(20, val_cer=0.5))
        curves.write(record(30, val_cer=float("nan")))
    accumulator = accumulate(run)
    assert accumulator.Tags()["scalars"] == ["val/cer"]
    assert [event.step for event in accumulator.Scalars("val/cer")] == [20, 30]


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
def test_a_bad_record_is_named_and_nothing_is_lost(run, curves, bad, message):
    good = record(1, train_loss=1.0)
    curves.write(good)
    with pytest.raises(ValueError, match=message):
        curves.write(bad)
    keep(run, good, bad)
    with pytest.raises(InputError, match=rf"metrics\.jsonl:2: {message}"):
        curves.rewrite()
    assert points(accumulate(run), "train/loss") == [(1, 1.0)]


def test_writing_needs_rewriting_first(run):
    with pytest.raises(RuntimeError, match="call rewrite first"):
        Curves(run).write(record(1, train_loss=1.0))
    assert event_files(run) == []


def test_an_evaluation_adds_its_figures_when_nobody_trains(run, curves):
    curves.close()
    results = {"checkpoint": {"step": 30}, "rates": {"cer": 0.25, "wer": None, "exact": 0.5}}
    contents = {"test": results, "hard": results, "outside": {"rates": {"cer": 1}}, "damaged": None}
    for name, content in contents.items():
        folder = run.evaluations_path / name
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(content) if content else '{"ra')
    before = event_files(run)
    with run.lock():
        refresh(run)
    assert event_files(run) == before
    refresh(run)
    shown = accumulate(run)
    assert sorted(shown.Tags()["scalars"]) == [
        "values/test/cer",
        "values/test/exact",
        "values/test/hard/cer",
        "values/test/hard/exact",
    ]
    assert points(shown, "values/test/hard/cer") == [(30, 0.25)]


def test_needs_no_tensorflow():
    code = "import sys, ocr_tf.experiment.tensorboard.event_file; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

"""Training as a whole: it learns, it can be killed, it refuses, and two heads see the same."""

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

from ocr_tf import options
from ocr_tf.data import pipeline
from ocr_tf.data.dataset import open_sources
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import restore, variables
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.training import loop, splits
from ocr_tf.experiment.training.step import Schedule
from tests.experiment import tiny

QUIET = {
    **os.environ,
    "TF_CPP_MIN_LOG_LEVEL": "3",
}  # as launch sets it before it imports TensorFlow
TIMING = (
    "wall",
    "elapsed",
    "train/images_per_second",
    "train/input_wait",
    "values/val_best/minutes",
)


def start(head, workdir, *where):
    command = [sys.executable, "-m", "tests.experiment.tiny", head, str(workdir), *map(str, where)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=QUIET)


def record(folder):
    """What a finished run leaves, timing apart."""
    folder = RunFolder(folder)
    metrics = [{k: v for k, v in r.items() if k not in TIMING} for r in folder.metrics.records()]
    checkpoint = folder.checkpoints.load("last")
    state = dataclasses.replace(checkpoint.state, elapsed=0.0, window=(), metrics=0)
    previews = {path.name: path.read_bytes() for path in folder.previews_path.glob("*")}
    return metrics, checkpoint.arrays, state, folder.checkpoints.steps(), previews


def same(one, two):
    assert one[0] == two[0]
    assert one[1].keys() == two[1].keys()
    for path, array in one[1].items():
        assert array.tobytes() == two[1][path].tobytes(), path
    assert one[2:] == two[2:]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """A run of each head that nobody disturbed."""
    folder = tmp_path_factory.mktemp("unbroken")
    for head in tiny.HEADS:
        done = start(head, folder / head)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    "head, kills",
    [
        # While a checkpoint is written.
        ("ctc", (("save", 2),)),
        pytest.param("attention", (("save", 2),), marks=pytest.mark.slow),
        # While the folder is made.
        pytest.param("attention", (("begin", 2),), marks=pytest.mark.slow),
        # Before the first checkpoint; at a validation.
        pytest.param("ctc", (("step", 2), ("val", 2)), marks=pytest.mark.slow),
    ],
)
def test_killed_anywhere_it_ends_in_the_same_bits(head, kills, unbroken, tmp_path):
    for where in kills:
        assert start(head, tmp_path / "run", *where).returncode == -signal.SIGKILL
    assert start(head, tmp_path / "run").returncode == 0
    same(record(unbroken / head), record(tmp_path / "run"))
    assert tags(tmp_path / "run") == tags(unbroken / head)


def test_what_is_drawn_and_profiled_touches_no_weight(unbroken, tmp_path):
    loop.run(tiny.experiment(previews=0, profile_steps=2), tmp_path / "run")
    drawn, plain = record(unbroken / "ctc"), record(tmp_path / "run")
    assert drawn[4] and not plain[4]
    for path, array in drawn[1].items():
        assert array.tobytes() == plain[1][path].tobytes(), path


@pytest.mark.slow
@pytest.mark.parametrize("head", tiny.HEADS)
def test_killed_at_ten_random_moments(head, unbroken, tmp_path):
    draw = random.Random(head)
    kills, folder = 0, tmp_path / "0"
    while kills < 10:
        command = [sys.executable, "-m", "tests.experiment.tiny", head, str(folder)]
        with subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        ) as child:
            time.sleep(draw.uniform(3, 14))
            child.send_signal(signal.SIGKILL)
        kills += child.returncode == -signal.SIGKILL
        if child.returncode == 0:  # it was done first: this one is compared, and another begun
            same(record(unbroken / head), record(folder))
            folder = tmp_path / str(kills)
    assert start(head, folder).returncode == 0
    same(record(unbroken / head), record(folder))


def tags(folder):
    """What TensorBoard shows of a run: tag to its steps."""
    events = EventAccumulator(str(folder))
    events.Reload()
    steps = {tag: [e.step for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    return steps | {tag: [e.step for e in events.Tensors(tag)] for tag in events.Tags()["tensors"]}


def test_curves_of_both_heads_overlay(unbroken):
    first, second = (tags(unbroken / head) for head in tiny.HEADS)
    for shown in (first, second):  # points where the CER fell
        for name in ("cer", "exact", "step", "minutes"):
            assert 4 in shown.pop(f"values/val_best/{name}")
    assert first == second
    assert first["train/loss"] == list(range(2, tiny.STEPS + 1, 2))
    assert first["val/cer"] == [4, 8, 12]
    for tag in ("exact", "loss"):
        assert f"val/{tag}" in first
    for tag in ("learning_rate", "gradient_norm", "images_per_second", "input_wait"):
        assert f"train/{tag}" in first
    pictures = [tag for tag in first if tag.startswith("view/")]
    assert len(pictures) == 2
    for tag in (*pictures, "val/lines", "val/confusions"):
        assert first[tag] == [4, 8, 12]


def test_tensorboard_shows_both_runs(unbroken):
    """Through the server's own readers, not the library that reads files."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(unbroken)).Reload()
    provider = MultiplexerDataProvider(multiplexer, str(unbroken))
    request, both = RequestContext(), set(tiny.HEADS)
    listed = {
        "scalars": provider.list_scalars,
        "text": provider.list_tensors,
        "images": provider.list_blob_sequences,
        "graphs": provider.list_blob_sequences,
    }
    for plugin, function in listed.items():
        found = function(request, experiment_id="", plugin_name=plugin)
        assert set(found) == both, plugin  # under the names of their folders
    hparams = backend_context.Context(TBContext(data_provider=provider))
    finished = api_pb2.ListSessionGroupsRequest(
        allowed_statuses=[api_pb2.STATUS_SUCCESS],
        aggregation_type=api_pb2.AGGREGATION_AVG,
        slice_size=9,
    )
    found = list_session_groups.Handler(request, hparams, "", finished).run()
    assert {group.name for group in found.session_groups} == both
    for group in found.session_groups:
        assert group.hparams["Head"].string_value == group.name
        assert group.hparams["train.batch_size"].number_value == 8
        figures = {metric.name.tag: metric.value for metric in group.metric_values}
        state = RunFolder(unbroken / group.name).checkpoints.state()
        assert figures["values/val_best/cer"] == pytest.approx(state.best_cer)
        assert figures["values/val_best/step"] == state.best_step
        assert {"values/val_best/exact", "values/val_best/minutes"} <= set(figures)


def test_two_heads_start_equal_and_see_the_same_lines():
    runs = {head: tiny.experiment(head) for head in tiny.HEADS}
    first, second = (loop.build(e, splits.prepare(e).alphabet) for e in runs.values())
    for part in ("encoder", "sequence"):
        ours, theirs = first.parts()[part], second.parts()[part]
        assert [v.name for v in ours] == [v.name for v in theirs] and ours
        for one, two in zip(ours, theirs):
            assert one.numpy().tobytes() == two.numpy().tobytes(), one.name
    orders = []
    for e in runs.values():
        roles = splits.prepare(e)
        course = pipeline.Course(roles.train.widths, e.train.seed, e.train.batch_size, 9)
        batches = pipeline.batches(roles.train, roles.labels, course, e.geometry, augment_seed=0)
        orders.append(
            [([roles.train.sample(i).id for i in b.samples], b.images.values) for b in batches]
        )
    for (ids, images), (other_ids, other_images) in zip(*orders):
        assert ids == other_ids
        np.testing.assert_array_equal(images, other_images)
    an_epoch = [i for ids, _ in orders[0][: course.steps_per_epoch] for i in ids]
    assert sorted(an_epoch) == sorted(roles.train.ids)


def test_the_record_proves_what_two_heads_shared(unbroken):
    folders = [RunFolder(unbroken / head) for head in tiny.HEADS]
    first, second = (folder.description.first_weights for folder in folders)
    assert first["encoder"] == second["encoder"] and first["sequence"] == second["sequence"]
    assert first["head"] != second["head"]
    chains = [
        [r["batches"] for r in folder.metrics.records() if "batches" in r] for folder in folders
    ]
    assert chains[0] == chains[1] and len(set(chains[0])) == len(chains[0]) > 1


def test_flags_choose_among_the_training_lines(tmp_path):
    def ids(**flags):
        chosen = {f"data.{name}": value for name, value in flags.items()}
        return set(splits.prepare(options.replace(tiny.experiment(), chosen)).train.ids)

    every = ids()
    half, tenth = ids(share=0.5), ids(share=0.1)
    assert tenth < half < every and 0.3 < len(half) / len(every) < 0.7
    shortest = min(map(len, splits.prepare(tiny.experiment()).train.texts))
    roles = splits.prepare(options.replace(tiny.experiment(), {"data.max_length": shortest}))
    assert 0 < len(roles.train) < len(every) and {len(t) for t in roles.train.texts} == {shortest}
    file = tmp_path / "lines.txt"
    file.write_text("".join(digest.tobytes().hex() + "\n" for digest in roles.train.digests))
    assert ids(lines=str(file)) == set(roles.train.ids)
    with pytest.raises(InputError, match="no training line is left"):
        ids(lines=str(file), share=0.001)
    file.write_text("cafe\nno digest\n")
    with pytest.raises(InputError, match="--data.lines=.*: a line is no sha256"):
        ids(lines=str(file))
    with pytest.raises(InputError, match="--data.lines=.*: No such file"):
        ids(lines=str(tmp_path / "none"))


def test_another_seed_starts_elsewhere():
    e = tiny.experiment()
    alphabet = splits.prepare(e).alphabet
    other = options.replace(e, {"train.seed": 1})
    kernels = [loop.build(x, alphabet).encoder.variables[0].numpy() for x in (e, other)]
    assert not np.array_equal(*kernels)


def test_a_run_in_use_is_refused(tmp_path):
    command = [sys.executable, "-m", "tests.experiment.tiny", "ctc", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        deadline = time.time() + 60
        while not (tmp_path / "run" / "run.json").exists() and time.time() < deadline:
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGSTOP)
        second = start("ctc", tmp_path / "run")
        os.kill(child.pid, signal.SIGCONT)
        child.kill()
    assert second.returncode == 2
    assert "in use" in second.stderr and len(second.stderr.strip().splitlines()) == 1


def test_ctrl_c_says_how_to_resume_and_keeps_the_step(tmp_path):
    command = [sys.executable, "-m", "tests.experiment.tiny", "ctc", str(tmp_path / "run")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        for line in child.stderr:
            if line.startswith("step"):
                break
        child.send_signal(signal.SIGINT)
        rest = child.stderr.read()
    assert child.returncode == 130
    assert "resume" in rest and "Traceback" not in rest
    assert RunFolder(tmp_path / "run").checkpoints.steps()


def test_a_loss_that_is_not_finite_stops_and_names_its_lines(tmp_path, monkeypatch):
    e = tiny.experiment(
        learning_rate=1e30, normalize_gradient=False, warmup_steps=0, checkpoint_every=1
    )
    with pytest.raises(InputError, match=r"not finite at step \d+; lines: synthetic:.*#\d+"):
        loop.run(e, tmp_path / "run")
    for array in RunFolder(tmp_path / "run").checkpoints.load("last").arrays.values():
        assert np.isfinite(array).all()


def test_early_stopping_counts_selections(tmp_path):
    e = tiny.experiment(learning_rate=0.0, evaluate_every=1, patience=3, freeze=("encoder",))
    loop.run(e, tmp_path / "run")
    assert (
        RunFolder(tmp_path / "run").checkpoints.load("last").step == 4
    )  # the best, and three worse


def test_starting_from_another_run(unbroken, tmp_path, capsys):
    source = str(unbroken / "ctc")
    whole = tiny.experiment(init_from=source, learning_rate=0.0, steps=1)
    loop.run(whole, tmp_path / "whole")
    trained, fresh = restore(source).model, restore(tmp_path / "whole").model
    for one, two in zip(trained.trainable_variables, fresh.trainable_variables):
        np.testing.assert_array_equal(one, two)
    frozen = tiny.experiment(
        "attention", init_from=source, init_parts="encoder+sequence", freeze=("encoder", "sequence")
    )
    loop.run(frozen, tmp_path / "body")
    new = restore(tmp_path / "body", "last").model
    theirs = variables(trained)
    body = {path: v for path, v in variables(new).items() if not path.startswith("head/")}
    assert body
    for path, variable in body.items():  # frozen: moving statistics too
        np.testing.assert_array_equal(variable, theirs[path], path)
    with pytest.raises(InputError, match="init_parts"):
        loop.run(tiny.experiment("attention", init_from=source), tmp_path / "refused")


def test_a_parent_that_does_not_fit_leaves_no_folder(unbroken, tmp_path):
    wrong = (
        tiny.experiment(init_from=str(tmp_path / "none")),
        tiny.experiment("attention", init_from=str(unbroken / "ctc")),
        tiny.experiment(init_parts="encoder+sequence"),
        tiny.experiment(freeze=("encoder", "sequence", "head")),
    )
    for e in wrong:
        with pytest.raises(InputError):
            loop.run(e, tmp_path / "run")
        assert not (tmp_path / "run").exists()


def test_lines_seen_by_a_parent_stay_seen(unbroken, tmp_path):
    parent = str(unbroken / "ctc")
    roles = splits.prepare(tiny.experiment())
    source = roles.train.source
    for i, (position, text) in enumerate(zip(roles.train.positions, roles.train.texts)):
        (tmp_path / f"{i}.png").write_bytes(source.read(int(position)))
        with open(tmp_path / "labels.tsv", "a") as file:
            file.write(f"{i}.png\t{text}\n")
    e = options.replace(
        tiny.experiment(init_from=parent, init_parts="encoder+sequence"),
        {"data.val": (str(tmp_path / "labels.tsv"),)},
    )
    e = options.replace(e, {"data.train": ("synthetic:digits:count=20:seed=9",)})
    with pytest.raises(InputError, match="validation holds .* images"):
        loop.run(e, tmp_path / "run")
    child = options.replace(e, {"data.val": (), "train.steps": 1})
    loop.run(child, tmp_path / "run")
    known = {line.digest: line.role for line in RunFolder(tmp_path / "run").lines()}
    assert {known[d.tobytes()] for d in roles.train.digests} == {"inherited"}


def test_bad_training_lines_are_named_and_skipped_or_fatal(tmp_path, capsys):
    data = open_sources(["synthetic:digits:count=30"])
    good = [f"{i}.png\t{s.text}" for i, s in enumerate(data.samples)]
    for i in range(len(good)):
        (tmp_path / f"{i}.png").write_bytes(data.read(i))
    (tmp_path / "cut.png").write_bytes(data.read(0)[:200])
    (tmp_path / "nothing.png").write_bytes(b"")
    bad = ["cut.png\t12", "nothing.png\t12", "gone.png\t12", "3.png\t", f"4.png\t{'1' * 200}"]
    (tmp_path / "labels.tsv").write_text("\n".join(good + bad) + "\n")
    e = options.replace(tiny.experiment(steps=2), {"data.train": (str(tmp_path / "labels.tsv"),)})
    loop.run(e, tmp_path / "run")
    shown = capsys.readouterr().err
    assert "skipped 5 training lines (3 image, 1 label, 1 unreachable)" in shown
    skipped = (tmp_path / "run" / "skipped.tsv").read_text().splitlines()
    assert sorted(int(line.split(":")[1].split("\t")[0]) for line in skipped) == list(range(31, 36))
    with pytest.raises(InputError, match=r"labels.tsv:31: .*--data.strict"):
        splits.prepare(options.replace(e, {"data.strict": True}))


def test_roles_may_not_share_images():
    e = options.replace(tiny.experiment(), {"data.val": ("synthetic:digits:count=3:seed=0",)})
    with pytest.raises(InputError, match="shares 3 images"):
        splits.prepare(e)


def test_schedule():
    settings = tiny.experiment(steps=100, warmup_steps=10, learning_rate=2.0).train
    rates = [float(Schedule(settings)(tf.constant(s))) for s in range(101)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) * 0.2, rtol=1e-6)
    assert rates[10] == 2.0 and rates[100] == pytest.approx(0, abs=1e-6)
    assert rates[55] == pytest.approx(1.0, rel=1e-5)  # half-way down the cosine
    assert all(a >= b for a, b in zip(rates[10:], rates[11:]))
    line = json.loads(json.dumps({"rates": rates}))  # plain numbers
    assert len(line["rates"]) == 101


def test_of_equal_selections_the_last_is_the_best(tmp_path):
    e = tiny.experiment(learning_rate=0.0, evaluate_every=2, steps=6, freeze=("encoder",))
    loop.run(e, tmp_path / "run")
    state = RunFolder(tmp_path / "run").checkpoints.state()
    assert (state.best_step, state.worse) == (6, 2)

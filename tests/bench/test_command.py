"""The whole tool on a tiny run and its exports."""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.bench import command, gemm_peak, memory, models
from ocr_tf.bench.config import Bench
from ocr_tf.bench.random_batch import batch
from ocr_tf.cli.experiments import experiment
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference import load
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.run_folder import RunFolder
from tests.experiment import tiny

QUICK = {"batch_size": 2, "width": 40, "label_length": 3, "repeats": 2, "requests": 3}
SPEED = ("step", "inference", "parts", "layer")


class Reader(tf.Module):
    """Stands in for an export: reads every PNG as its number of bytes."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "images")])
    def read(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        ok = tf.strings.substr(images, 1, 3) == b"PNG"
        return {"text": tf.strings.as_string(tf.strings.length(images)), "ok": ok}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run whose weights are no first ones, and two exports."""
    folder = tmp_path_factory.mktemp("bench")
    experiment, alphabet = tiny.experiment("ctc"), Alphabet("0123456789")
    arrays = {
        path: variable.numpy() + 0.01
        for path, variable in load.variables(load.build(experiment, alphabet)).items()
    }
    run = RunFolder.create_or_open(folder / "run")
    run.begin(experiment, alphabet, {})
    run.checkpoints.save(1, arrays, TrainingState(best_step=1, finished=True))
    reader = Reader()
    for name in ("one", "two"):
        tf.saved_model.save(reader, str(folder / name), {"serving_default": reader.read})
    return folder


@pytest.mark.slow
def test_everything_is_measured_and_written(folder, capsys, monkeypatch):
    monkeypatch.setattr(gemm_peak, "SHAPES", ((64, 32, 16), (16, 16, 16)))
    output = folder / "bench.json"
    config = Bench(
        **QUICK, measure=SPEED, dtypes=("bfloat16",), against="keras", output=str(output)
    )
    monkeypatch.chdir(folder)  # short names: tables are as wide as the names are long
    command.run(config, ["run", "one", "two"], experiment)
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if len(line) > 100] == []
    written = json.loads(output.read_text())
    assert written["settings"]["batch_size"] == 2 and written["machine"]["threads"] >= 1
    assert set(written["peaks"]) == {"bfloat16"}
    (network,) = written["networks"]
    rows = {row["what"]: row for row in network["rows"]}
    assert all(len(row["seconds"]) == 2 for row in rows.values())
    parts = [rows[part] for part in ("encoder", "sequence", "head")]
    step = rows["training step"]
    assert step["flops"] == sum(part["flops"] for part in parts) > 2 * step["forward"]
    assert step["flops"] == rows["keras training step"]["flops"]
    pieces = [part["seconds"] for part in parts] + [rows["step less its parts"]["seconds"]]
    np.testing.assert_allclose(np.sum(pieces, axis=0), step["seconds"])
    assert rows["inference"]["flops"] > 0
    (layer,) = written["layers"]
    assert (layer["dtype"], layer["steps"], layer["units"]) == ("bfloat16", 10, 16)
    first, second = written["exports"]
    assert first["text"] == second["text"] and int(first["text"]) > 100
    assert len(first["seconds"]) == 3 and len(first["batch_seconds"]) == 2
    ratios = re.findall(r"^  (.*): [\d.]+ \(quartiles", shown, re.M)
    assert set(ratios) == {
        "keras / layer",
        "keras / ours, inference",
        "keras / ours, training step",
        "layer / its GEMMs alone",
        "two / one, 1 image",
    }


def test_a_run_is_measured_with_its_best_weights(folder):
    (network,), _ = models.find([str(folder / "run")], experiment)
    built, trained = network.build(network.experiment), load.restore(folder / "run").model
    for found, expected in zip(built.variables, trained.variables):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"narrowest": 50}, "--narrowest=50 is more than --width=40"),
        ({"label_length": 11}, "--label_length=11: '.*' needs 1[1-9] steps and 40 pixels give 10"),
        ({"narrowest": 4}, "needs [345] steps and 4 pixels give 1.*--narrowest"),
        ({"dtypes": ()}, "--dtypes is empty"),
        ({"measure": ()}, "--measure is empty"),
        ({"output": "/no/such/folder/x.json"}, "--output=/no/such/folder/x.json"),
        ({"output": "/"}, "--output=/"),
    ],
)
def test_bad_settings_are_named(folder, settings, message):
    config = Bench(**{**QUICK, "dtypes": ("float32",), **settings})
    with pytest.raises(InputError, match=message):
        command.run(config, [str(folder / "run")], experiment)


def test_an_image_or_an_export_that_cannot_be_used_is_named(folder, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(InputError, match="one cannot read the image"):
        config = Bench(**QUICK, image=str(tmp_path / "text.png"))
        command.run(config, [str(folder / "one")], experiment)
    with pytest.raises(InputError, match="--image=.*gone.png: No such file"):
        config = Bench(**QUICK, image=str(tmp_path / "gone.png"))
        command.run(config, [str(folder / "one")], experiment)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(InputError, match="not an export of ocr_tf, or damaged"):
        command.run(Bench(**QUICK), [str(tmp_path)], experiment)


def test_lines_are_as_wide_as_asked_and_empty_behind():
    made = batch(5, 16, 40, Alphabet("abc"), length=3, narrowest=20)
    assert made.images.widths.numpy().tolist() == [20, 25, 30, 35, 40]
    for values, width in zip(made.images.values.numpy(), made.images.widths.numpy()):
        assert values[:, :width].all() and not values[:, width:].any()
    assert made.labels.ids.numpy().max() < 3


def _die(*_: object) -> None:
    os._exit(9)


def test_a_killed_process_is_told_of(monkeypatch):
    monkeypatch.setattr(memory, "_train", _die)
    with pytest.raises(InputError, match="was killed.*--batch_size"):
        memory.measure("ours", None, None, ())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ours", "keras"])
def test_memory_is_that_of_a_process_of_its_own(folder, kind):
    trained = load.restore(folder / "run")
    ballast = np.ones(2**28)  # 2 GiB that the measured process must not be charged with
    arguments = (2, 16, 40, trained.model.alphabet, 3)
    found = memory.measure(kind, trained.experiment, trained.model.alphabet, arguments)
    assert 2**26 < found.imported < found.training < ballast.nbytes

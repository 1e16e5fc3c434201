"""The temperature: read from its flag, fitted on validation lines alone, kept with the checkpoint's step."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.data import pipeline
from ocr_tf.data.dataset import open_source
from ocr_tf.data.lines import LabelIds, load_lines
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference import temperature
from ocr_tf.experiment.inference.recognize import Reader
from ocr_tf.experiment.inference.temperature import fit, set_temperature
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.runs.temperature import (
    Fitted,
    keep_fitted,
    parse_temperature,
    read_fitted,
)
from ocr_tf.experiment.training import splits
from tests.experiment import tiny, untrained


@pytest.fixture(scope="module", params=tiny.HEADS)
def trained(request, tmp_path_factory):
    """An untrained run that remembers its lines, and its validation lines."""
    path = tmp_path_factory.mktemp(request.param) / "run"
    restored = untrained.write(path, request.param, Alphabet("0123456789"))
    roles = splits.prepare(restored.experiment)
    RunFolder(path).remember_lines(roles.rows())
    return restored, roles.val


def test_the_fitted_temperature_is_the_best_of_lines_that_are_read_half_right(trained, tmp_path):
    """Labels are the network's own readings, of every other line with another first symbol."""
    restored, val = trained
    model, geometry = restored.model, restored.geometry
    model.head.temperature = 1.0
    rows = []
    for i, reading in enumerate(Reader(model, geometry, 8).read(val)):
        (tmp_path / f"{i}.png").write_bytes(val.read(i))
        other = "2" if reading.text[:1] == "1" else "1"
        text = reading.text if i % 2 else other + reading.text[1:]
        rows.append(f"{i}.png\t{text}\n")
    rows.append(f"{len(rows) - 1}.png\tx\n")  # counts nowhere: it cannot be written
    (tmp_path / "labels.tsv").write_text("".join(rows))
    lines = load_lines(open_source(str(tmp_path / "labels.tsv")), geometry)
    found = fit(model, lines, geometry)
    assert model.head.temperature == 1.0

    known = lines.take(np.arange(len(val)))
    ids = LabelIds(known, model.alphabet)
    (batch,) = pipeline.batches(known, ids, [np.arange(len(val))], geometry)
    frames = model(batch.images)

    def loss(value: float) -> float:
        model.head.temperature = value
        return -float(tf.reduce_mean(model.head.score(frames, batch.labels)))

    assert found.lines == len(val) and 0.1 < found.temperature < 19
    assert loss(1.0) == pytest.approx(found.before, rel=1e-4)
    assert loss(found.temperature) == pytest.approx(found.after, rel=1e-4)
    for factor in (0.8, 1.25):
        assert loss(found.temperature * factor) > found.after
    assert found.after < found.before


def test_it_is_fitted_on_all_validation_lines_and_no_others(trained, monkeypatch, capsys):
    restored, val = trained
    given = []
    monkeypatch.setattr(temperature, "fit", lambda *a: given.append(a) or Fitted(2, 6, 1.5, 1))
    set_temperature(restored, "fitted")
    assert sorted(given[0][1].ids) == sorted(val.ids)
    assert "fitted on 6 validation lines: mean -log p(reference | image) 1.5000 -> 1.0000" in (
        capsys.readouterr().err
    )


def test_what_was_fitted_is_kept_by_the_checkpoints_step(trained, monkeypatch):
    restored, _ = trained
    path = restored.folder.path
    keep_fitted(path, restored.step, Fitted(1.5, 3, 2.0, 1.0))
    keep_fitted(path, 77, Fitted(3.0, 3, 2.0, 1.0))
    asked = []
    monkeypatch.setattr(
        temperature, "fit", lambda *given: asked.append(given) or Fitted(2, 1, 1, 1)
    )
    set_temperature(restored, "fitted")
    assert restored.model.head.temperature == 1.5 and not asked
    set_temperature(restored._replace(step=2), "fitted")
    assert restored.model.head.temperature == 2 and len(asked) == 1
    assert read_fitted(path, 2) == Fitted(2, 1, 1, 1) and read_fitted(path, 77).temperature == 3
    set_temperature(restored, "0.5")
    assert restored.model.head.temperature == 0.5
    for damaged in ("", "[]", '{"1": {"temperature": 2}}', "\x00"):
        (path / "temperatures.json").write_text(damaged)
        assert read_fitted(path, 1) is None
    (path / "temperatures.json").unlink()


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "", "warm", "1e999"])
def test_what_is_no_temperature_is_refused(text):
    with pytest.raises(InputError, match=f"--temperature={text}: give a number above 0, or fitted"):
        parse_temperature(text)


def test_validation_lines_that_are_gone_or_changed_are_named(trained, tmp_path):
    restored, _ = trained
    rows = [row for row in restored.folder.lines() if row.role == "val"]
    other = RunFolder(tmp_path)
    gone = [*rows, rows[0]._replace(id="elsewhere/1")]
    changed = [rows[0]._replace(pixels=rows[0].pixels + 1), *rows[1:]]
    for lines, message in [
        (gone, "lacks 1 of the"),
        (changed, f"the image of {rows[0].id} is not"),
    ]:
        other.remember_lines(lines)
        with pytest.raises(InputError, match=message):
            set_temperature(restored._replace(folder=other), "fitted")


def test_a_head_that_takes_no_temperature_is_told(trained, monkeypatch):
    restored, val = trained
    restored.model.head.temperature = 1.0
    monkeypatch.setattr(type(restored.model.head), "tempered", lambda head, logits: logits)
    with pytest.raises(InputError, match="the head takes no temperature"):
        fit(restored.model, val.take(np.arange(2)), restored.geometry)

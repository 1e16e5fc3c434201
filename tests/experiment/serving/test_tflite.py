"""A TensorFlow Lite file reads what the run reads, and spells it with what it holds."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.data.image import as_tensor, prepare_batch
from ocr_tf.errors import InputError
from ocr_tf.experiment.serving import saved_model, tflite
from ocr_tf.experiment.serving.config import Export
from ocr_tf.types import Images
from tests.experiment import untrained


def prepared(trained) -> list[tf.Tensor]:
    """Lines [1, H, W, 1], each of its own width."""
    images, _ = prepare_batch(as_tensor(untrained.images()), trained.experiment.geometry)
    return [values[None, :, :width] for values, width in zip(images.values, images.widths.numpy())]


def read(path, lines) -> list[tuple[str, float]]:
    with zipfile.ZipFile(path) as archive:
        symbols = archive.read("alphabet.txt").decode().split("\n")[:-1]
        assert set(archive.namelist()) == {"alphabet.txt", "ocr_tf.json"}
    runner = tf.lite.Interpreter(str(path)).get_signature_runner()
    found = []
    for pixels in lines:
        answer = runner(pixels=pixels, widths=np.array([pixels.shape[2]], np.int32))
        ids = answer["ids"][0, : answer["lengths"][0]]
        found.append(("".join(symbols[i] for i in ids), float(answer["log_prob"][0])))
    return found


@pytest.mark.parametrize(
    "served",
    [
        "attention",
        *(
            pytest.param(head, marks=pytest.mark.slow)
            for head in ("ctc", "attention_dot", "transformer")
        ),
    ],
    indirect=True,
)
def test_the_text_is_the_runs(served, tmp_path):
    path = tmp_path / "model.tflite"
    saved_model.run(Export(), str(served.run), str(path))
    lines, model = prepared(served.trained), served.trained.model
    found = read(path, lines)
    assert len({text for text, _ in found}) > 3
    for pixels, (text, log_prob) in zip(lines, found):
        best = model.recognize(Images(pixels, tf.constant([pixels.shape[2]])))
        assert text == model.alphabet.decode(best.ids[0, 0, : best.lengths[0, 0]].numpy())
        assert log_prob == pytest.approx(float(best.log_probs[0, 0]), rel=1e-3)


@pytest.mark.slow
def test_a_run_in_bfloat16_is_converted_in_float32(tmp_path):
    path = tmp_path / "model.tflite"
    half = untrained.write(tmp_path / "half", "ctc", bfloat16="true")
    saved_model.run(Export(), str(tmp_path / "half"), str(path))
    lines = prepared(half)
    model = untrained.write(tmp_path / "full", "ctc").model  # the same weights
    for pixels, (text, _) in zip(lines, read(path, lines)):
        best = model.recognize(Images(pixels, tf.constant([pixels.shape[2]])))
        assert text == model.alphabet.decode(best.ids[0, 0, : best.lengths[0, 0]].numpy())


def test_a_head_of_two_branches_is_refused_before_the_conversion(tmp_path, monkeypatch):
    untrained.write(tmp_path / "joint", "ctc_attention")
    monkeypatch.setattr(tflite, "convert", lambda *_: pytest.fail("converted"))
    with pytest.raises(InputError, match="cannot hold the head ctc_attention; export a SavedModel"):
        saved_model.run(Export(), str(tmp_path / "joint"), str(tmp_path / "model.tflite"))
    assert not (tmp_path / "model.tflite").exists()


def test_what_the_converter_refuses_is_named(capfd):
    @tf.function(input_signature=[tf.TensorSpec([1])])
    def function(x):
        return {"y": tf.math.betainc(x, x, x)}

    with pytest.raises(
        InputError, match="TensorFlow Lite cannot hold this network: 'tf.Betainc' op"
    ):
        tflite._converted(function, tf.Module())
    assert not capfd.readouterr().err

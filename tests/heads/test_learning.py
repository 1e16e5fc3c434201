"""Every head of HEADS learns a few lines by heart, doubled letters included, and survives saving."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.encoders import ENCODERS
from ocr_tf.experiment.config.experiment import Sequence, Train
from ocr_tf.experiment.training.step import Stepper
from ocr_tf.heads import HEADS
from ocr_tf.recognizer import Recognizer
from ocr_tf.types import Images

from .lines import batch, rows

TEXTS = ["aabb", "hello", "abba", "llama", "0110", "ball", "booo"]
ALPHABET = Alphabet.from_texts(TEXTS)
STEPS = 120


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(head, marks=pytest.mark.slow if head == "ctc_attention" else [])
        for head in HEADS
    ],
)
def model(request) -> Recognizer:
    """Trained for a few seconds, with the step and the options of real trainings."""
    head = HEADS[request.param]()
    model = Recognizer(ENCODERS["compact"](), Sequence(1, 64, 0.1), head, ALPHABET, 32)
    train = Train(steps=STEPS, batch_size=len(TEXTS), learning_rate=3e-3, warmup_steps=10)
    stepper, lines = Stepper(model, train), batch(TEXTS, ALPHABET)
    for _ in range(STEPS):
        stepper(lines)
    return model


def read(model: Recognizer, images: Images) -> list[str]:
    found = model.recognize(images)
    return [ALPHABET.decode(row) for row in rows(found.ids[:, 0], found.lengths[:, 0])]


def test_lines_are_learnt_exactly(model):
    assert read(model, batch(TEXTS, ALPHABET).images) == TEXTS


def test_what_was_learnt_is_probable_and_ended(model):
    lines = batch(TEXTS, ALPHABET)
    found = model.recognize(lines.images)
    assert found.ended.numpy().all() and np.exp(found.log_probs).min() > 0.5
    score = model.head.score(model(lines.images), lines.labels)
    np.testing.assert_allclose(found.log_probs[:, 0], score, rtol=1e-3, atol=1e-5)


def test_a_line_is_read_and_scored_the_same_alone_and_in_a_wide_batch(model):
    wide = batch(TEXTS, ALPHABET, padding=61)
    together = model.head.score(model(wide.images), wide.labels).numpy()
    assert read(model, wide.images) == TEXTS
    for text, expected in zip(TEXTS, together):
        line = batch([text], ALPHABET)
        assert read(model, line.images) == [text]
        score = model.head.score(model(line.images), line.labels)
        np.testing.assert_allclose(score[0], expected, rtol=1e-4, atol=1e-5)


class Reader(tf.Module):
    """What an export holds: the weights, and the search in a graph."""

    def __init__(self, model: Recognizer):
        super().__init__()
        self.weights = list(model.variables)
        self.read = tf.function(
            lambda values, widths: model.recognize(Images(values, widths))._asdict(),
            input_signature=[
                tf.TensorSpec([None, 32, None, 1], tf.float32, "values"),
                tf.TensorSpec([None], tf.int32, "widths"),
            ],
            autograph=False,
        )


LOAD = """
import sys, numpy, tensorflow
saved = tensorflow.saved_model.load("saved")
given = numpy.load("images.npz")
numpy.savez("found.npz", **saved.read(given["values"], given["widths"]))
sys.exit(" ".join(m for m in sys.modules if m.startswith(("ocr_tf", "tensorflow_addons"))) or 0)
"""


def test_a_saved_model_needs_only_tensorflow_and_reads_the_same(model, tmp_path):
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(Reader(model), tmp_path / "saved", options=options)
    images = batch([*TEXTS[3:], "olla"], ALPHABET, padding=5).images
    np.savez(tmp_path / "images.npz", values=images.values, widths=images.widths)
    run = subprocess.run([sys.executable, "-c", LOAD], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found = np.load(tmp_path / "found.npz")
    expected = model.recognize(images)
    for name in ("ids", "lengths", "ended", "valid"):
        np.testing.assert_array_equal(found[name], getattr(expected, name), err_msg=name)
    for name in ("log_probs", "objective"):
        np.testing.assert_allclose(found[name], getattr(expected, name), rtol=1e-4, atol=1e-5)

"""The signatures agree with the model and with one another, for any batch."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import options
from ocr_tf.data.image import as_tensor, prepare_batch
from ocr_tf.decode import Beam
from ocr_tf.decode.spans import spans
from ocr_tf.encoders import Map2D, edges
from ocr_tf.experiment.inference.aligner import Aligner
from ocr_tf.experiment.inference.load import build
from ocr_tf.experiment.serving.signatures import NO_LOG_PROB, Serving
from ocr_tf.types import Labels
from tests.data.images import encode, noise
from tests.experiment import untrained

BAD = [2, 3, 4]  # of the images of `served`


@pytest.fixture
def serving(served):
    return served.serving


def ask(serving, name: str, images: list[bytes]) -> dict[str, np.ndarray]:
    answer = serving.signatures()[name](as_tensor(images))
    return {key: value.numpy() for key, value in answer.items()}


def texts_of(model, hypotheses) -> list[list[str]]:
    return [
        [model.alphabet.decode(row[:n]) for row, n in zip(ids, lengths)]
        for ids, lengths in zip(hypotheses.ids.numpy(), hypotheses.lengths.numpy())
    ]


def test_the_text_is_the_models(served, serving):
    answer = ask(serving, "serving_default", served.images)
    images, ok = prepare_batch(as_tensor(served.images), serving.geometry)
    np.testing.assert_array_equal(answer["ok"], ok)
    assert [i for i, good in enumerate(answer["ok"]) if not good] == BAD
    best = served.trained.model.recognize(images)
    texts = [row[0] for row in texts_of(served.trained.model, best)]
    assert len(set(texts)) > 3
    for i, text in enumerate(texts):
        assert answer["text"][i].decode() == ("" if i in BAD else text)
    good = answer["ok"]
    np.testing.assert_allclose(answer["log_prob"][good], best.log_probs[:, 0][good], rtol=1e-4)
    assert (answer["log_prob"][~good] == NO_LOG_PROB).all()


def test_pixels_read_as_the_images_they_come_from(served, serving):
    answer = ask(serving, "serving_default", served.images)
    prepared, _ = prepare_batch(as_tensor(served.images), serving.geometry)
    # Any width: what stands behind a line's own is not seen.
    wider = tf.pad(prepared.values, [[0, 0], [0, 0], [0, 9], [0, 0]], constant_values=0.7)
    for pixels in (prepared.values, wider):
        read = serving.tensors(pixels, prepared.widths)
        assert set(read) == {"text", "log_prob"}
        good = answer["ok"]
        np.testing.assert_array_equal(read["text"][good], answer["text"][good])
        np.testing.assert_allclose(read["log_prob"][good], answer["log_prob"][good], rtol=1e-4)


def test_widths_that_cannot_be_are_brought_within_the_pixels(served, serving):
    prepared, _ = prepare_batch(as_tensor(served.images[:2]), serving.geometry)
    most = prepared.values.shape[2]
    odd = serving.tensors(prepared.values, tf.constant([0, 10**6]))
    expected = serving.tensors(prepared.values, tf.constant([1, most]))
    tf.nest.map_structure(np.testing.assert_array_equal, odd, expected)
    assert serving.tensors(prepared.values[:, :, :0], tf.constant([0, 0]))["text"].shape == [2]


def test_the_best_of_each_line_with_their_scores(served, serving):
    answer = ask(serving, "n_best", served.images)
    model = served.trained.model
    prepared, _ = prepare_batch(as_tensor(served.images), serving.geometry)
    found = model.recognize(prepared, Beam(8, 3))
    assert answer["texts"].shape == (len(served.images), 3)
    for i, texts in enumerate(texts_of(model, found)):
        if i in BAD:
            assert not answer["ok"][i] and not answer["valid"][i].any()
            assert (answer["log_probs"][i] == NO_LOG_PROB).all()
            assert (answer["texts"][i] == b"").all()
            continue
        valid = answer["valid"][i]
        np.testing.assert_array_equal(valid, found.valid[i])
        assert [t.decode() for t in answer["texts"][i][valid]] == np.array(texts)[valid].tolist()
        np.testing.assert_allclose(
            answer["log_probs"][i][valid], found.log_probs[i][valid], rtol=1e-4
        )


def test_spans_are_columns_of_the_image_that_was_sent(served, serving):
    sizes = [(16, 150), (32, 300), (41, 99), (7, 60)]
    sent = [encode(noise(*size, seed=i)) for i, size in enumerate(sizes)]
    sent += [b"broken", encode(noise(20, 80, 3, seed=9), "JPEG"), encode(noise(9, 70, 4))]
    sizes += [None, (20, 80), (9, 70)]
    answer = ask(serving, "aligned", sent)
    plain = ask(serving, "serving_default", sent)
    for name, value in plain.items():
        np.testing.assert_array_equal(answer[name], value)
    model, encoder = served.trained.model, served.trained.experiment.encoder
    prepared, _ = prepare_batch(as_tensor(sent), serving.geometry)
    frames = model(prepared)
    assert answer["lengths"].max() > 1
    for i, size in enumerate(sizes):
        length = answer["lengths"][i]
        symbols = [symbol.decode() for symbol in answer["symbols"][i]]
        assert "".join(symbols) == answer["text"][i].decode()
        assert all(symbols[:length]) and not any(symbols[length:])
        assert not answer["spans"][i, length:].any()
        assert not answer["confidences"][i, length:].any()
        if size is None or not length:
            continue
        label = Labels(tf.constant([model.alphabet.encode("".join(symbols))]), length[None])
        line = type(frames)(frames.values[i : i + 1], frames.lengths[i : i + 1])
        steps = spans(model.head.align(line, label))[0].numpy()
        scaled, count = int(prepared.widths[i]), int(frames.lengths[i])
        columns = edges(count, encoder.stride, scaled, size[1])
        confidences = model.head.symbol_confidences(line, label)[0]
        np.testing.assert_allclose(answer["confidences"][i, :length], confidences, rtol=1e-3)
        expected = np.interp(steps, np.arange(count + 1), columns)
        np.testing.assert_allclose(answer["spans"][i, :length], expected, rtol=1e-4, atol=1e-3)
        assert (0 <= answer["spans"][i]).all() and (answer["spans"][i] <= size[1] + 1e-3).all()


@pytest.mark.parametrize("served", ["attention"], indirect=True)
def test_spans_of_a_map_are_of_its_columns(served):
    """As the aligner has them, whose cells the tests of alignments know."""
    encoder = Map2D(width=4, map_rows=3)
    experiment = dataclasses.replace(served.trained.experiment, encoder=encoder)
    model = build(experiment, served.trained.model.alphabet)
    # The same last layers as the run's, which write symbols and not just the end.
    for own, other in zip(model.head.variables[-2:], served.trained.model.head.variables[-2:]):
        own.assign(other)
    trained = served.trained._replace(experiment=experiment, model=model)
    sent = [encode(noise(*size, seed=i)) for i, size in enumerate([(16, 150), (41, 99), (32, 90)])]
    answer = ask(Serving(trained), "aligned", sent)
    texts = [text.decode() for text in answer["text"]]
    assert all(texts)
    aligner = Aligner(model, trained.geometry, encoder)
    for i, line in enumerate(aligner.align(sent, texts)):
        np.testing.assert_allclose(
            answer["spans"][i, : len(texts[i])], line.spans, rtol=1e-3, atol=0.05
        )


@pytest.mark.parametrize("served", ["ctc"], indirect=True)
def test_a_network_of_vertical_lines_reads_them_as_the_lines_that_lie(served):
    experiment = options.replace(served.trained.experiment, {"data.rotate": "270"})
    turning = Serving(served.trained._replace(experiment=experiment))
    lying = [noise(*size, seed=i) for i, size in enumerate([(16, 150), (41, 99)])]
    standing = [encode(np.rot90(pixels, -1)) for pixels in lying]
    expected = ask(served.serving, "aligned", [encode(pixels) for pixels in lying])
    answer = ask(turning, "aligned", standing)
    assert (answer["lengths"] > 0).all()
    for name, value in answer.items():
        if value.dtype == object:
            np.testing.assert_array_equal(value, expected[name])
        else:
            np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-3)


def test_an_answer_is_json_whatever_was_sent(serving):
    for images in ([b"", b"x"], [b"x", *untrained.images()]):
        for name in ("serving_default", "n_best", "aligned"):
            answer = ask(serving, name, images)
            numbers = {k: v.tolist() for k, v in answer.items() if v.dtype != object}
            json.dumps(numbers, allow_nan=False)
    assert np.exp(np.float32(NO_LOG_PROB)) == 0


def test_a_line_reads_the_same_alone_and_in_any_batch(served, serving):
    for name in ("serving_default", "n_best", "aligned"):
        together = ask(serving, name, served.images)
        for i in (0, 1, 2, 7):
            alone = ask(serving, name, served.images[i : i + 1])
            for key, value in alone.items():
                whole = together[key][i : i + 1]
                if key in ("symbols", "spans", "confidences"):  # padded to the batch's longest text
                    whole = whole[:, : value.shape[1]]
                if value.dtype in (object, bool):
                    np.testing.assert_array_equal(value, whole)
                else:
                    np.testing.assert_allclose(value, whole, rtol=1e-3, atol=1e-3)


def test_without_a_beam_there_is_no_n_best(served, serving):
    assert set(serving.signatures()) == {"serving_default", "tensors", "aligned", "n_best"}
    assert set(Serving(served.trained).signatures()) == {"serving_default", "tensors", "aligned"}


def test_batches_of_nothing_and_of_nothing_good(serving):
    for name in ("serving_default", "n_best", "aligned"):
        for images in ([], [b"", b"x"]):
            answer = ask(serving, name, images)
            assert {len(value) for value in answer.values()} == {len(images)}
            assert not answer["ok"].any()
    pixels = tf.zeros([0, serving.geometry.height, 12, 1])
    assert serving.tensors(pixels, tf.zeros([0], tf.int32))["text"].shape == [0]

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.decode.spans import spans


def of(*rows: list[float], share: float = 0.8) -> list[list[float]]:
    """Spans of the rows of one line, rounded."""
    found = spans(tf.constant([rows], tf.float32), share)[0].numpy()
    return np.round(found.astype(np.float64), 4).tolist()


def test_a_span_is_the_middle_of_the_weight():
    assert of([0, 0, 1, 0], [0, 3, 0, 0], [0, 0, 0, 1e-30]) == [[2.1, 2.9], [1.1, 1.9], [3.1, 3.9]]
    assert of([1, 1, 1, 1]) == [[0.4, 3.6]]
    assert of([0.1, 0.4, 0.4, 0.1], [0.2, 0.6, 0.2, 0]) == [[1, 3], [0.5, 2.5]]
    assert of([0, 1, 0, 1], share=0.5) == [[1.5, 3.5]]


def test_empty_steps_at_an_end_are_left_out():
    assert of([0, 1, 2, 0, 0], share=1) == [[1, 3]]
    assert of([1, 0, 0, 2, 0, 0, 1], share=0.5) == [[3, 4]]
    draw = np.random.default_rng(2)
    rows = np.pad(draw.random([500, 90]).astype(np.float32), [[0, 0], [7, 9]])
    np.testing.assert_allclose(of(*rows, share=1), [[7, 97]] * 500, atol=0.05)


def test_no_weight_no_span():
    assert of([0, 0, 0], [0, 0, 1]) == [[0, 0], [2.1, 2.9]]


@pytest.mark.parametrize("share", [0.1, 0.8, 1.0])
def test_a_span_holds_its_share(share):
    """Measured on the piecewise linear sum, sharp rows and flat ones."""
    draw = np.random.default_rng(0)
    logits = draw.standard_normal([4, 50, 300]) * draw.choice([0.1, 3, 30], [4, 50, 1])
    weights = np.exp(logits - logits.max(axis=2, keepdims=True)).astype(np.float32)
    weights *= 1e-3
    sums = np.pad(np.cumsum(weights, axis=2, dtype=np.float64), [[0, 0], [0, 0], [1, 0]])
    found = spans(tf.constant(weights), share).numpy()
    assert (found[..., 0] <= found[..., 1]).all()
    for row, span in zip(sums.reshape(-1, 301), found.reshape(-1, 2)):
        inside = np.interp(span, range(301), row / row[-1])
        np.testing.assert_allclose(inside, [(1 - share) / 2, (1 + share) / 2], atol=1e-4)


def test_any_shape_in_a_graph_and_padding_changes_nothing():
    graph = tf.function(spans, input_signature=[tf.TensorSpec([None, None, None])])
    rows = np.random.default_rng(1).random([2, 3, 7]).astype(np.float32)
    expected = spans(tf.constant(rows)).numpy()
    padded = np.pad(rows, [[0, 1], [0, 2], [0, 5]])
    found = graph(tf.constant(padded)).numpy()
    np.testing.assert_allclose(found[:2, :3], expected, rtol=1e-6)
    assert not found[2:].any() and not found[:, 3:].any()
    for shape in ([0, 3, 7], [2, 0, 7], [2, 3, 0]):
        assert graph(tf.zeros(shape)).shape == [*shape[:2], 2]

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.heads import Transformer
from ocr_tf.heads.transformer import MultiHeadAttention

from .lines import frames, labels, make


@pytest.mark.parametrize("heads", [1, 4])
def test_attention_is_that_of_keras(heads):
    """Of other shapes and another way to mask, with the same weights."""
    ours = MultiHeadAttention(8, heads, name="ours")
    theirs = tf.keras.layers.MultiHeadAttention(heads, 8 // heads, use_bias=False)
    draw = np.random.default_rng(0)
    values, memory = (tf.constant(draw.standard_normal([2, n, 8]), tf.float32) for n in (3, 5))
    allowed = tf.constant(draw.random([2, 3, 5]) < 0.6) | (tf.range(5) == 2)
    found, weights = ours(values, ours.show(memory), tf.expand_dims(allowed, 1))
    theirs(values, memory)
    for layer, kernel in zip((ours.to_query, ours.to_key, ours.to_value), theirs.variables):
        kernel.assign(tf.reshape(layer.kernel, [8, heads, 8 // heads]))
    theirs.variables[-1].assign(tf.reshape(ours.to_output.kernel, [heads, 8 // heads, 8]))
    expected, rows = theirs(values, memory, attention_mask=allowed, return_attention_scores=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(weights, rows, rtol=1e-4, atol=1e-6)
    assert not weights.numpy()[~np.broadcast_to(allowed[:, None], weights.shape)].any()


def test_a_state_grows_by_a_symbol_a_step_and_may_be_gathered():
    head, line = make("transformer", layers=2), frames([7])
    decoder = head.decoder_of(line)
    fed = tf.constant([[0, 1], [2, 1], [0, 0]])  # of three prefixes
    state = decoder.begin(3)
    for n in range(2):
        _, _, state = decoder.step(fed[:, n], state)
        assert {tuple(x.shape[:3]) for x in tf.nest.flatten(state)} == {(3, 2, n + 1)}
    after, _, _ = decoder.step(tf.constant([1, 1, 1]), state)
    turned = tf.nest.map_structure(lambda x: tf.gather(x, [2, 0, 0]), state)
    again, _, _ = decoder.step(tf.constant([1, 1, 1]), turned)
    np.testing.assert_allclose(again, tf.gather(after, [2, 0, 0]), rtol=1e-5)
    assert np.abs(after[0] - after[1]).max() > 1e-3


def test_the_order_of_the_symbols_before_matters():
    """Without positions, the two prefixes would be one set."""
    head, batch = make("transformer"), frames([7])
    scores = [
        float(head.score(batch, labels([prefix + [2]]))[0] - head.score(batch, labels([prefix]))[0])
        for prefix in ([0, 1], [1, 0])
    ]
    assert abs(scores[0] - scores[1]) > 1e-3


@pytest.mark.parametrize(
    "options, message",
    [
        ({"units": 7}, "--head.units: an even number, not 7"),
        ({"units": 8, "heads": 3}, "--head.heads: a divisor of --head.units=8, not 3"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Transformer(**options)

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import rng

PATHS = {
    "encoder/conv1/kernel": (3, 3, 8, 16),
    "sequence/bidirectional1/forward_lstm/kernel": (20, 32),
    "sequence/bidirectional1/forward_lstm/recurrent_kernel": (8, 32),
    "head/output/kernel": (20, 5),
}


def variables(names) -> list[tf.Variable]:
    return [tf.Variable(tf.zeros(PATHS[name]), name=name) for name in names]


def test_a_first_value_follows_from_seed_and_path_alone():
    every = variables(PATHS)
    rng.initialize(every, seed=3)
    for name in reversed(PATHS):  # Alone, and in another order.
        alone = variables([name])
        rng.initialize(alone, seed=3)
        together = every[list(PATHS).index(name)]
        np.testing.assert_array_equal(alone[0], together)
        assert np.abs(together).max() > 0
        rng.initialize(alone, seed=4)
        assert (alone[0].numpy() != together.numpy()).mean() > 0.99


def test_paths_of_one_shape_differ():
    one, two = (rng.initial_value(f"head/{name}/kernel", (20, 5), 0) for name in "ab")
    assert np.abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.3


def test_another_process_gives_the_same_values():
    code = (
        "import hashlib; from ocr_tf.rng import initial_value\n"
        f"for name, shape in {PATHS!r}.items():\n"
        "    print(hashlib.sha256(initial_value(name, shape, 7).tobytes()).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    values = [rng.initial_value(name, shape, 7) for name, shape in PATHS.items()]
    assert run.stdout.split() == [hashlib.sha256(value.tobytes()).hexdigest() for value in values]


def test_digests_stay_what_runs_were_made_with():
    assert rng.digest(0, "encoder/conv1/kernel") == 1556543756
    assert rng.digest("bidirectional1") == 1450550917
    assert rng.digest("a", "b") != rng.digest("ab")


def test_two_variables_of_one_path_are_refused():
    with pytest.raises(ValueError, match="share a path.*head/output/kernel"):
        rng.initialize(variables(["head/output/kernel"] * 2), seed=0)


def test_kinds_of_first_values():
    lstm = "sequence/bidirectional1/forward_lstm"
    np.testing.assert_array_equal(
        rng.initial_value(f"{lstm}/bias", (12,), 0), [0] * 3 + [1] * 3 + [0] * 6
    )
    assert not rng.initial_value("head/output/bias", (12,), 0).any()
    recurrent = rng.initial_value(f"{lstm}/recurrent_kernel", (8, 32), 0)
    for gate in np.split(recurrent, 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(8), atol=1e-6)
    kernel = rng.initial_value("encoder/conv1/kernel", (3, 3, 64, 128), 0)
    assert kernel.var() == pytest.approx(2 / (9 * (64 + 128)), rel=0.05)  # Glorot and Bengio 2010
    norm = "encoder/conv2/norm"
    assert (rng.initial_value(f"{norm}/gamma", (4,), 0) == 1).all()
    assert (rng.initial_value(f"{norm}/moving_variance", (4,), 0) == 1).all()
    assert not rng.initial_value(f"{norm}/beta", (4,), 0).any()
    assert not rng.initial_value(f"{norm}/moving_mean", (4,), 0).any()


def drop(key, name, rate=0.25, shape=(50, 80), dtype=tf.float32):
    return rng.dropout(tf.ones(shape, dtype), rate, key, name)


KEY = tf.constant([5, 6])


def test_recurrent_kernels_are_drawn_evenly_among_orthogonal_matrices():
    """Their mean trace is 0, with deviation 1; of a Q without signs it is -3.2 at 32 units."""
    traces = []
    for seed in range(25):
        kernel = rng.initial_value("sequence/lstm/recurrent_kernel", (32, 128), seed)
        gates = np.split(kernel, 4, axis=1)
        for gate in gates:
            np.testing.assert_allclose(gate.T @ gate, np.eye(32), atol=1e-5)
        traces += [np.trace(gate) for gate in gates]
    assert abs(np.mean(traces)) < 0.4 and 0.8 < np.std(traces) < 1.2


def test_dropout_hides_its_share_and_keeps_the_mean():
    dropped = drop(KEY, "layer").numpy()
    np.testing.assert_allclose(np.unique(dropped), [0, 4 / 3], rtol=1e-6)
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.03)


def test_dropout_follows_from_key_and_name_alone():
    first = drop(KEY, "layer").numpy()
    drop(KEY, "another")
    tf.random.set_seed(1)
    np.testing.assert_array_equal(first, drop(KEY, "layer"))
    np.testing.assert_array_equal(first, tf.function(drop)(KEY, "layer"))
    others = [
        drop(KEY, "layer2"),
        drop(tf.constant([5, 7]), "layer"),
        drop(tf.constant([6, 6]), "layer"),
        drop(rng.fold(KEY, 0), "layer"),
        drop(rng.fold(KEY, 1), "layer"),
    ]
    masks = [np.ravel(value) == 0 for value in (first, *others)]
    assert np.abs(np.corrcoef(masks) - np.eye(len(masks))).max() < 0.1


def test_dropout_keeps_the_dtype_and_gradient_follows_the_mask():
    values = tf.ones([40, 40], tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch(values)
        dropped = rng.dropout(values, 0.5, KEY, "layer")
    assert dropped.dtype == tf.bfloat16
    gradient = tf.cast(tape.gradient(dropped, values), tf.float32)
    np.testing.assert_array_equal(gradient, tf.cast(dropped, tf.float32))


def test_without_a_key_or_a_rate_nothing_is_dropped():
    assert (drop(None, "layer").numpy() == 1).all()
    assert (drop(KEY, "layer", rate=0.0).numpy() == 1).all()


@pytest.mark.parametrize("batch_axis", [0, 1])
def test_some_rows_of_a_batch_draw_what_they_do_in_the_whole(batch_axis):
    shape = [7, 5, 3]
    values, rows = tf.ones(shape), shape[batch_axis]
    whole = rng.dropout(values, 0.5, rng.fold(KEY, "part"), "layer", batch_axis).numpy()
    for first, end in ((0, 2), (2, rows), (rows - 1, rows)):
        key = rng.fold(rng.of_rows(KEY, first, rows), "part")
        own = tf.gather(values, tf.range(first, end), axis=batch_axis)
        expected = whole.take(range(first, end), batch_axis)
        np.testing.assert_array_equal(rng.dropout(own, 0.5, key, "layer", batch_axis), expected)
    assert 0 < (whole == 0).mean() < 1

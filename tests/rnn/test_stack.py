from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.rnn import CELLS, STACKS, stack_bidirectional
from ocr_tf.rnn.stack import Bidirectional
from ocr_tf.types import Frames

LENGTHS = [7, 1, 4, 9]
STEPS, FEATURES, UNITS = 10, 5, 3
KEY = tf.constant([1, 2])
KERAS = {
    "lstm": tf.keras.layers.LSTM,
    "gru": tf.keras.layers.GRU,
    "rnn": tf.keras.layers.SimpleRNN,
}

# Every cell in a deep stack, and one cell in every other form: a form knows nothing of its cells.
VARIANTS = [*((cell, "deep") for cell in CELLS), *(("lstm", form) for form in STACKS[1:])]
every_cell = pytest.mark.parametrize("cell", CELLS)
every_stack = pytest.mark.parametrize("form", STACKS)
every_variant = pytest.mark.parametrize("cell, form", VARIANTS)
# Graphs of all take long; the loops are one for all cells.
variants_and_a_graph = pytest.mark.parametrize(
    "cell, form, compiled", [("lstm", "deep", True), *((*variant, False) for variant in VARIANTS)]
)


def frames(seed: int = 0, garbage: float = 0.0) -> Frames:
    """Four lines, none as long as the tensor; `garbage` scales what stands behind their lengths."""
    values = np.random.default_rng(seed).standard_normal([len(LENGTHS), STEPS, FEATURES])
    for value, length in zip(values, LENGTHS):
        value[length:] *= garbage
    return Frames(tf.constant(values, tf.float32), tf.constant(LENGTHS))


def stack(
    layers: int = 2,
    dropout: float = 0.0,
    dtype: str = "float32",
    cell: str = "lstm",
    form: str = "deep",
    projection: int = 0,
):
    sequence = stack_bidirectional(
        layers, UNITS, dropout, dtype, cell=cell, stack=form, projection=projection
    )
    sequence(frames())
    rng.initialize(sequence.variables, seed=5)
    draw = np.random.default_rng(6)
    for variable in sequence.variables:  # Biases too: zeros would hide a misplaced one.
        variable.assign_add(0.3 * draw.standard_normal(variable.shape))
    return sequence


def inside() -> np.ndarray:
    return np.arange(STEPS)[None, :, None] < np.array(LENGTHS)[:, None, None]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def steps_of_lstm(values: np.ndarray, kernel, recurrent, bias) -> list:
    """One line [T, D] in the direction's order; Hochreiter and Schmidhuber 1997, with forget gates."""
    output, cell, outputs = np.zeros(UNITS), np.zeros(UNITS), []
    for value in values:
        gates = value @ kernel + output @ recurrent + bias
        enter, forget, candidate, leave = np.split(gates, 4)
        cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(candidate)
        output = sigmoid(leave) * np.tanh(cell)
        outputs.append(output)
    return outputs


def steps_of_gru(values: np.ndarray, kernel, recurrent, bias) -> list:
    """One line [T, D]; Cho et al. 2014, equations 5 to 8, the reset gate behind the product."""
    output, outputs = np.zeros(UNITS), []
    for value in values:
        enter_z, enter_r, enter_g = np.split(value @ kernel + bias[0], 3)
        state_z, state_r, state_g = np.split(output @ recurrent + bias[1], 3)
        update, reset = sigmoid(enter_z + state_z), sigmoid(enter_r + state_r)
        candidate = np.tanh(enter_g + reset * state_g)
        output = update * output + (1 - update) * candidate
        outputs.append(output)
    return outputs


def steps_of_rnn(values: np.ndarray, kernel, recurrent, bias) -> list:
    """One line [T, D]; Elman 1990."""
    output, outputs = np.zeros(UNITS), []
    for value in values:
        output = np.tanh(value @ kernel + output @ recurrent + bias)
        outputs.append(output)
    return outputs


EQUATIONS = {"lstm": steps_of_lstm, "gru": steps_of_gru, "rnn": steps_of_rnn}


def reference(values: np.ndarray, layers: list[Bidirectional], cell: str, form: str) -> np.ndarray:
    """One line [T, D] -> [T, 2U], layer by layer and step by step in float64."""
    given = [values, values]
    for layer in layers:
        sides = []
        for side, weights, turn in zip(given, layer.directions, (1, -1)):
            outputs = EQUATIONS[cell](side[::turn], *map(np.float64, weights_of(weights)))
            sides.append(np.array(outputs[::turn]))
        both = np.concatenate(sides, axis=1)
        given = sides if form == "separate" else [both, both]
    return both


@variants_and_a_graph
@pytest.mark.parametrize("key", [None, KEY], ids=["inference", "training"])
def test_outputs_are_those_of_the_equations(cell, form, key, compiled):
    sequence = stack(3, cell=cell, form=form)
    call = tf.function(sequence, autograph=False) if compiled else sequence
    found = call(frames(garbage=9.0), key).values.numpy()
    for line, value, length in zip(frames().values.numpy(), found, LENGTHS):
        expected = reference(line[:length], sequence.layers, cell, form)
        np.testing.assert_allclose(value[:length], expected, rtol=1e-5, atol=1e-6)
        assert not value[length:].any()


def test_a_projection_stands_between_layers():
    sequence = stack(3, projection=4)
    found = sequence(frames(garbage=9.0)).values.numpy()
    first, *later = sequence.layers
    for line, value, length in zip(frames().values.numpy(), found, LENGTHS):
        expected = reference(line[:length], [first], "lstm", "deep")
        for layer, linear in zip(later, sequence.projections):
            given = expected @ linear.kernel.numpy() + linear.bias.numpy()
            expected = reference(given, [layer], "lstm", "deep")
        np.testing.assert_allclose(value[:length], expected, rtol=1e-5, atol=1e-6)
        assert not value[length:].any()


def keras_twin(layer: Bidirectional, cell: str) -> list:
    """Plain layers of Keras with the weights of both directions."""
    twins = []
    for side in layer.directions:
        twin = KERAS[cell](UNITS, return_sequences=True, go_backwards=side.go_backwards)
        twin(tf.zeros([1, 1, side.cell.kernel.shape[0]]))  # makes its weights
        twin.set_weights(weights_of(side))
        twins.append(twin)
    return twins


def weights_of(side) -> list:
    return [side.cell.kernel, side.cell.recurrent_kernel, side.cell.bias]


@variants_and_a_graph
def test_outputs_and_all_gradients_equal_keras(cell, form, compiled):
    sequence = stack(2, cell=cell, form=form)
    twins = [keras_twin(layer, cell) for layer in sequence.layers]
    upstream = np.random.default_rng(8).standard_normal([len(LENGTHS), STEPS, 2 * UNITS]) * inside()
    batch = frames()

    def ours(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs = sequence(Frames(values, batch.lengths), KEY).values
            loss = tf.reduce_sum(outputs * upstream.astype(np.float32))
        variables = [
            w for layer in sequence.layers for s in layer.directions for w in weights_of(s)
        ]
        return outputs, tape.gradient(loss, [values, *variables])

    def theirs(values):
        mask = tf.sequence_mask(batch.lengths, STEPS)
        with tf.GradientTape() as tape:
            tape.watch(values)
            given = [values, values]
            for forward, backward in twins:
                sides = [
                    forward(given[0], mask=mask),
                    tf.reverse(backward(given[1], mask=mask), [1]),
                ]
                outputs = tf.concat(sides, axis=2)
                given = sides if form == "separate" else [outputs, outputs]
            loss = tf.reduce_sum(outputs * upstream.astype(np.float32))
        variables = [w for pair in twins for twin in pair for w in twin.trainable_weights]
        return outputs, tape.gradient(loss, [values, *variables])

    if compiled:
        ours = tf.function(ours, autograph=False)
    outputs, gradients = ours(batch.values)
    expected, wanted = theirs(batch.values)
    np.testing.assert_allclose(outputs, expected * inside(), rtol=1e-5, atol=1e-6)
    assert len(gradients) == len(wanted) == 13
    for one, two in zip(gradients, wanted):
        assert np.abs(two).max() > 0
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


@every_cell
def test_what_stands_behind_a_line_changes_neither_output_nor_gradient(cell):
    sequence = stack(2, cell=cell)

    def run(batch):
        with tf.GradientTape() as tape:
            outputs = sequence(batch, KEY).values
            loss = tf.reduce_sum(outputs**2)
        return outputs, tape.gradient(loss, sequence.trainable_variables)

    clean, clean_gradients = run(frames())
    dirty, dirty_gradients = run(frames(garbage=1e3))
    np.testing.assert_array_equal(clean, dirty)
    for one, two in zip(clean_gradients, dirty_gradients):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


@every_variant
@pytest.mark.parametrize("key", [None, KEY], ids=["inference", "training"])
def test_a_line_gives_the_same_alone_and_in_any_batch(cell, form, key):
    sequence, batch = stack(2, cell=cell, form=form), frames()
    together = sequence(batch, key).values.numpy()
    for i, length in enumerate(LENGTHS):
        alone = Frames(batch.values[i : i + 1, :length], batch.lengths[i : i + 1])
        np.testing.assert_allclose(
            sequence(alone, key).values[0], together[i, :length], rtol=1e-5, atol=1e-6
        )


def test_a_gradient_does_not_grow_in_the_padding():
    """Recurrent weights of 30, which over 40 steps of padding would overflow."""
    sequence = stack(1, cell="rnn")
    for direction in sequence.layers[0].directions:
        direction.cell.recurrent_kernel.assign(direction.cell.recurrent_kernel * 30)

    def gradients(padding: int):
        values = tf.pad(frames().values, [[0, 0], [0, padding], [0, 0]])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(sequence(Frames(values, tf.constant(LENGTHS)), KEY).values ** 2)
        return tape.gradient(loss, sequence.trainable_variables)

    for one, two in zip(gradients(0), gradients(40)):
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-5)


def test_a_separate_stack_never_turns_back():
    """What a forward stack has given at a step depends on no later step, at the top as below."""
    sequence, batch = stack(3, form="separate"), frames()
    changed = tf.tensor_scatter_nd_add(batch.values, [[3, 4]], [[1.0] * FEATURES])
    moved = (sequence(Frames(changed, batch.lengths)).values != sequence(batch).values).numpy()[
        3, : LENGTHS[3]
    ]
    assert not moved[:4, :UNITS].any() and moved[4:, :UNITS].all()
    assert not moved[5:, UNITS:].any() and moved[:5, UNITS:].all()


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_without_layers_frames_come_as_they_went(dtype):
    sequence = stack_bidirectional(0, UNITS, 0.5, dtype)
    values = tf.cast(frames().values, tf.bfloat16 if dtype != "float32" else tf.float32)
    for key in (None, KEY):
        found = sequence(Frames(values, tf.constant(LENGTHS)), key)
        np.testing.assert_array_equal(
            tf.cast(found.values, tf.float32), tf.cast(values, tf.float32)
        )
        assert found.lengths.numpy().tolist() == LENGTHS
    assert not sequence.variables


@every_variant
def test_bfloat16_computes_near_float32(cell, form):
    full, mixed = (
        stack(2, dtype=dtype, cell=cell, form=form) for dtype in ("float32", "mixed_bfloat16")
    )
    for one, two in zip(mixed.variables, full.variables):
        assert one.dtype == tf.float32
        one.assign(two)
    batch = frames()
    expected = full(batch).values
    for compiled in (False, True):
        call = tf.function(mixed, autograph=False) if compiled else mixed
        found = call(Frames(tf.cast(batch.values, tf.bfloat16), batch.lengths), KEY).values
        assert found.dtype == tf.bfloat16
        assert np.abs(tf.cast(found, tf.float32) - expected).max() < 0.03  # of outputs in -1..1
    with tf.GradientTape() as tape:
        values = mixed(Frames(tf.cast(batch.values, tf.bfloat16), batch.lengths), KEY).values
        loss = tf.reduce_sum(tf.cast(values, tf.float32) ** 2)
    with tf.GradientTape() as full_tape:
        full_loss = tf.reduce_sum(full(batch, KEY).values ** 2)
    wanted = full_tape.gradient(full_loss, full.trainable_variables)
    for one, two in zip(tape.gradient(loss, mixed.trainable_variables), wanted):
        assert one.dtype == tf.float32
        assert np.abs(one - two).max() < 0.05 * np.abs(two).max()


@every_stack
def test_dropout_only_in_training_and_on_every_layers_output(form):
    sequence = stack(2, dropout=0.5, form=form)
    batch = frames()
    plain = stack(2, form=form)(batch).values.numpy()
    np.testing.assert_array_equal(sequence(batch).values, plain)
    dropped = sequence(batch, KEY).values.numpy()
    valid = np.broadcast_to(inside(), dropped.shape)
    assert 0.3 < (dropped[valid] == 0).mean() < 0.7
    # Where the last layer's dropout keeps a value, it is not twice the plain one: there is another
    # dropout before it.
    kept = valid & (dropped != 0)
    assert not np.allclose(dropped[kept], 2 * plain[kept], atol=1e-3)
    one, plain_one = stack(1, dropout=0.5)(batch, KEY).values.numpy(), stack(1)(batch).values
    np.testing.assert_allclose(one, np.where(one != 0, 2 * plain_one, 0), rtol=1e-5)
    hidden = np.corrcoef(one[valid] == 0, dropped[valid] == 0)
    assert abs(hidden[0, 1]) < 0.4  # two layers' masks are not one
    np.testing.assert_array_equal(dropped, sequence(batch, KEY).values)
    assert (dropped != sequence(batch, tf.constant([1, 3])).values.numpy()).any()


@every_variant
def test_a_graph_of_unknown_shape(cell, form):
    sequence, batch = stack(2, cell=cell, form=form), frames()
    signature = [Frames(tf.TensorSpec([None, None, FEATURES]), tf.TensorSpec([None], tf.int32))]
    graph = tf.function(lambda f: sequence(f), input_signature=signature, autograph=False)
    np.testing.assert_allclose(graph(batch).values, sequence(batch).values, rtol=1e-5, atol=1e-6)
    shorter = Frames(batch.values[1:3, :4], batch.lengths[1:3])
    np.testing.assert_allclose(
        graph(shorter).values, sequence(shorter).values, rtol=1e-5, atol=1e-6
    )


@every_variant
@pytest.mark.parametrize("key", [None, KEY], ids=["inference", "training"])
def test_the_path_of_a_gpu_gives_the_same(cell, form, key, monkeypatch):
    """Keras' layer over the same weights, which cuDNN's kernel serves, stands in for the loop."""
    sequence = stack(2, cell=cell, form=form)
    loop = sequence(frames(garbage=9.0), key).values.numpy()
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    with_keras = sequence(frames(garbage=9.0), key).values.numpy()
    np.testing.assert_allclose(with_keras, loop, rtol=1e-5, atol=1e-6)

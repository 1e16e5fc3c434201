import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.decode.ctc_greedy import best_path
from ocr_tf.types import Frames

SYMBOLS = "abehlo-"  # the last is the blank
BLANK = len(SYMBOLS) - 1
PAD = -1

READINGS = {
    "hel-lo": "hello",
    "hello": "helo",
    "hhe-lll-l-oo": "hello",
    "aa-a": "aa",
    "a-b": "ab",
    "ab": "ab",
    "aabb": "ab",
    "a-a-b-b": "aabb",
    "aba": "aba",
    "---": "",
    "-": "",
    "a": "a",
    "-a": "a",
    "b---": "b",
}


def spell(paths, behind="", sharpness=6.0):
    """Log probabilities whose best path is `paths`; the padding spells `behind`."""
    steps = max(map(len, paths)) + len(behind)
    full = [(path + behind + "-" * steps)[:steps] for path in paths]
    ids = np.array([[SYMBOLS.index(symbol) for symbol in path] for path in full])
    noise = np.random.default_rng(0).standard_normal([*ids.shape, len(SYMBOLS)])
    logits = sharpness * np.eye(len(SYMBOLS))[ids] + np.clip(noise, -2, 2)
    values = tf.nn.log_softmax(tf.constant(logits, tf.float32))
    return Frames(values, tf.constant([len(path) for path in paths]))


def texts(labels):
    rows = zip(labels.ids.numpy(), labels.lengths.numpy())
    return ["".join(SYMBOLS[i] for i in row[:length]) for row, length in rows]


@pytest.mark.parametrize("path, text", READINGS.items())
def test_repeats_merge_unless_a_blank_parts_them(path, text):
    labels, _ = best_path(spell([path]), BLANK, PAD)
    assert texts(labels) == [text]


@pytest.mark.parametrize("behind", ["", "b", "hello", "-o-o"])
def test_nothing_is_read_behind_a_lines_length(behind):
    labels, _ = best_path(spell(list(READINGS), behind), BLANK, PAD)
    assert texts(labels) == list(READINGS.values())
    for row, text in zip(labels.ids.numpy(), READINGS.values()):
        assert (row[len(text) :] == PAD).all()


def test_padding_may_be_anything():
    frames = spell(list(READINGS), "hello")
    inside = tf.sequence_mask(frames.lengths, frames.values.shape[1])[:, :, None]
    broken = Frames(tf.where(inside, frames.values, np.nan), frames.lengths)
    labels, log_probs = best_path(broken, BLANK, PAD)
    assert texts(labels) == list(READINGS.values())
    np.testing.assert_array_equal(log_probs, best_path(frames, BLANK, PAD)[1])


def test_the_paths_own_log_probability():
    values = np.log([[[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]]]).astype(np.float32)
    frames = Frames(np.repeat(values, 3, axis=0), tf.constant([1, 2, 3]))
    labels, log_probs = best_path(frames, 2, PAD)
    assert labels.ids.numpy().tolist() == [[0, PAD], [0, PAD], [0, 0]]
    np.testing.assert_allclose(np.exp(log_probs), [0.5, 0.35, 0.21], rtol=1e-6)


def test_a_batch_of_nothing_but_blanks():
    labels, _ = best_path(spell(["---", "-"]), BLANK, PAD)
    assert labels.ids.shape == [2, 0] and labels.lengths.numpy().tolist() == [0, 0]


def test_a_graph_of_unknown_shape():
    signature = [Frames(tf.TensorSpec([None, None, None]), tf.TensorSpec([None], tf.int32))]
    graph = tf.function(
        lambda f: best_path(f, BLANK, PAD), input_signature=signature, autograph=False
    )
    for paths in (list(READINGS), ["---"], ["hel-lo"]):
        labels, _ = graph(spell(paths, "oo"))
        assert texts(labels) == [READINGS[path] for path in paths]

"""Which variables of each head weight decay touches, by one rule."""

from __future__ import annotations

import pytest

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.experiment.inference.load import build
from ocr_tf.experiment.training.weight_decay import is_decayed
from tests.experiment import tiny

CTC_DECAYED, CTC_LEFT = {"head/output/kernel"}, {"head/output/bias"}
ATTENTION_DECAYED = {
    "head/wrapper/mechanism/location",
    "head/wrapper/mechanism/kernel",
    "head/mechanism/memory_layer/kernel",
    "head/wrapper/attention_layer/kernel",
    "head/wrapper/decoder_lstm/kernel",
    "head/wrapper/decoder_lstm/recurrent_kernel",
    "head/output/kernel",
    "head/ctc/kernel",
}
ATTENTION_LEFT = {
    "head/embedding",
    "head/wrapper/mechanism/attention_v",
    "head/wrapper/decoder_lstm/bias",
    "head/output/bias",
    "head/ctc/bias",
}


def split(head):
    """The paths of a network's decayed variables, and of the others."""
    model = build(tiny.experiment(head), Alphabet("0123456789"))
    paths = [rng.path(variable) for variable in model.trainable_variables]
    decayed = {path for path in paths if is_decayed(path)}
    return decayed, set(paths) - decayed


@pytest.mark.parametrize("head", ["ctc", "attention", "transformer"])
def test_what_has_fewer_than_two_dimensions_is_never_decayed(head):
    model = build(tiny.experiment(head), Alphabet("0123456789"))
    for variable in model.trainable_variables:
        path = rng.path(variable)
        if len(variable.shape) < 2:
            assert not is_decayed(path), path
        elif "embedding" not in path:
            assert is_decayed(path), path


def test_the_variables_of_each_head():
    ctc, attention = split("ctc"), split("attention")
    heads = [{p for p in paths if p.startswith("head/")} for paths in (*ctc, *attention)]
    assert heads == [CTC_DECAYED, CTC_LEFT, ATTENTION_DECAYED, ATTENTION_LEFT]
    # Below the heads the rule is the same.
    for one, other in zip(ctc, attention):
        assert {p for p in one if not p.startswith("head/")} == {
            p for p in other if not p.startswith("head/")
        }

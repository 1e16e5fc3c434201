"""The plain PyTorch way is the same network: with our weights it has our losses on full-width lines."""

from __future__ import annotations

import dataclasses
import re
import sys

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.bench import random_batch, steps
from ocr_tf.bench.baselines import baseline
from ocr_tf.encoders import CRNN, Compact
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.experiment.inference.load import build
from ocr_tf.heads import CTC, Attention

DEEP = Compact(width=8, depth=2, rows="max", residual=True, standardize=True)
ALPHABET = Alphabet("0123456789")


def experiment(encoder=None, head=None, cell: str = "lstm", **train) -> Experiment:
    return Experiment(
        name="baseline",
        encoder=encoder or Compact(),
        head=head or CTC(),
        data=Data(height=20),
        sequence=Sequence(layers=2, units=8, cell=cell),
        train=Train(learning_rate=0.01, **train),
    )


def batch(width: int = 37):
    return random_batch.batch(3, 20, width, ALPHABET, length=4)


def copy_weights(model, network) -> None:
    """Gives a network of PyTorch the weights of ours; both list their layers in the same order."""
    torch = pytest.importorskip("torch")
    paths = (rng.path(v).split("recognizer/")[-1] for v in model.variables)
    paths = (re.sub(r"stage\d+/(?=conv)", "", path) for path in paths)
    ours = {path: v.numpy() for path, v in zip(paths, model.variables)}
    kinds = (torch.nn.Conv2d, torch.nn.BatchNorm2d)
    layers = [module for module in network.encoder.modules() if isinstance(module, kinds)]
    number, theirs = 0, {}
    for layer in layers:
        if isinstance(layer, torch.nn.Conv2d) and layer.kernel_size == (1, 1):
            theirs[layer.weight] = ours[f"encoder/stage{number}/kernel"].transpose(3, 2, 0, 1)
        elif isinstance(layer, torch.nn.Conv2d):
            number += 1
            theirs[layer.weight] = ours[f"encoder/conv{number}/kernel"].transpose(3, 2, 0, 1)
            if layer.bias is not None:
                theirs[layer.bias] = ours[f"encoder/conv{number}/bias"]
        else:
            names = {"weight": "gamma", "bias": "beta"}
            names |= {"running_mean": "moving_mean", "running_var": "moving_variance"}
            for their, our in names.items():
                theirs[getattr(layer, their)] = ours[f"encoder/conv{number}/norm/{our}"]
    theirs |= recurrent_weights(ours, network.recurrent)
    kernel, bias = model.head.output_layer.get_weights()
    theirs |= {network.output.weight: kernel.T, network.output.bias: bias}
    with torch.no_grad():
        for tensor, value in theirs.items():
            tensor.copy_(torch.tensor(value))


def recurrent_weights(ours: dict, recurrent) -> dict:
    """Our values of the weights of PyTorch's recurrent layers."""
    theirs = {}
    cell = recurrent.mode.partition("_")[0].lower()
    inner = {"lstm": "lstm_cell", "gru": "gru_cell", "rnn": "simple_rnn_cell"}[cell]
    for number in range(recurrent.num_layers):
        for suffix, name in (("", "forward"), ("_reverse", "backward")):
            path = f"sequence/bidirectional{number + 1}/{name}_{cell}/{inner}"
            values = {
                "weight_ih": ours[f"{path}/kernel"].T,
                "weight_hh": ours[f"{path}/recurrent_kernel"].T,
                "bias_ih": ours[f"{path}/bias"],
            }
            if cell == "gru":
                values["bias_ih"], values["bias_hh"] = ours[f"{path}/bias"]
                values = {kind: reset_first(value) for kind, value in values.items()}
            for kind, value in values.items():
                theirs[getattr(recurrent, f"{kind}_l{number}{suffix}")] = value
    return theirs


def reset_first(value: np.ndarray) -> np.ndarray:
    """A GRU's weights, which we have by update, reset, candidate, in PyTorch's order."""
    update, reset, candidate = np.split(value, 3)
    return np.concatenate([reset, update, candidate])


@pytest.mark.parametrize(
    "encoder, cell",
    [
        (CRNN(), "lstm"),
        (Compact(), "lstm"),
        (DEEP, "lstm"),
        (Compact(width=4), "gru"),
        (Compact(width=4), "rnn"),
    ],
    ids=["crnn", "compact", "deep", "gru", "rnn"],
)
def test_with_our_weights_it_has_our_losses(encoder, cell):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    given = experiment(encoder, cell=cell)
    model = build(given, ALPHABET)
    draw = np.random.default_rng(1)
    for variable in model.variables:  # Zeros and ones would hide what is exchanged.
        variable.assign_add(draw.uniform(0, 0.1, variable.shape))
    found = baseline("torch")(given, ALPHABET, batch())
    assert found.parameters() == steps.Steps(model, Train(), batch()).parameters()
    copy_weights(model, found.network)
    for training, key in ((False, None), (True, tf.constant([0, 1]))):
        found.network.train(training)
        losses = model.loss(batch().images, batch().labels, key)
        np.testing.assert_allclose(found.losses().detach(), losses, rtol=2e-3)
    copy_weights(model, found.network)  # our moments have moved
    best = model.recognize(batch().images)
    expected = [row[:n].tolist() for row, n in zip(best.ids[:, 0].numpy(), best.lengths[:, 0])]
    assert [[i for i in row if i >= 0] for row in found.read().T.tolist()] == expected


@pytest.mark.parametrize("bfloat16", [False, True])
def test_it_learns(bfloat16):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    found = baseline("torch")(experiment(bfloat16=str(bfloat16).lower()), ALPHABET, batch())
    first, *_, last = [float(found.train()) for _ in range(40)]
    assert last < first


def test_what_it_has_no_network_for_is_refused():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    apart = dataclasses.replace(experiment(), sequence=Sequence(layers=2, stack="separate"))
    for other, message in (
        (experiment(head=Attention()), "no PyTorch baseline of compact with attention"),
        (experiment(freeze=("encoder",)), "frozen"),
        (apart, "has no separate stacks"),
    ):
        with pytest.raises(InputError, match=message):
            baseline("torch")(other, ALPHABET, batch())


def test_without_pytorch_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "ocr_tf.bench.torch_baseline", raising=False)
    with pytest.raises(InputError, match=r"--against=torch: PyTorch is not installed; pip install"):
        baseline("torch")

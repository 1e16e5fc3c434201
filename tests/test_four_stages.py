"""Sizes of the published networks: CRNN, layer by layer, and the combinations of Baek et al. 2019."""

from __future__ import annotations

from string import ascii_lowercase, digits

import numpy as np
import pytest
import tensorflow as tf

from experiments import crnn_ctc, four_stages, four_stages_small
from ocr_tf import options, rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import build
from ocr_tf.types import Images

ALPHABET = Alphabet(digits + ascii_lowercase)

# In millions: Baek et al. 2019, supplementary material.
PUBLISHED = {
    "none-crnn-bilstm-ctc": 8.3,
    "none-crnn-bilstm-attention": 9.1,
    "none-resnet-bilstm-ctc": 47.0,
    "none-resnet-bilstm-attention": 47.9,
    "tps-resnet-bilstm-ctc": 48.7,
    "tps-resnet-bilstm-attention": 49.6,
}


def count(part) -> int:
    return sum(int(np.prod(variable.shape)) for variable in part.trainable_variables)


@pytest.fixture
def without_first_values(monkeypatch):
    """Drawing 50 M numbers takes longer than making the network."""
    monkeypatch.setattr(rng, "initialize", lambda *_: None)


def test_crnn_layer_by_layer(without_first_values):
    """Shi et al. 2015, Table 1: kernels and biases, and two numbers for each normalized filter.

    Their 8.3 M are with the linear layer of their code between the two BiLSTMs.
    """
    projected = options.replace(crnn_ctc.EXPERIMENT, {"sequence.projection": 256})
    model = build(projected, ALPHABET)
    assert {block.name: count(block) for block in model.encoder.blocks} == {
        "conv1": 1 * 64 * 9 + 64,
        "conv2": 64 * 128 * 9 + 128,
        "conv3": 128 * 256 * 9 + 256,
        "conv4": 256 * 256 * 9 + 256,
        "conv5": 256 * 512 * 9 + 2 * 512,  # no bias in front of a normalization
        "conv6": 512 * 512 * 9 + 2 * 512,
        "conv7": 512 * 512 * 4 + 512,
    }
    first, second = model.sequence.layers
    assert count(first) == 2 * 4 * 256 * (512 + 256 + 1)
    assert [count(linear) for linear in model.sequence.projections] == [512 * 256 + 256]
    assert count(second) == 2 * 4 * 256 * (256 + 256 + 1)
    assert count(model.head) == 512 * 37 + 37
    assert count(model) == 8_325_669
    assert count(model) - count(build(crnn_ctc.EXPERIMENT, ALPHABET)) == -392_960
    shapes, images = {}, Images(tf.zeros([1, 32, 100, 1]), tf.constant([100]))
    for block in model.encoder.blocks:
        images = block(images)
        shapes[block.name] = tuple(images.values.shape[1:])
    assert shapes == {  # height, width, channels behind a layer's pooling
        "conv1": (16, 50, 64),
        "conv2": (8, 25, 128),
        "conv3": (8, 25, 256),
        "conv4": (4, 25, 256),
        "conv5": (4, 25, 512),
        "conv6": (2, 25, 512),
        "conv7": (1, 25, 512),
    }


def test_residual_network_shapes():
    """Cheng et al. 2017, Table 1, at an eighth of its filters; 25 columns where theirs are 26."""
    small = four_stages.conditions(8, four_stages.TRAIN)["none-resnet-none-ctc"]
    model = build(small, ALPHABET)
    shapes, images = [], Images(tf.zeros([1, 32, 100, 1]), tf.constant([100]))
    for block in model.encoder.blocks:
        images = block(images)
        shapes.append(tuple(images.values.shape[1:]))
    assert list(dict.fromkeys(shapes)) == [
        (32, 100, 4),
        (16, 50, 8),
        (16, 50, 16),
        (8, 25, 16),
        (8, 25, 32),
        (4, 25, 32),
        (4, 25, 64),
        (2, 25, 64),
        (1, 25, 64),
    ]
    kernels = [v for v in model.encoder.trainable_variables if "around" not in v.name]
    assert sum("kernel" in variable.name for variable in kernels) == 29


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_are_near_the_published_ones(name, without_first_values):
    """Within 3 %. What differs is the head of attention; see docs/crnn.md."""
    size = count(build(four_stages.STUDY.conditions[name], ALPHABET)) / 1e6
    assert size == pytest.approx(PUBLISHED[name], rel=0.03)


@pytest.mark.parametrize("study", [four_stages.STUDY, four_stages_small.STUDY])
def test_the_study_has_all_combinations(study):
    conditions = study.resolved(options.replace(study, {"train.batch_size": 8}))
    assert {experiment.train.batch_size for experiment in conditions.values()} == {8}
    made = {
        (
            experiment.encoder.rectifier.points > 0,
            experiment.encoder_name,
            experiment.sequence.layers > 0,
            experiment.head_name,
        )
        for experiment in conditions.values()
    }
    assert len(conditions) == len(made) == 16


def test_a_stage_that_needs_one_width_says_so_in_a_line():
    study = four_stages.STUDY
    given = options.replace(study, {"data.width": 0})
    with pytest.raises(
        InputError,
        match=r"condition tps-crnn-.*: --encoder\.rectifier\.points=20 .*--data\.width=100",
    ):
        study.resolved(given)

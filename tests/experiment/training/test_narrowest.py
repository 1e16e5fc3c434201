"""The least width at which a label can be read."""

from __future__ import annotations

import dataclasses

import pytest

from ocr_tf.encoders import ENCODERS
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.training.narrowest import WIDEST, least_width
from ocr_tf.heads import HEADS


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("ids", [[], [3], [1, 2, 3], [1, 1, 1], list(range(90))])
def test_one_pixel_less_is_too_few(encoder, head, ids):
    experiment = Experiment("x", encoder=ENCODERS[encoder](), head=HEADS[head]())
    width = least_width(experiment)(ids)
    needed = experiment.head.needed_steps(ids)
    assert experiment.encoder.steps(width) >= needed
    assert width == 1 or experiment.encoder.steps(width - 1) < needed


def test_an_encoder_that_never_has_the_steps_ends_the_search():
    @dataclasses.dataclass(frozen=True)
    class Fixed:
        def steps(self, width):
            return 5

    find = least_width(Experiment("x", encoder=Fixed()))
    assert find([1, 2, 3]) == 1
    assert find(list(range(9))) >= WIDEST

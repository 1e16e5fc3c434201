from __future__ import annotations

import pytest

from ocr_tf.bench import models
from ocr_tf.cli.experiments import experiment
from ocr_tf.errors import InputError


def test_experiments_are_found_by_name():
    networks, exports = models.find(["crnn_ctc", "captcha_attention"], experiment)
    assert [n.experiment.name for n in networks] == ["crnn_ctc", "captcha_attention"]
    assert exports == []


@pytest.mark.parametrize(
    "names, message",
    [
        (["crnn_cct"], "did you mean crnn_ctc"),
        (["experiments/crnn_cct.py"], "did you mean crnn_ctc"),
        (
            ["quickstart"],
            "no such experiment.*quickstart_attention",
        ),  # a program, not an experiment
        (["no_such_thing"], "there are .*captcha_ctc"),
        (["crnn_ctc", "crnn_ctc"], "twice"),
    ],
)
def test_what_is_nothing_to_measure_is_named(names, message):
    with pytest.raises(InputError, match=message):
        models.find(names, experiment)


def test_a_folder_must_be_a_run_or_an_export(tmp_path):
    with pytest.raises(InputError, match=f"{tmp_path} holds no run"):
        models.find([str(tmp_path)], experiment)

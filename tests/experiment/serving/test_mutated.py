"""Broken files neither stop a reader nor change what is read beside them, and each is named."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.data.image import as_tensor
from ocr_tf.errors import InputError
from ocr_tf.experiment.serving import predict
from ocr_tf.experiment.serving.config import Predict
from tests.experiment.serving import mutated

BATCH = 16


def check(served, folder, count: int, seed: int, capfd) -> None:
    contents = dict(mutated.files(count, seed))
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    signatures = tf.saved_model.load(str(served.saved)).signatures
    read = signatures["serving_default"]
    alone = {}
    for start in range(0, count, BATCH):
        names = list(contents)[start : start + BATCH]
        together = read(images=as_tensor([contents[name] for name in names]))
        together = {key: value.numpy() for key, value in together.items()}
        for i, name in enumerate(names):
            single = read(images=as_tensor([contents[name]]))
            alone[name] = tuple(single[key][0].numpy() for key in ("text", "log_prob", "ok"))
            text, log_prob, ok = alone[name]
            assert (together["text"][i], together["ok"][i]) == (text, ok), name
            np.testing.assert_allclose(together["log_prob"][i], log_prob, rtol=1e-3, atol=1e-3)
    good = sum(bool(ok) for _, _, ok in alone.values())
    assert count / 10 < good < count * 0.9

    capfd.readouterr()
    paths = [str(folder / name) for name in contents]
    with pytest.raises(InputError, match=rf"of {count} images could not be read \(named above\)"):
        predict.run(Predict(batch_size=BATCH), str(served.saved), paths)
    shown = capfd.readouterr()
    rows = dict(line.split("\t", 1) for line in shown.out.splitlines())
    failures = [line for line in shown.err.splitlines() if line.startswith("error: ")]
    others = [line for line in shown.err.splitlines() if line and line not in failures]
    assert all(re.match(r"note: |predicting |\d{4}-.*tensorflow/", line) for line in others), others
    named = {line.removeprefix("error: ").partition(": ")[0]: line for line in failures}
    assert len(rows) == len(shown.out.splitlines()) and len(named) == len(failures)
    assert set(rows).isdisjoint(named) and set(rows) | set(named) == set(paths)
    for path, line in named.items():
        reason = line.removeprefix(f"error: {path}: ")
        assert reason and reason != "cannot be read", line
    for name, path in zip(contents, paths):
        text, log_prob, ok = alone[name]
        if ok:  # TIFF and WebP are only read by predict
            assert rows[path].split("\t")[0] == text.decode()
            assert float(rows[path].split("\t")[1]) == pytest.approx(math.exp(log_prob), abs=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("served", ["ctc"], indirect=True)
def test_two_hundred_mutated_files(served, tmp_path, capfd):
    check(served, tmp_path, 200, 1, capfd)


@pytest.mark.slow
def test_two_thousand_mutated_files(served, tmp_path, capfd):
    check(served, tmp_path, 2000, 2, capfd)

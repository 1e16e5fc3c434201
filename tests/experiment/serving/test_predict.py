"""What predict prints can be cut at its tabs and lines, and the best texts are the export's."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest

from ocr_tf.data.image import as_tensor
from ocr_tf.errors import InputError
from ocr_tf.experiment.serving import predict
from ocr_tf.experiment.serving.config import Predict

NAMES = {
    b"plain.png": "plain.png",
    b"a\tb.png": r"a\tb.png",
    b"a\nb\r.png": r"a\nb\r.png",
    rb"a\tb.png": r"a\\tb.png",
    b"\xff.png": r"\udcff.png",  # no UTF-8
    "ü.png".encode(): "ü.png",
}


@pytest.fixture
def folder(served, tmp_path):
    for i, image in enumerate(served.images):
        (tmp_path / f"{i}.png").write_bytes(image)
    return tmp_path


def rows(config, model, folder, capsys) -> list[list[str]]:
    capsys.readouterr()
    with pytest.raises(InputError, match="3 of 11 images could not be read"):
        predict.run(config, str(model), [str(folder)])
    return [line.split("\t") for line in capsys.readouterr().out.split("\n")[:-1]]


@pytest.mark.parametrize("served", ["ctc"], indirect=True)
def test_any_path_is_one_field_of_one_line(served, tmp_path, capsys):
    for content in served.images[0], b"broken":
        folder = tmp_path / ("good" if len(content) > 9 else "bad")
        folder.mkdir()
        for name in NAMES:
            with open(os.path.join(os.fsencode(folder), name), "wb") as file:
                file.write(content)
    paths = [str(tmp_path / kind / os.fsdecode(name)) for kind in ("good", "bad") for name in NAMES]
    with pytest.raises(InputError, match="6 of 12"):
        predict.run(Predict(), str(served.saved), paths)
    shown = capsys.readouterr()
    printed = [line.split("\t")[0] for line in shown.out.split("\n")[:-1]]
    assert printed == [str(tmp_path / "good" / name) for name in NAMES.values()]
    named = [line.split(": ")[1] for line in shown.err.split("\n") if line.startswith("error")]
    assert named == [str(tmp_path / "bad" / name) for name in NAMES.values()]


def test_the_best_texts_of_a_run_and_of_its_export(served, folder, capsys):
    answer = served.serving.n_best(as_tensor(served.images))
    expected = [
        (str(folder / f"{i}.png"), text.decode(), math.exp(log_prob))
        for i in range(len(served.images))
        for text, log_prob, valid in zip(
            *(answer[k][i].numpy() for k in ("texts", "log_probs", "valid"))
        )
        if valid
    ]
    expected.sort(key=lambda row: row[0])
    found = rows(Predict(n_best=3, batch_size=4), served.run, folder, capsys)
    assert [tuple(row[:2]) for row in found] == [row[:2] for row in expected]
    np.testing.assert_allclose(
        [float(row[2]) for row in found], [row[2] for row in expected], atol=1e-3
    )
    assert rows(Predict(n_best=3), served.saved, folder, capsys) == found
    two = rows(Predict(n_best=2), served.saved, folder, capsys)
    assert len(two) == 2 * 8 and [row for row in found if row in two] == two


def test_more_texts_than_an_export_has_are_refused(served, folder):
    with pytest.raises(
        InputError,
        match="--n_best=4: .*saved gives at most 3; export the run again with --n_best=4",
    ):
        predict.run(Predict(n_best=4), str(served.saved), [str(folder)])

"""The contact sheet of augmentation: what it shows, and what the command refuses."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ocr_tf.cli import launch
from ocr_tf.data.augment import AUGMENTATIONS
from ocr_tf.data.augment.augmenter import Augmenter
from ocr_tf.data.augment.options import Augment
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.image_numpy import prepare_line
from ocr_tf.data.pipeline import sample_keys
from ocr_tf.experiment.training import contact_sheet, show_augmentation
from ocr_tf.experiment.training.config import ShowAugmentation, ShownData

SOURCE = "synthetic:digits:count=5"


def rows(config: ShowAugmentation, monkeypatch) -> list[contact_sheet.Row]:
    """The rows that the command draws."""
    kept: list[contact_sheet.Row] = []
    draw = contact_sheet.draw
    monkeypatch.setattr(contact_sheet, "draw", lambda given: kept.extend(given) or draw(given))
    show_augmentation.run(config, [SOURCE])
    return kept


def test_rows_are_the_line_each_entry_alone_and_epochs(tmp_path, monkeypatch, capsys):
    augment = Augment.of(rotation=0.0, blur=(0.05, 0.1))
    output = tmp_path / "sheet.png"
    config = ShowAugmentation(
        str(output), count=3, epochs=2, data=ShownData(24, 0, augment=augment)
    )
    drawn = rows(config, monkeypatch)
    assert [row.name for row in drawn] == ["as evaluated", *AUGMENTATIONS, "epoch 0", "epoch 1"]
    assert all(len(row.images) == 3 for row in drawn)
    remarks = {row.name: row.remark for row in drawn}
    assert (remarks["blur"], remarks["flip"], remarks["rotation"]) == ("0.05", "", "0.01")
    for row in drawn[1:-2]:  # whatever its probability
        assert any(not np.array_equal(a, b) for a, b in zip(row.images, drawn[0].images)), row.name
    printed = capsys.readouterr().out
    assert printed.count("column ") == 3 and f"written to {output}" in printed
    with Image.open(output) as sheet:
        assert sheet.info["Software"] == "ocr_tf show_augmentation"
        assert sheet.height > 24 * len(drawn)


def test_an_epoch_is_what_training_draws(tmp_path, monkeypatch):
    config = ShowAugmentation(str(tmp_path / "a.png"), 5, 3, 7, ShownData(24))
    drawn = rows(config, monkeypatch)
    source = open_sources([SOURCE])
    shown = {image.tobytes() for image in drawn[0].images}
    images = [prepare_line(source.read(i), config.data.geometry) for i in range(5)]
    assert {image.tobytes() for image in images} == shown
    augmenter = Augmenter(Augment.of())
    for epoch in range(3):
        keys = sample_keys([source.sample(i).id for i in range(5)], 7, epoch)
        seen = {augmenter(image, key, 1).tobytes() for image, key in zip(images, keys)}
        assert {image.tobytes() for image in drawn[-3 + epoch].images} == seen


def test_a_seed_chooses_lines_and_draws(tmp_path, monkeypatch):
    sheets = []
    for seed in (0, 0, 1):
        output = tmp_path / "a.png"
        show_augmentation.run(ShowAugmentation(str(output), 2, 1, seed, ShownData(24)), [SOURCE])
        sheets.append(output.read_bytes())
    assert sheets[0] == sheets[1] != sheets[2]


def test_a_sheet_aligns_columns_and_shows_where_images_end():
    small, large = np.full((24, 20), -1, np.float32), np.full((24, 30), 1, np.float32)
    sheet = contact_sheet.draw(
        [contact_sheet.Row("a", "", [small, large]), contact_sheet.Row("b", "1", [large, small])]
    )
    gray = (sheet == sheet[:, :, :1]).all(axis=2)
    black, white = gray & (sheet[:, :, 0] == 0), gray & (sheet[:, :, 0] == 255)
    assert white.sum() == 2 * 60 * 48  # enlarged by two
    assert black.sum() >= 2 * 40 * 48
    assert np.flatnonzero(white.any(axis=0))[-1] == sheet.shape[1] - contact_sheet.EDGE - 1


def test_lines_that_cannot_be_read_are_passed_over(tmp_path, capsys):
    Image.new("L", (60, 20), 255).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    (tmp_path / "labels.tsv").write_text("bad.png\ta\nnone.png\tb\ngood.png\tc\n", "utf-8")
    config = ShowAugmentation(str(tmp_path / "sheet.png"), epochs=0, data=ShownData(24))
    show_augmentation.run(config, [str(tmp_path / "labels.tsv")])
    assert capsys.readouterr().out.splitlines()[0] == f"column 1: {tmp_path / 'good.png'}"


def refused(capsys, *argv: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        launch.console(["show_augmentation", *argv])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_wrong_input_is_one_line(tmp_path, capsys):
    (tmp_path / "labels.tsv").write_text("none.png\tb\n", "utf-8")
    (tmp_path / "mine.png").write_bytes(b"mine")
    sheet = f"--output={tmp_path}/a.png"
    assert "DATA is missing" in refused(capsys)
    assert "none.tsv" in refused(capsys, str(tmp_path / "none.tsv"), sheet)
    assert "none.png" in refused(capsys, str(tmp_path / "labels.tsv"), sheet)
    assert "end in .png" in refused(capsys, SOURCE, "--output=a.jpg")
    assert "choose another" in refused(capsys, SOURCE, f"--output={tmp_path}/mine.png")
    assert "there is no folder" in refused(capsys, SOURCE, f"--output={tmp_path}/no/a.png")
    assert "at most 0.2" in refused(capsys, SOURCE, "--data.augment.blur.magnitude=3")
    assert (tmp_path / "mine.png").read_bytes() == b"mine"

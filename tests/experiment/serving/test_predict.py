"""What predict prints can be cut at its tabs and lines, and the best texts are the export's."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_tf.data.image import as_tensor
from ocr_tf.errors import InputError
from ocr_tf.experiment.serving import predict, reader, saved_model
from ocr_tf.experiment.serving.config import Export, Predict
from ocr_tf.experiment.serving.export_folder import ABOUT
from tests.data.images import png_of_zeros
from tests.experiment import untrained

NAMES = {
    b"plain.png": "plain.png",
    b"a\tb.png": r"a\tb.png",
    b"a\nb\r.png": r"a\nb\r.png",
    rb"a\tb.png": r"a\\tb.png",
    b"\xff.png": r"\udcff.png",  # no UTF-8
    "ü.png".encode(): "ü.png",
    b"\x1b[2J.png": r"\x1b[2J.png",
    "a\u202egnp.png".encode(): r"a\u202egnp.png",
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
    with pytest.raises(InputError, match=f"{len(NAMES)} of {2 * len(NAMES)}"):
        predict.run(Predict(), str(served.saved), paths)
    shown = capsys.readouterr()
    printed = [line.split("\t")[0] for line in shown.out.split("\n")[:-1]]
    assert printed == [str(tmp_path / "good" / name) for name in NAMES.values()]
    named = [line.split(": ")[1] for line in shown.err.split("\n") if line.startswith("error")]
    assert named == [str(tmp_path / "bad" / name) for name in NAMES.values()]


@pytest.mark.parametrize(
    "served", ["ctc", pytest.param("attention", marks=pytest.mark.slow)], indirect=True
)
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
    np.testing.assert_allclose(
        [math.exp(float(row[3])) for row in found], [float(row[2]) for row in found], atol=2e-4
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


@pytest.mark.slow
@pytest.mark.parametrize("served", ["ctc", "attention"], indirect=True)
def test_search_and_temperature_are_used_by_a_run_and_by_an_export_made_with_them(
    served, folder, tmp_path, capsys
):
    exported = tmp_path / "beam"
    export = Export(n_best=2, search="beam:2", temperature="3")
    saved_model.run(export, str(served.run), str(tmp_path / "narrow"))
    two = rows(Predict(n_best=2), tmp_path / "narrow", folder, capsys)
    own = Predict(n_best=2, search="beam:2", temperature="3")
    assert two == rows(own, served.run, folder, capsys)
    export = Export(n_best=0, search="beam:8", temperature="3")
    saved_model.run(export, str(served.run), str(exported))
    best = rows(Predict(n_best=1, temperature="3"), served.run, folder, capsys)
    best = [row[:3] for row in best]
    assert rows(Predict(search="beam:8", temperature="3"), served.run, folder, capsys) == best
    found = rows(Predict(), exported, folder, capsys)
    assert [row[:2] for row in found] == [row[:2] for row in best]
    mild, plain = (
        [float(row[2]) for row in some]
        for some in (found, rows(Predict(search="beam:8"), served.run, folder, capsys))
    )
    np.testing.assert_allclose(mild, [float(row[2]) for row in best], atol=1e-3)
    assert not np.allclose(mild, plain, atol=1e-3)
    about = json.loads((exported / ABOUT).read_text())
    assert (about["search"], about["temperature"]) == ("beam", 3)


@pytest.mark.parametrize(
    "served", ["ctc", pytest.param("attention", marks=pytest.mark.slow)], indirect=True
)
def test_the_confidences_of_symbols_of_a_run_and_of_its_export(served, folder, capsys):
    plain = rows(Predict(), served.run, folder, capsys)
    found = rows(Predict(symbols=True), served.run, folder, capsys)
    assert [row[:3] for row in found] == plain
    assert rows(Predict(symbols=True), served.saved, folder, capsys) == found
    for _, text, _, confidences in found:
        values = [float(value) for value in confidences.split()]
        assert len(values) == len(text) and all(0 < value <= 1 for value in values)


one_head = pytest.mark.parametrize("served", ["ctc"], indirect=True)


@one_head
@pytest.mark.parametrize(
    "model, config, message",
    [
        ("run", Predict(search="beem"), r"--search=beem: .* \(did you mean beam\?\)"),
        (
            "run",
            Predict(search="beam:2", n_best=3),
            "--n_best=3: a beam of width 2 cannot give the 3",
        ),
        ("run", Predict(search="beam:best=2"), "it finds one text; ask for 2 with --n_best=2"),
        ("run", Predict(symbols=True, n_best=2), "--symbols: of one text, not of --n_best=2"),
        ("run", Predict(temperature="0"), "--temperature=0: give a number above 0"),
        ("saved", Predict(temperature="2"), "an export, whose temperature was chosen when"),
        ("saved", Predict(search="beam"), "an export, whose search was chosen when it was written"),
    ],
)
def test_a_search_that_would_do_nothing_is_refused(served, folder, model, config, message):
    with pytest.raises(InputError, match=message):
        predict.run(config, str(getattr(served, model)), [str(folder)])


@one_head
def test_files_that_are_huge_endless_or_pipes_fail_alone(served, tmp_path, capsys):
    for i, image in enumerate(untrained.images()[:2]):
        (tmp_path / f"{i}.png").write_bytes(image)
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    with open(tmp_path / "sparse.png", "wb") as file:
        file.truncate(40_000_000_000)
    names = ("0.png", "pipe.png", "zero.png", "sparse.png", "1.png")
    with pytest.raises(InputError, match="3 of 5 images could not be read"):
        predict.run(Predict(), str(served.saved), [str(tmp_path / name) for name in names])
    shown = capsys.readouterr()
    read = [Path(line.split("\t")[0]).name for line in shown.out.splitlines()]
    assert read == ["0.png", "1.png"]
    refused = [line for line in shown.err.splitlines() if line.startswith("error: ")]
    assert [Path(line.split(": ")[1]).name for line in refused] == [*names[1:4]]


@one_head
def test_a_photo_is_read_upright_and_an_image_of_too_many_pixels_not_at_all(
    served, tmp_path, capsys
):
    upright = Image.open(io.BytesIO(untrained.images()[0]))
    exif = Image.Exif()
    exif[0x0112] = 6  # the top is on the right
    upright.save(tmp_path / "upright.png")
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "photo.png", exif=exif)
    (tmp_path / "large.png").write_bytes(png_of_zeros(2001, 2000))
    Image.new("1", (2001, 2000)).save(tmp_path / "large.tif", compression="group4")
    names = ("upright.png", "photo.png", "large.png", "large.tif")
    for model in (served.saved, served.run):
        with pytest.raises(InputError, match="2 of 4 images"):
            predict.run(Predict(), str(model), [str(tmp_path / name) for name in names])
        shown = capsys.readouterr()
        upright_line, photo_line = (line.split("\t")[1:] for line in shown.out.splitlines())
        assert upright_line == photo_line and upright_line[0]
        assert [line for line in shown.err.splitlines() if line.startswith("error: ")] == [
            f"error: {tmp_path / name}: 2001x2000 pixels: more than --data.max_pixels=4000000"
            for name in names[2:]
        ]


@one_head
def test_batches_are_bounded_by_what_their_images_take(served, tmp_path, capsys, monkeypatch):
    paths = [tmp_path / f"{i}.png" for i in range(8)]
    for path, image in zip(paths, untrained.images()):
        path.write_bytes(image)
    sizes, open_model = [], reader.open_model

    def spied(*arguments):
        model = open_model(*arguments)
        read = model.read
        model.read = lambda encoded: sizes.append(len(encoded)) or read(encoded)
        return model

    monkeypatch.setattr("ocr_tf.experiment.serving.reader.open_model", spied)
    outputs = []
    for bound in (1, 60_000, 10**9):
        monkeypatch.setattr(predict, "IN_FLIGHT", bound)
        predict.run(Predict(batch_size=5), str(served.saved), [str(path) for path in paths])
        outputs.append(capsys.readouterr().out)
    assert sizes[:8] == [1] * 8 and sizes[-2:] == [5, 3] and 2 < len(sizes[8:-2]) < 8
    assert outputs[0] == outputs[1] == outputs[2]


@one_head
def test_pages_and_hidden_files_are_named(served, tmp_path, capsys):
    pages = [Image.open(io.BytesIO(image)) for image in untrained.images()[:3]]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    (tmp_path / ".thumbs").mkdir()
    for name in (".hidden.png", ".thumbs/1.png"):
        pages[0].save(tmp_path / name)
    predict.run(Predict(), str(served.saved), [str(tmp_path)])
    shown = capsys.readouterr()
    assert [line.split("\t")[0] for line in shown.out.splitlines()] == [str(tmp_path / "a.tif")]
    assert [line for line in shown.err.splitlines() if line.startswith("note: ")] == [
        f"note: {tmp_path}: 2 hidden images left out; name them to read them",
        f"note: {tmp_path / 'a.tif'}: first of 3 pages read",
    ]


@one_head
def test_a_flag_without_effect_is_refused(served, folder):
    with pytest.raises(
        InputError, match="--checkpoint=last: .*saved is an export, which holds one"
    ):
        predict.run(Predict(checkpoint="last"), str(served.saved), [str(folder)])


WRONG = """
import sys
from ocr_tf.errors import InputError
from ocr_tf.experiment.serving import predict
from ocr_tf.experiment.serving.config import Export, Predict
from ocr_tf.experiment.serving.export_folder import ABOUT
try:
    predict.run(Predict(), sys.argv[1], sys.argv[2:])
except InputError as error:
    print(error)
assert "tensorflow" not in sys.modules
"""


@one_head
def test_wrong_paths_are_told_without_tensorflow(served, tmp_path):
    model, none, other = str(served.saved), str(tmp_path / "none"), str(tmp_path / "b.png")
    for arguments, message in [
        ([none, other], f"{none}: no such run folder; name the --workdir of a training\n"),
        ([model, none, other], "2 of 2 images could not be read (named above)\n"),
        ([str(served.run), none], "1 of 1 images could not be read (named above)\n"),
        ([model, str(tmp_path)], f"{tmp_path}: no images in this folder"),
    ]:
        done = subprocess.run(
            [sys.executable, "-c", WRONG, *arguments], capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith(message)
    assert f"error: {none}: No such file or directory" in done.stderr or not done.stderr


@pytest.mark.parametrize("served", ["attention"], indirect=True)
def test_an_export_is_opened_without_a_warning(served, folder, caplog):
    with pytest.raises(InputError, match="3 of 11"):
        predict.run(Predict(), str(served.saved), [str(folder)])
    assert [record.getMessage() for record in caplog.records] == []

"""Where a model sees symbols: columns of the original image, and the command that shows them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import prepare_batch
from ocr_tf.encoders import ENCODERS, Map2D
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference import align
from ocr_tf.experiment.inference.aligner import Aligned, Aligner
from ocr_tf.experiment.inference.config import Align
from ocr_tf.experiment.inference.load import build, variables
from ocr_tf.experiment.runs.checkpoints import TrainingState
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.types import Frames, Labels
from tests.experiment import tiny

ROOT = Path(__file__).resolve().parents[3]
STRIDE = ENCODERS["compact"].stride


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def noise(height: int, width: int) -> np.ndarray:
    draw = np.random.default_rng([height, width])
    return draw.integers(0, 256, [height, width]).astype(np.uint8)


class InkHead:
    """Its only symbol is where the ink is; the path holds the steps that are dark for the most part."""

    def align(self, frames: Frames, labels: Labels) -> tf.Tensor:
        ink = tf.nn.relu(frames.values[:, :, 0])
        return (ink / tf.reduce_sum(ink, axis=1, keepdims=True))[:, None]

    def path(self, frames: Frames, labels: Labels):
        return tf.where(frames.values[:, :, 0] > 0.5, 0, -1), self.score(frames, labels)

    def score(self, frames: Frames, labels: Labels) -> tf.Tensor:
        return tf.zeros(tf.shape(frames.lengths))


def ink_model():
    """Frames [B, T, 1]: how dark a step's columns are."""

    class Model:
        alphabet, head = Alphabet("x"), InkHead()

        def __call__(self, images):
            dark = tf.reduce_mean(1 - images.values, axis=[1, 3]) / 2
            inside = tf.sequence_mask(images.widths, tf.shape(dark)[1], tf.float32)
            frames = tf.nn.pool((dark * inside)[:, :, None], [STRIDE], "AVG", [STRIDE], "SAME")
            return Frames(frames, -(-images.widths // STRIDE))

    return Model()


@pytest.mark.parametrize(
    "geometry",
    [Geometry(32), Geometry(16), Geometry(24, width=100), Geometry(16, rotate=270)],
    ids=str,
)
def test_columns_are_those_of_the_original_image(geometry):
    """A black bar on white is found where it was before the image was resized, but turned."""
    aligner = Aligner(ink_model(), geometry, ENCODERS["compact"]())
    sizes = [(32, 203), (50, 200), (11, 700), (96, 640)]
    for (height, width), share in itertools.product(sizes, (0.0, 0.4, 0.7)):
        scaled = geometry.width or width * geometry.height / height
        blur = STRIDE * width / scaled + 1  # a step of the encoder
        begin, end = int(share * width), int((share + 0.3) * width)
        image = np.full([height, width], 255, np.uint8)
        image[:, begin:end] = 0
        stored = np.ascontiguousarray(np.rot90(image, geometry.rotate // 90))
        (found,) = aligner.align([png(stored)], ["x"])
        np.testing.assert_array_equal(found.image, image)
        assert found.edges[0] == 0 and found.edges[-1] == width
        (row,) = found.rows()
        margin = 0.1 * (end - begin)  # the span holds the middle 80 %
        np.testing.assert_allclose(row.columns, (begin + margin, end - margin), atol=blur)
        np.testing.assert_allclose(row.path, (begin, end - 1), atol=blur)


class CellHead:
    """Its symbols a, b and c are in cells of their own; it says a path, as CTC would."""

    steps = {"a": 7, "b": 6, "c": 3 * 6 + 5}  # of 4 columns of 6 cells

    def align(self, frames: Frames, labels: Labels) -> tf.Tensor:
        places = tf.constant([*self.steps.values()])
        return tf.one_hot(tf.gather(places, tf.maximum(labels.ids, 0)), tf.shape(frames.values)[1])

    def path(self, frames: Frames, labels: Labels):
        return tf.zeros(tf.shape(frames.values)[:2], tf.int32), self.score(frames, labels)

    def score(self, frames: Frames, labels: Labels) -> tf.Tensor:
        return tf.zeros(tf.shape(frames.lengths))


def test_weights_of_a_map_are_those_of_its_cells_and_of_its_columns():
    """And no path is laid over columns: it goes through cells."""
    encoder = Map2D(width=2, map_rows=6)

    class Model:
        alphabet, head, encode = Alphabet("abc"), CellHead(), encoder.build(48)

        def __call__(self, images):
            return self.encode(images)

    aligner = Aligner(Model(), Geometry(48), encoder)
    found, short = aligner.align([png(noise(96, 56)), png(noise(48, 10))], ["abca", "a"])
    assert found.weights.shape == (4, 4) and found.cells.shape == (4, 6, 4)
    cells = [(1, 1), (0, 1), (5, 3), (1, 1)]  # row and column of each symbol
    for symbol, cell in zip(found.cells, cells):
        assert np.argwhere(symbol).tolist() == [list(cell)]
    np.testing.assert_array_equal(found.weights, found.cells.sum(axis=1))
    assert found.edges.tolist() == [0, 16, 32, 48, 56]  # of the image as it was sent
    np.testing.assert_allclose(found.spans[0], [16 + 1.6, 32 - 1.6], rtol=1e-5)
    assert found.path is None and found.path_log_prob is None
    assert found.panel("map").cells is found.cells
    assert short.weights.shape == (1, 2) and short.edges.tolist() == [0, 8, 10]


@pytest.fixture(scope="module", params=tiny.HEADS)
def aligner(request):
    """Of a model that has learnt nothing."""
    experiment = tiny.experiment(request.param)
    model = build(experiment, Alphabet("aé "))
    return Aligner(model, Geometry(experiment.data.height), experiment.encoder)


TEXTS = ["", "aé", "é a", "aaa", "a"]
IMAGES = [png(noise(*size)) for size in ((16, 30), (40, 90), (9, 60), (16, 64), (16, 4))]


def test_a_line_is_aligned_the_same_alone_and_in_any_batch(aligner):
    together = aligner.align(IMAGES, TEXTS)
    for data, text, found in zip(IMAGES, TEXTS, together):
        (alone,) = aligner.align([data], [text])
        assert found.text == text and len(found.rows()) == len(text)
        for one, two in zip(alone, found):
            if isinstance(one, (np.ndarray, float)):
                np.testing.assert_allclose(two, one, rtol=1e-3, atol=1e-5)


def test_what_is_aligned_is_what_the_head_says(aligner):
    model = aligner.model
    for data, text, found in zip(IMAGES[:3], TEXTS, aligner.align(IMAGES, TEXTS)):
        images, _ = prepare_batch(tf.constant([data]), aligner.geometry)
        frames, ids = model(images), model.alphabet.encode(text)
        labels = Labels(tf.reshape(tf.constant(ids, tf.int32), [1, -1]), tf.constant([len(ids)]))
        np.testing.assert_allclose(
            found.weights, model.head.align(frames, labels)[0], rtol=1e-3, atol=1e-5
        )
        assert found.log_prob == pytest.approx(float(model.head.score(frames, labels)[0]), rel=1e-3)
        path = model.head.path(frames, labels)
        assert (found.path is None) == (path is None)
        if path is not None:
            np.testing.assert_array_equal(found.path, path[0][0])


def test_rows_lie_in_the_image_and_are_drawn(aligner):
    for found in aligner.align(IMAGES, TEXTS):
        width = found.image.shape[1]
        for row, symbol in zip(found.rows(), found.text):
            assert row.symbol == symbol
            for columns in filter(None, (row.columns, row.path)):
                assert 0 <= columns[0] <= columns[1] < width
            assert (row.columns is None) == (row.weight == 0)
            assert 0 <= row.peak <= min(1, row.weight) + 1e-5
        panel = found.panel("mine")
        assert panel.title.startswith("mine") and len(panel.symbols) == len(found.text)


def test_a_bad_image_fails_alone(aligner):
    images, texts = [b"", IMAGES[1], b"junk"], ["a", "aé", ""]
    bad, good, worse = aligner.align(images, texts)
    assert bad is None and worse is None and good.text == "aé"
    read = aligner.read(images)
    assert read[0] is None and read[2] is None and read[1:2] == aligner.read(images[1:2])
    assert aligner.align([b""], [""]) == [None]
    assert aligner.align([], []) == aligner.read([]) == []


def test_texts_are_those_of_the_alphabet(aligner):
    (decomposed,) = aligner.align(IMAGES[1:2], ["ae\u0301"])
    assert decomposed.text == "aé"
    with pytest.raises(ValueError, match="'q'"):
        aligner.align(IMAGES[:2], ["a", "q"])


# The command


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of each head with its first weights, in folders of one name, and an image."""
    folder = tmp_path_factory.mktemp("align")
    for head in tiny.HEADS:
        experiment, alphabet = tiny.experiment(head), Alphabet("0123456789")
        weights = variables(build(experiment, alphabet))
        run = RunFolder.create_or_open(folder / head / "run")
        run.begin(experiment, alphabet, {})
        arrays = {path: variable.numpy() for path, variable in weights.items()}
        run.checkpoints.save(0, arrays, TrainingState(best_step=0, finished=True))
    (folder / "line.png").write_bytes(png(noise(16, 90)))
    return folder


def folders(runs):
    return [str(runs / head / "run") for head in tiny.HEADS]


def test_runs_are_drawn_and_listed(runs, tmp_path, capsys):
    config, image = Align(output=str(tmp_path / "out.png")), str(runs / "line.png")
    sizes = []
    for chosen, text in ((folders(runs), ""), (folders(runs)[:1], "11")):
        capsys.readouterr()
        align.run(Align(text=text, output=config.output), image, chosen)  # over the one before
        shown = capsys.readouterr().out
        assert shown.rstrip().endswith(f"written to {config.output}")
        for run in chosen:
            (header,) = [line for line in shown.splitlines() if line.startswith(f"{run}: ")]
            assert repr(text) in header or not text
        assert shown.count("\n'1'") >= text.count("1") * len(chosen)
        sizes.append(cv2.imread(config.output).shape)
    assert sizes[0][0] > 1.5 * sizes[1][0]
    assert [p.name for p in tmp_path.iterdir()] == ["out.png"]


BAD = {
    "unknown symbols": (dict(text="1ä2Q"), "line.png", "ctc/run", r"'ä' 'Q'.*alphabet"),
    "too long": (dict(text="12" * 12), "line.png", "ctc/run", r"24 steps.* has 23"),
    "repeats": (dict(text="1" * 12 + "2"), "line.png", "ctc/run", r"24 steps.* has 23"),
    "too long for attention": (
        dict(text="1" * 24),
        "line.png",
        "attention/run",
        "24 steps.* has 23",
    ),
    "no image": ({}, "none.png", "ctc/run", "none.png: No such file"),
    "a folder": ({}, ".", "ctc/run", "Is a directory"),
    "no picture": ({}, "words.txt", "ctc/run", "words.txt: not an image"),
    "no run": ({}, "line.png", "ctc/other", "no such run folder"),
    "no checkpoint": ({}, "line.png", "young", "no finished checkpoint"),
    "no folder": (dict(output="none/out.png"), "line.png", "ctc/run", "no folder none"),
    "no PNG": (dict(output="out.jpg"), "line.png", "ctc/run", "out.jpg.*PNG"),
    "its own image": (dict(output="line.png"), "line.png", "ctc/run", "line.png exists"),
    "a file of words": (dict(output="words.png"), "line.png", "ctc/run", "words.png exists"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_writes_nothing(case, runs, tmp_path, monkeypatch):
    settings, image, run, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    for name in tiny.HEADS:
        (tmp_path / name).symlink_to(runs / name)
    young = tmp_path / "young"
    young.mkdir()
    for name in ("run.json", "run.flags", "alphabet.txt"):
        (young / name).write_bytes((runs / "ctc" / "run" / name).read_bytes())
    files = {"line.png": (runs / "line.png").read_bytes(), "words.txt": b"a", "words.png": b"a"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=message) as raised:
        align.run(Align(**settings), image, [run])
    assert "\n" not in str(raised.value)
    assert sorted(tmp_path.iterdir()) == before
    for name, content in files.items():
        assert (tmp_path / name).read_bytes() == content


def marked() -> Aligned:
    """A bar in the columns 40 to 59 of 100, and three symbols: on it, beside it, and nowhere."""
    image = np.full([20, 100], 255, np.uint8)
    image[:, 40:60] = 0
    weights = np.zeros([3, 10], np.float32)
    weights[0, 4] = weights[1, 0] = 1
    spans = np.array([[41, 49], [1.5, 9], [0, 0]], np.float32)
    return Aligned(image, "abc", -1.0, weights, np.arange(11) * 10.0, spans, None, None)


def test_a_span_without_ink_is_marked():
    line = marked()
    assert [row.no_ink for row in line.rows()] == [False, True, False]
    assert line.panel("ctc").without_ink.tolist() == [False, True, False]
    table = list(align._table("run", line))
    assert table[1].endswith("peak  no ink")
    assert [row.endswith(" x") for row in table[2:5]] == [False, True, False]
    assert table[5].startswith("no ink: ")
    assert not any("no ink: " in row for row in align._table("run", line._replace(text="a")))


def test_wrong_paths_are_told_without_tensorflow(runs, tmp_path):
    script = (
        "import sys\n"
        "from ocr_tf.cli import launch\n"
        "try:\n"
        "    launch.tool('align', sys.argv[1:])\n"
        "finally:\n"
        "    assert 'tensorflow' not in sys.modules\n"
    )
    image, run = str(runs / "line.png"), str(runs / "ctc" / "run")
    for arguments, message in [
        ([image, str(tmp_path / "none")], "none: no such run folder"),
        ([str(tmp_path), run], "Is a directory"),
        ([image, run, "--output=/proc/a.png"], "--output=/proc/a.png: cannot write in /proc"),
    ]:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1

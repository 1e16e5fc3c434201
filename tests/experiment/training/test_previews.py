import io

import numpy as np
import pytest
from PIL import Image

from ocr_tf.data.dataset import open_sources
from ocr_tf.data.lines import load_lines
from ocr_tf.experiment.inference.aligner import Aligner
from ocr_tf.experiment.inference.recognize import Reading
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.training import loop, splits
from ocr_tf.experiment.training.previews import Previews, handful
from tests.experiment import tiny

EXPERIMENT = tiny.experiment()
GEOMETRY = EXPERIMENT.geometry


@pytest.fixture(scope="module")
def roles():
    return splits.prepare(EXPERIMENT)


@pytest.fixture(scope="module")
def aligner(roles):
    return Aligner(loop.build(EXPERIMENT, roles.alphabet), GEOMETRY, EXPERIMENT.encoder)


def of_files(folder, images, texts):
    for i, image in enumerate(images):
        (folder / f"{i}.png").write_bytes(image)
    rows = "".join(f"{i}.png\t{text}\n" for i, text in enumerate(texts))
    (folder / "labels.tsv").write_text(rows, encoding="utf-8")
    return load_lines(open_sources([str(folder / "labels.tsv")]), GEOMETRY, keep_bad=True)


def reading(text):
    return Reading(text, -1.0, -1.0, True, True)


def test_the_handful_depends_on_the_images_alone(roles):
    lines = roles.train
    chosen = [lines.sample(i).id for i in handful(lines, 6)]
    assert len(set(chosen)) == 6
    assert [lines.sample(i).id for i in handful(lines, 3)] == chosen[:3]
    shuffled = lines.take(np.random.default_rng(0).permutation(len(lines)))
    assert [shuffled.sample(i).id for i in handful(shuffled, 6)] == chosen
    assert len(handful(lines, 10_000)) == len(lines) and handful(lines, 0) == []


def test_no_line_without_a_usable_image_is_chosen(roles, tmp_path):
    images = [b"", roles.train.read(0), roles.train.read(0)[:90], roles.train.read(1)]
    lines = of_files(tmp_path, images, ["1"] * 4)
    assert sorted(handful(lines, 4)) == [1, 3]


def test_any_reference_and_reading_can_be_drawn(roles, aligner, tmp_path):
    texts = ["12", "12", "1ä", "1" * 300, "", "12", "12"]
    read = ["12", "21", "1", "1", "1", "", "12"]
    (tmp_path / "lines").mkdir()
    images = [roles.train.read(i) for i in range(len(texts))]
    lines = of_files(tmp_path / "lines", images, texts)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    previews = Previews(aligner, lines, run, len(texts))
    (tmp_path / "lines" / "6.png").unlink()  # gone since the training began
    taken = previews.take(250, [reading(text) for text in read])
    shown = {line["id"].split("/")[-1]: line for line in taken}
    heights = {}
    for i, (true, text) in enumerate(zip(texts, read)):
        line = shown[f"{i}.png"]
        assert (line["reference"], line["text"]) == (true, text)
        if line["picture"]:
            assert line["picture"].startswith("previews/step-00000250-")
            heights[i] = Image.open(io.BytesIO((run.path / line["picture"]).read_bytes())).height
    assert set(heights) == set(range(6))
    # One panel where the text was read right, and where the true one cannot be laid over the image.
    assert all(heights[1] > 1.5 * heights[i] for i in (0, 2, 3))
    again = previews.take(250, [reading(text) for text in read])
    assert again == taken
    run.truncate_previews(249)
    assert list(run.previews_path.iterdir()) == []


def test_none_asked_for(roles, aligner, tmp_path):
    assert Previews(aligner, roles.val, RunFolder(tmp_path), 0).take(1, []) == []
    assert not RunFolder(tmp_path).previews_path.exists()

"""The SavedModel answers by itself, with all its signatures, and nothing is left of one that failed."""

from __future__ import annotations

import json
import pickle
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from ocr_tf.cli import launch
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, prepare_batch
from ocr_tf.decode import parse_search
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.serving import saved_model, tflite, warmup
from ocr_tf.experiment.serving.config import Export
from ocr_tf.experiment.serving.export_folder import ABOUT, read_geometry
from ocr_tf.experiment.serving.reader import open_model
from ocr_tf.language import arpa, kneser_ney
from tests.experiment import tiny, untrained

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "serving.md"
SIGNATURES = {"serving_default", "tensors", "aligned", "n_best"}

one_head = pytest.mark.parametrize("served", ["ctc"], indirect=True)

ALONE = """
import pickle, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ImportError(name)
sys.meta_path.insert(0, Blocker())
import tensorflow as tf
asked = pickle.load(open(sys.argv[1], "rb"))
signatures = tf.saved_model.load(sys.argv[2]).signatures
answers = {{
    name: {{
        key: value.numpy()
        for key, value in signatures[name](**{{k: tf.constant(v) for k, v in inputs.items()}}).items()
    }}
    for name, inputs in asked.items()
}}
pickle.dump(answers, open(sys.argv[1], "wb"))
""".format(
    blocked=("ocr_tf", "tensorflow_addons", "tensorflow_serving", "cv2", "PIL", "matplotlib")
)


@pytest.mark.parametrize(
    "served", ["ctc", pytest.param("attention", marks=pytest.mark.slow)], indirect=True
)
def test_every_signature_answers_alone_as_the_run_does(served, tmp_path):
    serving = served.serving
    images = as_tensor(served.images)
    pixels, widths = prepare_batch(images, serving.geometry)[0]
    asked = {name: {"images": images} for name in SIGNATURES}
    asked["tensors"] = {"pixels": pixels, "widths": widths}
    (tmp_path / "asked").write_bytes(
        pickle.dumps({n: {k: v.numpy() for k, v in i.items()} for n, i in asked.items()})
    )
    subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "asked"), str(served.saved)],
        check=True,
        cwd=tmp_path,
        timeout=300,
    )
    answers = pickle.loads((tmp_path / "asked").read_bytes())
    assert set(answers) == SIGNATURES
    for name, answer in answers.items():
        expected = serving.signatures()[name](**asked[name])
        assert set(answer) == set(expected)
        for key, value in expected.items():
            if value.dtype in (tf.string, tf.bool, tf.int32):
                np.testing.assert_array_equal(answer[key], value)
            else:
                np.testing.assert_allclose(answer[key], value, rtol=1e-4, atol=1e-3)


def test_the_weights_are_there_once(served):
    weights = served.trained.model.variables
    size = sum(4 * np.prod(weight.shape) for weight in weights)
    stored = (served.saved / "variables" / "variables.data-00000-of-00001").stat().st_size
    assert size <= stored < size + 1000 + 200 * len(weights)


@one_head
def test_warm_up_requests_are_answered_by_the_signatures_they_name(served):
    signatures = tf.saved_model.load(str(served.saved)).signatures
    seen = {name: [] for name in SIGNATURES}
    records = tf.data.TFRecordDataset(str(served.saved / "assets.extra" / warmup.NAME))
    for record in records.as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = log.predict_log.request
        name = request.model_spec.signature_name
        inputs = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
        answer = signatures[name](**inputs)
        seen[name].append(len(next(iter(inputs.values()))))
        if "ok" in answer:
            assert answer["ok"].numpy().all()
    assert all(1 in sizes and max(sizes) > 1 for sizes in seen.values())


@pytest.mark.slow
def test_the_documented_command_for_saved_model_cli(served, tmp_path):
    text = DOCUMENT.read_text("utf-8").replace("\\\n", " ")
    (tmp_path / "picture.png").write_bytes(served.images[0])
    (tmp_path / "exported" / "ctc").mkdir(parents=True)
    (tmp_path / "exported" / "ctc" / "1").symlink_to(served.saved)
    for program in ("python", "saved_model_cli"):
        words = shlex.split(re.search(rf"^{program} (?:-c|run) .*$", text, re.MULTILINE).group(0))
        words[0] = str(Path(sys.executable).with_name(program))
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    expected = served.serving.serving_default(as_tensor(served.images[:1]))
    assert f"Result for output key text:\n[{expected['text'].numpy()[0]!r}]" in done.stdout
    assert "Result for output key ok:\n[ True]" in done.stdout


def test_it_says_what_it_was_made_of(served):
    about = json.loads((served.saved / ABOUT).read_text())
    assert about["experiment"] == f"tiny_{served.head}" and about["step"] == 1
    assert about["search"] == "greedy"
    data = served.trained.experiment.data
    assert about["geometry"] == {
        "height": data.height,
        "width": data.width,
        "max_width": data.max_width,
        "max_pixels": data.max_pixels,
        "rotate": 0,
    }
    assert read_geometry(served.saved) == served.trained.geometry


def test_an_export_that_names_no_bound_on_pixels_has_the_greatest(tmp_path):
    (tmp_path / ABOUT).parent.mkdir()
    (tmp_path / ABOUT).write_text('{"geometry": {"height": 32, "width": 0, "max_width": 100}}')
    assert read_geometry(tmp_path) == Geometry(32, max_width=100, max_pixels=50_000_000)


@one_head
@pytest.mark.parametrize("name", ["saved", "model.tflite"])
def test_what_exists_is_refused_and_stays(served, tmp_path, name):
    target = tmp_path / name
    target.write_text("precious")
    with pytest.raises(InputError, match=f"{name} exists; choose another name or remove it"):
        saved_model.run(Export(), str(served.run), str(target))
    assert target.read_text() == "precious"
    target.unlink()
    target.mkdir()
    with pytest.raises(InputError, match="exists"):
        saved_model.run(Export(), str(served.run), str(target))
    assert list(tmp_path.iterdir()) == [target] and not list(target.iterdir())


def test_a_run_without_a_checkpoint_is_refused(tmp_path):
    experiment = tiny.experiment()
    folder = RunFolder.create_or_open(tmp_path / "run")
    folder.begin(experiment, untrained.ALPHABET, {})
    for name in ("saved", "model.tflite"):
        with pytest.raises(InputError, match="run has no finished checkpoint yet; train it first"):
            saved_model.run(Export(), str(tmp_path / "run"), str(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@one_head
def test_more_texts_than_the_beam_holds_are_refused(served, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        launch.tool("export", [str(served.run), str(tmp_path / "saved"), "--n_best=9"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: --n_best=9: at most --beam=8; give a wider one\n"


@one_head
@pytest.mark.parametrize(
    "flags, message",
    [
        (["saved", "--n_best=0", "--beam=4"], "--beam=4: --n_best=0 needs no beam; leave it out"),
        (
            ["saved", "--search=beam:16", "--beam=9"],
            "--beam=9: n_best searches as --search=beam:16 says; leave it out",
        ),
        (
            ["saved", "--search=beam:3", "--n_best=4"],
            "--n_best=4: a beam of width 3 cannot give the 4 best; search more widely, or ask for fewer",
        ),
        (
            ["a.tflite", "--beam=9"],
            "--beam=9: a TensorFlow Lite file searches greedily; leave it out",
        ),
        (
            ["a.tflite", "--search=beam:4"],
            "--search=beam:4: a TensorFlow Lite file searches greedily; leave it out",
        ),
        (
            ["saved", "--search=beam:best=3"],
            "--search=beam:best=3: the signatures of one text give the best; for more use --n_best=3",
        ),
        (
            ["a.tflite", "--n_best=2"],
            "--n_best=2: a TensorFlow Lite file gives one text; leave it out",
        ),
        (
            ["file/saved"],
            "{}/file/saved: {}/file is not a folder; choose another place",
        ),
    ],
)
def test_what_would_do_nothing_or_could_not_be_written_is_told_without_tensorflow(
    served, tmp_path, flags, message
):
    (tmp_path / "file").write_text("")
    script = (
        "import sys\n"
        "from ocr_tf.cli import launch\n"
        "try:\n"
        "    launch.tool('export', sys.argv[1:])\n"
        "finally:\n"
        "    assert 'tensorflow' not in sys.modules\n"
    )
    arguments = [str(served.run), str(tmp_path / flags[0]), *flags[1:]]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True
    )
    assert done.stderr == f"error: {message}\n".replace("{}", str(tmp_path))
    assert done.returncode == 2 and [path.name for path in tmp_path.iterdir()] == ["file"]


@one_head
@pytest.mark.parametrize("name", ["saved", "model.tflite"])
def test_nothing_half_written_stays(served, tmp_path, monkeypatch, name):
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr(warmup, "write", fails)
    monkeypatch.setattr(tflite, "convert", lambda *_: b"all of it")
    monkeypatch.setattr("ocr_tf.atomic.os.replace", fails)
    with pytest.raises(OSError):
        saved_model.run(Export(n_best=0), str(served.run), str(tmp_path / "deep" / name))
    assert not list((tmp_path / "deep").iterdir())


@pytest.mark.parametrize(
    "served", ["ctc", pytest.param("attention", marks=pytest.mark.slow)], indirect=True
)
def test_a_language_model_and_a_lexicon_lie_in_the_export(served, tmp_path):
    symbols = untrained.ALPHABET.symbols
    said = [["<space>" if s == " " else s for s in symbols[i:] + symbols[:i]] for i in range(7)]
    arpa.write(kneser_ney.estimate(said, 3), tmp_path / "model.arpa")
    (tmp_path / "words.txt").write_text("a\nba\ncab\n", "utf-8")
    search = f"lm:{tmp_path}/model.arpa,bonus=9,width=4,lexicon={tmp_path}/words.txt"
    saved_model.run(Export(search=search), str(served.run), str(tmp_path / "saved"))
    expected = open_model(str(served.run), search=parse_search(search)).read(served.images)
    (tmp_path / "model.arpa").unlink()
    (tmp_path / "words.txt").unlink()
    found = open_model(str(tmp_path / "saved")).read(served.images)
    texts = [line[0].text for line in found if line]
    assert texts == [line[0].text for line in expected if line] and any(texts)
    words = {word for text in texts for word in re.split("[ ſ€𝄞]", text)}
    assert words <= {"a", "ba", "cab", ""}

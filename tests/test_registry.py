"""Parts from files outside the package: registered, remembered by runs, found by new processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ocr_tf
from ocr_tf import registry
from ocr_tf.data.dataset import open_source
from ocr_tf.data.sources import SOURCES
from ocr_tf.encoders import ENCODERS
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import configuration, rebuild
from ocr_tf.heads import CTC, HEADS

ROOT = Path(__file__).resolve().parents[1]

HEAD = '''"""CTC behind one more layer: does depth in the head help?

python deep_ctc.py --workdir=runs/deep --data.train=lines/labels.tsv
"""

import dataclasses

import ocr_tf
from ocr_tf.cli import launch
from ocr_tf.heads import CTC
from ocr_tf.options import option


@ocr_tf.register("head", "deep_ctc")
@dataclasses.dataclass(frozen=True)
class DeepCTC(CTC):
    """CTC with a hidden layer."""

    units: int = option(32, "Units of the hidden layer.", minimum=1)

    def build(self, alphabet):
        import tensorflow as tf

        from ocr_tf.heads.ctc import CTCHead

        class DeepCTCHead(CTCHead):
            def logits(self, frames):
                return super().logits(frames._replace(values=self.hidden(frames.values)))

        head = DeepCTCHead(alphabet)
        head.hidden = tf.keras.layers.Dense(self.units, "relu", name="hidden", dtype="float32")
        return head


EXPERIMENT = ocr_tf.Experiment("deep_ctc", head=DeepCTC())

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)
'''

STUDY = """import dataclasses

import deep_ctc
import ocr_tf
from ocr_tf.heads import CTC

deep = dataclasses.replace(deep_ctc.EXPERIMENT, sequence=ocr_tf.Sequence(layers=1, units=8))
plain = dataclasses.replace(deep, head=CTC())
STUDY = ocr_tf.Study.of("depth", {"plain": plain, "deep": deep}, seeds=1)
"""

ENCODER_AND_SOURCE = '''"""Each column is a frame; every second one of the rendered lines is a line."""

import dataclasses
from typing import ClassVar

import ocr_tf
from ocr_tf.data import synthetic
from ocr_tf.data.source import Source


@ocr_tf.register("encoder", "strips")
@dataclasses.dataclass(frozen=True)
class Strips:
    """A linear layer over the pixels of each column."""

    stride: ClassVar[int] = 1
    units: int = ocr_tf.option(8, "Features of a column.", minimum=1)

    def steps(self, width):
        return width

    def build(self, height, dtype="float32"):
        import tensorflow as tf

        from ocr_tf.types import Frames

        class ColumnEncoder(tf.keras.layers.Layer):
            def __init__(self, units):
                super().__init__(name="encoder", dtype=dtype)
                self.features = tf.keras.layers.Dense(units, name="features", dtype=dtype)

            def call(self, images, key=None):
                columns = tf.transpose(tf.squeeze(images.values, 3), [0, 2, 1])  # [B, W, H]
                return Frames(self.features(columns), images.widths)

        return ColumnEncoder(self.units)


class EverySecond(Source):
    def __init__(self, rest):
        self.all = synthetic.open(rest)
        self.name = f"second:{rest}"

    def __len__(self):
        return (len(self.all) + 1) // 2

    def sample(self, i):
        return self.all.sample(2 * i)

    def read(self, i):
        return self.all.read(2 * i)

    def origin(self, i):
        return self.all.origin(2 * i)


ocr_tf.register("source", "second")(EverySecond)

EXPERIMENT = ocr_tf.Experiment(
    "strips",
    Strips(),
    data=ocr_tf.Data(train=("second:digits:count=40",), height=16),
    sequence=ocr_tf.Sequence(layers=1, units=8),
    train=ocr_tf.Train(steps=2, previews=0),
)
'''

SMALL = (
    "--data.train=synthetic:digits:count=40",
    "--data.height=16",
    "--sequence.layers=1",
    "--sequence.units=8",
    "--train.steps=2",
    "--train.previews=0",
)
TEST = "--data.test=synthetic:digits:count=8:split=test"


REGISTRIES = (HEADS, ENCODERS, SOURCES)


@pytest.fixture
def own_registry():
    """Takes what a test registers out again."""
    kept = [(one, dict(one), dict(one.outside), dict(one._names)) for one in REGISTRIES]
    yield
    for one, parts, outside, names in kept:
        one.clear()
        one.update(parts)
        one.outside, one._names = outside, names
        one.lost.clear()
    for module in ("deep_ctc", "strips"):
        sys.modules.pop(module, None)


def forget(module: str) -> None:
    """Makes this process one that has not imported the file yet."""
    for one in REGISTRIES:
        for name in list(one.outside):
            del one[name], one.outside[name]
    del sys.modules[module]


def give(folder: Path, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def ocr_tf_command(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    done = give(folder, "-m", "ocr_tf.cli.launch", *arguments)
    assert done.returncode == 0, done.stderr
    return done


def test_a_head_is_at_most_forty_lines_with_its_experiment():
    assert len(HEAD.splitlines()) <= 40


def test_a_run_remembers_the_file_of_its_head(tmp_path, own_registry):
    file = tmp_path / "deep_ctc.py"
    file.write_text(HEAD)
    module = registry.load_file(str(file))
    described = configuration(module.EXPERIMENT)
    (part,) = described["parts"]
    assert (part["kind"], part["name"], part["file"]) == ("head", "deep_ctc", str(file))
    forget("deep_ctc")
    again = rebuild(json.loads(json.dumps(described)), "run.json")
    assert again.head_name == "deep_ctc" and again.head.units == 32


def test_a_file_that_is_gone_is_named_with_the_way_out(tmp_path, own_registry):
    file = tmp_path / "deep_ctc.py"
    part = registry.Part("head", "deep_ctc", "", str(file), "0")
    described = {**configuration(Experiment("x")), "head": "deep_ctc", "parts": [part._asdict()]}
    with pytest.raises(InputError, match=f"registered by {file}, which is gone; .* --parts=FILE"):
        rebuild(described, "run.json")
    file.write_text("1 / 0\n")
    with pytest.raises(InputError, match=f"{file}:1: cannot be imported: ZeroDivisionError"):
        rebuild(described, "run.json")


def test_a_class_that_is_not_registered_is_named_with_the_line_to_write():
    class Forgotten(CTC):
        pass

    with pytest.raises(InputError) as raised:
        Experiment("x", head=Forgotten()).check_registered()
    assert "the class Forgotten is used as head and is not registered" in str(raised.value)
    assert '@ocr_tf.register("head", "a_name_for_it")' in str(raised.value)


def test_names_are_looked_up_and_taken_once(own_registry):
    with pytest.raises(InputError, match=r"no head 'atention' \(did you mean attention\?\)"):
        HEADS.find("atention")
    with pytest.raises(InputError, match="'ctc' is already registered by ocr_tf"):
        HEADS.register("ctc")(type("Mine", (CTC,), {}))


def test_an_encoder_and_a_source_come_from_a_file_of_their_own(tmp_path, own_registry):
    file = tmp_path / "strips.py"
    file.write_text(ENCODER_AND_SOURCE)
    run = ocr_tf.train(registry.load_file(str(file)).EXPERIMENT, tmp_path / "run")
    described = json.loads((run.path / "run.json").read_bytes())
    assert {(part["kind"], part["name"]) for part in described["parts"]} == {
        ("encoder", "strips"),
        ("source", "second"),
    }
    forget("strips")
    evaluation = ocr_tf.evaluate(run.path, "synthetic:digits:count=4:split=test")
    assert evaluation.rates.lines == 4
    assert ENCODERS.outside["strips"].file == str(file)
    assert len(open_source("second:digits:count=9").samples) == 5


@pytest.mark.slow
def test_a_head_in_a_file_of_its_own_goes_all_the_way(tmp_path):
    """Each command is a new process, which knows the head from the run alone."""
    (tmp_path / "deep_ctc.py").write_text(HEAD)
    (tmp_path / "depth.py").write_text(STUDY)
    (tmp_path / "line.png").write_bytes(open_source("synthetic:digits").read(0))
    trained = give(tmp_path, "deep_ctc.py", "--workdir=runs/deep", *SMALL)
    assert trained.returncode == 0, trained.stderr
    again = ocr_tf_command(tmp_path, "train", "deep_ctc.py", "--workdir=runs/deep", *SMALL)
    assert "is finished at step 2" in again.stderr
    read = ocr_tf_command(tmp_path, "predict", "runs/deep", "line.png")
    ocr_tf_command(tmp_path, "export", "runs/deep", "exported", "--n_best=0")
    (tmp_path / "deep_ctc.py").rename(tmp_path / "moved.py")  # an export needs no file
    assert ocr_tf_command(tmp_path, "predict", "exported", "line.png").stdout == read.stdout
    lost = give(tmp_path, "-m", "ocr_tf.cli.launch", "evaluate", "runs/deep", TEST)
    assert lost.returncode == 2 and "deep_ctc.py, which is gone" in lost.stderr
    ocr_tf_command(tmp_path, "evaluate", "runs/deep", TEST, "--parts=moved.py")
    (tmp_path / "moved.py").rename(tmp_path / "deep_ctc.py")
    general = [flag for flag in SMALL if "sequence" not in flag]  # which conditions may differ in
    ocr_tf_command(tmp_path, "study", "depth.py", "--workdir=runs/depth", *general, TEST)
    runs = [f"runs/depth/{condition}/seed-0" for condition in ("plain", "deep")]
    ocr_tf_command(tmp_path, "compare", *runs, "--name=best", "--output=compared")
    assert (tmp_path / "compared" / "report.html").exists()

"""Systems of two kinds in one table: figures against other ways to them, what is kept, what is refused."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import shutil

import numpy as np
import pytest
from scipy import stats

from ocr_tf.alphabet import Alphabet
from ocr_tf.classical import train
from ocr_tf.classical.config import ClassicalData, TrainClassical
from ocr_tf.cli import launch
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.experiment.runs.predictions import Prediction
from ocr_tf.metrics.wilson import wilson
from ocr_tf.systems import command
from ocr_tf.systems.classical import Classical
from ocr_tf.systems.config import CompareSystems
from ocr_tf.systems.measured import measure
from tests.experiment import untrained

CARDS = "synthetic:bankcard?fonts=bundled&height=40"
TEST = f"{CARDS}&split=test&count=6"
DIGITS = Alphabet("0123456789")
SETS = CompareSystems(
    test=(f"clean={TEST}&difficulty=0", f"hard={TEST}&difficulty=2"),
    ladder=TEST,
    levels=("2", "0", "0.5"),
    timed=0,
)


@pytest.fixture(scope="module")
def systems(tmp_path_factory):
    """A classical recognizer and a network without training, as arguments of the command."""
    folder = tmp_path_factory.mktemp("systems")
    lines = ClassicalData((f"{CARDS}&count=40&difficulty=0",), height=32)
    train.run(TrainClassical(rounds=0, data=lines), str(folder / "cut.npz"))
    untrained.write(folder / "run", "ctc", DIGITS).folder.remember_lines([])
    return [str(folder / "cut.npz"), f"net={folder / 'run'}"]


def config(output, **changes):
    return dataclasses.replace(SETS, output=str(output), **changes)


def test_the_table_says_what_evaluate_says_of_the_same_lines(systems, tmp_path):
    output = tmp_path / "out"
    command.run(config(output), systems)
    content = json.loads((output / "systems.json").read_bytes())
    cut, net = content["systems"]
    assert (cut["name"], net["name"]) == ("cut", "net")
    for name in ("clean", "hard"):
        spec = content["tests"][name]
        there = tmp_path / name
        own = evaluate.run(
            Evaluate(output=str(there), data=TestData((spec,))), systems[0], quiet=True
        )
        run = evaluate.run(
            Evaluate(name=name, data=TestData((spec,))), systems[1].partition("=")[2], quiet=True
        )
        for measured, expected in ((cut["tests"], own), (net["tests"], run)):
            figures = expected.rates.as_flat()
            assert {key: measured[name][key] for key in figures} == figures
    assert list(cut["levels"]) == ["0", "0.5", "2"]
    assert cut["levels"]["0"] == cut["tests"]["clean"]
    assert cut["milliseconds"] is None and cut["training_seconds"] > 0
    with open(output / "systems.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (2 + 3)
    assert all(0 <= float(row["exact_low"]) <= float(row["exact_high"]) <= 1 for row in rows)
    page = (output / "systems.html").read_text("utf-8")
    assert "cut" in page and "net" in page and "<svg" in page and 'src="http' not in page
    assert (output / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    # Three distinct sets of lines, though five are named.
    assert len(list((output / "readings").iterdir())) == 2 * 3


def noted(calls, lines):
    calls.append(lines.spec)
    return lines


def test_what_was_read_is_kept_and_what_changed_is_read_anew(systems, tmp_path, monkeypatch):
    output, calls = tmp_path / "out", []
    reads = Classical.read

    def read(self, lines):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(lines.spec)
        return reads(self, lines)

    monkeypatch.setattr(Classical, "read", read)
    with pytest.raises(KeyboardInterrupt):
        command.run(config(output), systems[:1])
    monkeypatch.setattr(Classical, "read", lambda self, lines: reads(self, noted(calls, lines)))
    first = command.run(config(output), systems[:1])
    assert len(calls) == len(set(calls)) == 3
    assert command.run(config(output), systems[:1]) == first and len(calls) == 3
    (kept, *_) = sorted((output / "readings").iterdir())
    kept.write_bytes(kept.read_bytes()[:50])  # damaged
    assert command.run(config(output), systems[:1]) == first and len(calls) == 4
    # Another file of the same name is another system.
    other = tmp_path / "cut.npz"
    train.run(
        TrainClassical(rounds=0, lines=30, data=ClassicalData((f"{CARDS}&count=30&difficulty=0",))),
        str(other),
    )
    command.run(config(output), [str(other)])
    assert len(calls) == 7


def test_lines_are_timed_one_by_one_and_the_times_are_kept(systems, tmp_path, capsys):
    output = tmp_path / "out"
    arguments = [systems[0], f"again={systems[0]}"]
    table = command.run(config(output, timed=4, ladder=""), arguments)
    assert all(0 < row.milliseconds.low <= row.milliseconds.median for row in table.rows)
    kept = json.loads((output / "latency.json").read_bytes())
    assert {name: len(each) for name, each in kept["seconds"].items()} == {"cut": 4, "again": 4}
    assert 0 < table.core <= 1 and table.core == kept["core"]
    assert command.run(config(output, timed=4, ladder=""), arguments) == table
    assert not (output / "accuracy.png").exists()  # there is no curve without a ladder


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"test": ()}, "--test is empty"),
        ({"test": (TEST,)}, "write each test set"),
        ({"test": ("clean",)}, "no NAME=SPEC"),
        ({"test": (f"a={TEST}", f"a={TEST}")}, "named twice"),
        ({"test": ("a=synthetic:words?fonts=bundled&count=3",)}, "is not in the systems' alphabet"),
        ({"test": ("a=synthetic:bankcard?fonts=bundled&count=1",)}, "one line"),
        ({"ladder": "synthetic:digits"}, "--ladder=synthetic:digits: only the presets"),
        ({"levels": ("0", "hard")}, "--levels=hard: numbers from 0 to 2"),
        ({"levels": ("3",)}, "difficulty is a number from 0 to 2"),
        ({"search": "beam:4,best=2"}, "--search=beam:4,best=2"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_line(systems, tmp_path, changes, said):
    with pytest.raises(InputError) as refused:
        command.run(config(tmp_path / "out", **changes), systems)
    assert said in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_systems_that_are_none_or_do_not_fit_are_refused_in_a_line(systems, tmp_path, capsys):
    untrained.write(tmp_path / "letters", "ctc", Alphabet("0123456789ab"))
    (tmp_path / "bad.npz").write_bytes(b"no zip")
    given = tmp_path / "given"
    given.mkdir()
    (given / "own.txt").write_text("mine")
    for arguments, said in (
        (["nowhere"], "nowhere: no such run folder"),
        (["a=nowhere.npz"], "nowhere.npz: no such file; make it with train_classical"),
        ([tmp_path / "bad.npz"], "bad.npz: no classical recognizer"),
        ([systems[0], systems[0]], "there is a system cut already; name this one OTHER="),
        ([f"a/b={systems[0]}"], "'a/b' is no name of a system"),
        ([systems[0], tmp_path / "letters"], "its alphabet has 'ab', which"),
        ([systems[0], f"--output={given}"], "own.txt is in it); choose another"),
    ):
        flags = [f"--output={tmp_path / 'out'}", *map(str, arguments)]
        with pytest.raises(SystemExit) as left:
            launch.console(["compare_systems", *flags])
        assert left.value.code == 2
        errors = capsys.readouterr().err
        assert said in errors and errors.count("\n") == 1, errors
    assert not (tmp_path / "out").exists() and (given / "own.txt").read_text() == "mine"


def test_lines_of_the_training_are_refused(systems, tmp_path):
    seen = (f"seen={CARDS}&count=5&difficulty=0",)
    with pytest.raises(InputError, match="--test=seen=.* holds 5 images that the recognizer"):
        command.run(config(tmp_path / "out", test=seen, ladder=""), systems[:1])
    shutil.rmtree(tmp_path / "out", ignore_errors=True)


def test_wilsons_interval_holds_the_shares_that_a_score_test_does_not_reject():
    z = stats.norm.ppf(0.975)
    for count, total in ((0, 5), (3, 7), (97, 100), (40, 40)):
        low, high = wilson(count, total)
        shares = np.linspace(0, 1, 20_001)
        kept = shares[np.abs(count / total - shares) <= z * np.sqrt(shares * (1 - shares) / total)]
        assert math.isclose(low, kept.min(), abs_tol=1e-4)
        assert math.isclose(high, kept.max(), abs_tol=1e-4)


def test_the_interval_of_cer_is_that_of_a_ratio_over_lines():
    texts = [("1234", "1234"), ("12", "13"), ("123456", "1256"), ("7", "777"), ("99", "99")]
    read = [Prediction(str(i), text, reference) for i, (reference, text) in enumerate(texts)]
    errors, lengths = np.array([0, 1, 2, 2, 0]), np.array([4, 2, 6, 1, 2])
    rate = errors.sum() / lengths.sum()
    beyond = errors - rate * lengths
    variance = 5 / 4 * np.square(beyond).sum() / lengths.sum() ** 2
    half = stats.t.ppf(0.975, 4) * math.sqrt(variance)
    found = measure(read, "none", "a")
    assert found.rates.cer == pytest.approx(rate)
    assert found.cer == pytest.approx((max(0.0, rate - half), rate + half))
    all_right = measure([one._replace(text=one.reference) for one in read], "none", "a")
    assert all_right.cer is None and all_right.exact.high == 1 and 0.5 < all_right.exact.low < 0.6

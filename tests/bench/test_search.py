"""bench_search on an untrained run: all decoders search the same frames, and their texts are compared."""

from __future__ import annotations

import re

import pytest

from ocr_tf.bench import search, search_rivals
from ocr_tf.bench.search_config import BenchSearch
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.common import TestData
from ocr_tf.language import arpa, kneser_ney
from tests.experiment import untrained

ROW = re.compile(r"(.{34}) *([\d.]+) +[\d.]+ - [\d.]+ +([\d.]+) +(-?[\d.]+) +(-?[\d.]+) +([\d.]+)%")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search") / "run"
    untrained.write(folder, "ctc")
    return str(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.arpa"
    said = [list("abc"), ["a", "<space>", "b"], list("ſ€𝄞"), list("ab")] * 3
    arpa.write(kneser_ney.estimate(said, 2), path)
    return str(path)


def rows(config: BenchSearch, run: str, capsys) -> dict[str, tuple[float, ...]]:
    """{decoder: (lines / s, ratio, mean exact score, too much claimed, share not below ours)}"""
    search.run(config, run)
    found = map(ROW.match, capsys.readouterr().out.splitlines())
    return {row[1].strip(): tuple(map(float, row.groups()[1:])) for row in found if row}


def config(**settings) -> BenchSearch:
    data = TestData((untrained.SOURCE,))
    return BenchSearch(data=data, lines=6, batch_size=4, repeats=1, **settings)


def test_without_a_model_tensorflows_decoder_is_beside_ours(run, capsys):
    table = rows(config(width=8), run, capsys)
    assert {search.OURS, search.TENSORFLOW} <= set(table)
    for name, (_, _, exact, claimed, _) in table.items():
        assert exact <= table[search.OURS][2] + 1e-3, name
        assert claimed < 1e-2, name  # a beam sums some of the paths
    assert table[search.OURS][1] == 1 and table[search.OURS][3:] == (0, 100)


@pytest.mark.parametrize("symbols", [0, 3])
def test_with_a_model_flashlights_decoder_finds_the_same(run, model, symbols, capsys):
    pytest.importorskip("flashlight.lib.text.decoder")
    table = rows(config(width=12, lm=model, symbols=symbols), run, capsys)
    assert search.TENSORFLOW not in table
    ours, theirs = table[search.OURS], table["flashlight-text"]
    assert theirs[2] <= ours[2] + 1e-3 and theirs[2] == pytest.approx(ours[2], abs=0.5)


def test_what_is_not_installed_is_named(run, monkeypatch, capsys):
    monkeypatch.setattr(search_rivals, "installed", lambda rival: False)
    monkeypatch.setattr(search, "installed", lambda rival: False)
    search.run(config(), run)
    said = capsys.readouterr()
    assert "left out, not installed: pyctcdecode (needs pyctcdecode kenlm)" in said.err
    assert "flashlight" not in said.out


def test_wrong_runs_and_models_are_one_line(run, tmp_path):
    with pytest.raises(InputError, match="--data.test is missing"):
        search.run(BenchSearch(), run)
    with pytest.raises(InputError, match="none.arpa: cannot read"):
        search.run(config(lm="none.arpa"), run)
    untrained.write(tmp_path / "other", "attention")
    with pytest.raises(InputError, match="its head is not CTC's"):
        search.run(config(), str(tmp_path / "other"))

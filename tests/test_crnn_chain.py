"""The commands of docs/crnn.md on a small Synth90k: records, training, evaluation, reading."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from ocr_tf.cli import launch
from ocr_tf.data.dataset import open_source

pytestmark = pytest.mark.slow

SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"


def draw_synth90k(folder, split: str, count: int) -> list[str]:
    """Draws words into a folder as Synth90k has them, in capitals as many of its words are; gives them."""
    source = open_source(f"synthetic:words:count={count}:split={split}")
    texts, rows = [], []
    for i in range(count):
        text = source.samples[i].text.upper()
        name = f"2425/{split}/{i}_{text}_{i}.jpg"
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.open(io.BytesIO(source.read(i))).convert("L").save(file)
        texts.append(text.lower())
        rows.append(f"./{name} {i}\n")
    (folder / f"annotation_{split}.txt").write_text("".join(rows), "utf-8")
    return texts


def give(*words: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        launch.console(list(words))
    assert stopped.value.code == 0


def predictions(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def test_from_synth90k_to_words(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    synth = tmp_path / "90kDICT32px"
    draw_synth90k(synth, "train", 10)
    words = draw_synth90k(synth, "test", 4)
    symbols = tmp_path / "alphabet.txt"
    symbols.write_text("\n".join(SYMBOLS), "utf-8")
    lexicon = [*words, SYMBOLS]  # a symbol that no word holds would stand between words
    (synth / "lexicon.txt").write_text("\n".join(lexicon), "utf-8")
    test = f"--data.test=mjsynth:{synth}?split=test"

    give("make_records", "mjsynth/train", f"--data=mjsynth:{synth}?split=train", "--processes=1")
    give(
        "train",
        "crnn_ctc",
        "--workdir=runs/crnn",
        "--data.train=records:mjsynth/train",
        "--data.val_share=0.2",
        f"--data.alphabet={symbols}",
        "--sequence.projection=8",
        *("--encoder.width=4", "--sequence.units=8", "--train.steps=3", "--train.batch_size=4"),
    )
    run = json.loads((tmp_path / "runs/crnn/run.json").read_text())
    assert run["config"]["sequence"]["projection"] == 8
    give("evaluate", "runs/crnn", test, "--normalize=alphanumeric")
    found = predictions(tmp_path / "runs/crnn/evaluations/test")
    assert [p["reference"].lower() for p in found] == words
    beam = f"--search=beam:16,lexicon={synth}/lexicon.txt"
    give("evaluate", "runs/crnn", test, "--normalize=alphanumeric", beam, "--name=lexicon")
    found = predictions(tmp_path / "runs/crnn/evaluations/lexicon")
    assert {p["text"] for p in found} <= {*lexicon, ""}
    capsys.readouterr()
    give("predict", "runs/crnn", *map(str, sorted((synth / "2425/test").iterdir())))
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 4 and all(len(row) == 3 for row in rows)
    assert [row[0] for row in rows] == sorted(map(str, (synth / "2425/test").iterdir()))

"""Lines that are read from right to left train with both heads, and are given in the order of reading."""

import pytest

from ocr_tf import options
from ocr_tf.encoders import Compact
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.experiment.inference.load import restore
from ocr_tf.experiment.inference.recognize import Reader
from ocr_tf.experiment.training import loop, splits
from ocr_tf.heads import CTC, Attention

HEBREW = [
    "\u05e9\u05dc\u05d5\u05dd",
    "\u05e1\u05e4\u05e8",
    "\u05d1\u05d9\u05ea",
    "\u05d9\u05dc\u05d3",
    "\u05de\u05d9\u05dd",
]
ARABIC = [
    "\u0633\u0644\u0627\u0645",
    "\u0643\u062a\u0627\u0628",
    "\u0628\u064a\u062a",
    "\u0648\u0644\u062f",
    "\u0645\u0627\u0621",
]


def experiment(folder, words, head, **data):
    lexicon = folder / "words.txt"
    lexicon.write_text("".join(f"{word}\n" for word in words), "utf-8")
    spec = f"synthetic:words?lexicon={lexicon}&split=all&fonts=bundled"
    return Experiment(
        name="rtl",
        encoder=Compact(width=16),
        head=head,
        data=Data(train=(f"{spec}&count=400",), val=(f"{spec}&count=40&seed=1",), width=64, **data),
        sequence=Sequence(layers=1, units=64),
        train=Train(
            steps=800, batch_size=16, learning_rate=3e-3, evaluate_every=400, bfloat16="false"
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "head", [CTC(), Attention(units=64, attention_units=32)], ids=["ctc", "attention"]
)
@pytest.mark.parametrize("words", [HEBREW, ARABIC], ids=["hebrew", "arabic"])
def test_right_to_left_lines_are_learned(tmp_path, words, head):
    chosen = experiment(tmp_path, words, head, direction="rtl")
    loop.run(chosen, tmp_path / "run")
    trained = restore(tmp_path / "run")
    val = splits.prepare(chosen).val
    readings = Reader(trained.model, chosen.geometry, 16).read(val)
    right = sum(reading.text == text for reading, text in zip(readings, val.texts))
    assert right >= 0.8 * len(val)  # as they are written in the labels


def test_labels_are_refused_until_a_direction_is_chosen(tmp_path):
    chosen = experiment(tmp_path, HEBREW, CTC())
    with pytest.raises(InputError, match="--data.direction=rtl"):
        splits.prepare(chosen)
    assert (
        splits.prepare(
            options.replace(chosen, {"data.direction": "ltr"})
        ).alphabet.spelling.direction
        == "ltr"
    )

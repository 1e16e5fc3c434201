r"""CTC or attention, on which lines? Both heads on captchas, plates, book lines, handwriting and words.

python -m experiments.ctc_or_attention_everywhere --workdir=runs/everywhere --data.root=lines

Each data set has a recipe of this toolkit and a number of steps of its own; on one set, both heads share
encoder, sequence, lines, batches and steps. Round by round every set gets one more seed, so that there is an
answer after each round. The study of a set is in a folder of its own with its report, as
runs/everywhere/captcha5/report. What they say together, from two seeds on, is in runs/everywhere/report: a
forest plot, the mean over data sets like these, and what a new one may show. Stopped and started again, it
goes on.

--data.root holds a folder for each set, with labels_train.tsv and labels_val.tsv; the latter are the test
lines. Validation lines are set aside from the training lines.

Cost: ten runs a round; not measured yet.
Result: not measured yet.
"""

from __future__ import annotations

from ocr_tf import options
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.study import rounds
from ocr_tf.study.rounds import DataSet

from . import (
    book_attention,
    book_ctc,
    captcha_attention,
    captcha_ctc,
    hand_attention,
    hand_ctc,
    words_attention,
    words_ctc,
)


def data_set(
    ctc: Experiment, attention: Experiment, steps: int, evaluate_every: int, *folders: str
) -> DataSet:
    """Puts both heads of a recipe on the lines of some folders, each for so many steps."""
    budget = {"train.steps": steps, "train.evaluate_every": evaluate_every}
    recipes = {"ctc": ctc, "attention": attention}
    return DataSet(
        {head: options.replace(recipe, budget) for head, recipe in recipes.items()},
        tuple(f"{folder}/labels_train.tsv" for folder in folders),
        tuple(f"{folder}/labels_val.tsv" for folder in folders),
    )


CAPTCHA = (captcha_ctc.EXPERIMENT, captcha_attention.EXPERIMENT)
BOOK = (book_ctc.EXPERIMENT, book_attention.EXPERIMENT)
HAND = (hand_ctc.EXPERIMENT, hand_attention.EXPERIMENT)
WORDS = (words_ctc.EXPERIMENT, words_attention.EXPERIMENT)

SETS = {
    "captcha5": data_set(*CAPTCHA, 1000, 100, "captcha5"),
    "plates_cn": data_set(*CAPTCHA, 3000, 300, "plates_cn"),
    "archiscribe": data_set(*BOOK, 1200, 200, "archiscribe"),
    "hooker_en_hand": data_set(*HAND, 2000, 500, "hooker_en_hand"),
    "words": data_set(*WORDS, 4000, 500, "icdar2015_words", "iiit5k"),
}

if __name__ == "__main__":
    rounds.main("ctc_or_attention_everywhere", SETS, __doc__)

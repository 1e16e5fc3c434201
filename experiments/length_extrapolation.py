r"""Which head reads texts longer than those it was trained on? Labels of up to 6 symbols, and all.

python -m experiments.length_extrapolation --workdir=runs/length_extrapolation \
    --data.train=words/labels_train.tsv --data.test=words/labels_test.tsv

Both heads are trained twice: on labels of up to 6 symbols, and on all. Images keep their aspect ratio, so
that a longer text is a wider image and not smaller print. Everything is compared on the test lines of more
than 6 symbols alone (--study.longer_than).

Cost: four conditions, so four runs for each seed.
Result: not measured yet.
"""

from ocr_tf import options
from ocr_tf.study import command
from ocr_tf.study.config import Study

from .ctc_vs_attention import CONDITIONS

LONGEST = 6  # symbols

STUDY = Study.of(
    "length_extrapolation",
    {
        f"{head}-{name}": options.replace(experiment, {"data.max_length": most, "data.width": 0})
        for name, most in (("short", LONGEST), ("all", 0))
        for head, experiment in CONDITIONS.items()
    },
    contrasts={
        "gain of attention, from short labels to all": (
            ("ctc-short", "attention-short"),
            ("ctc-all", "attention-all"),
        )
    },
    longer_than=LONGEST,
)

if __name__ == "__main__":
    command.main(STUDY, __doc__)

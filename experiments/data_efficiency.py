r"""Which head needs fewer training lines? Both heads, trained on 10, 30 and 100 % of the lines.

python -m experiments.data_efficiency --workdir=runs/data_efficiency \
    --data.train=words/labels_train.tsv --data.test=words/labels_test.tsv

All take the same number of steps. The lines of a small share are also in the larger ones, and both heads get
the same lines. If attention needs more lines than CTC, its gain over CTC rises from few lines to all;
the report answers that first.

Cost: six conditions, so six runs for each seed.
Result: not measured yet.
"""

from ocr_tf import options
from ocr_tf.study import command
from ocr_tf.study.config import Study

from .ctc_vs_attention import CONDITIONS

STUDY = Study.of(
    "data_efficiency",
    {
        f"{head}-{percent}": options.replace(experiment, {"data.share": percent / 100})
        for percent in (10, 30, 100)
        for head, experiment in CONDITIONS.items()
    },
    contrasts={
        f"gain of attention, from {percent} to 100 % of the lines": (
            (f"ctc-{percent}", f"attention-{percent}"),
            ("ctc-100", "attention-100"),
        )
        for percent in (10, 30)
    },
)

if __name__ == "__main__":
    command.main(STUDY, __doc__)

"""Which head needs fewer lines? Trained on 10, 30 and 100 % of them, for as many steps.

python -m experiments.data_efficiency --workdir=runs/data_efficiency \\
    --data.train=words/labels_train.tsv --data.test=words/labels_test.tsv

The lines of a small share are among those of a large one, and both heads have the same. Six conditions. If
attention needs more lines than CTC, what it gains rises from few lines to all.
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

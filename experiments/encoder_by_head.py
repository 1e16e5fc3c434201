r"""Does attention's gain over CTC shrink with more recurrent layers? 0, 1 and 2 BiLSTM layers.

python -m experiments.encoder_by_head --workdir=runs/encoder_by_head \
    --data.train=words/labels_train.tsv --data.test=words/labels_test.tsv

Baek et al. 2019 (What is wrong with scene text recognition model comparisons?) find attention ahead by
about three points without a BiLSTM and by about one with it. The report first compares the gain with 0
layers to the gain with 2: that one of them is significant and the other is not would not tell.

Cost: six conditions, so six runs for each seed.
Result: not measured yet.
"""

from ocr_tf import options
from ocr_tf.study import command
from ocr_tf.study.config import Study

from .ctc_vs_attention import CONDITIONS

STUDY = Study.of(
    "encoder_by_head",
    {
        f"{head}-{layers}": options.replace(experiment, {"sequence.layers": layers})
        for layers in (0, 1, 2)
        for head, experiment in CONDITIONS.items()
    },
    contrasts={
        f"gain of attention, from 0 to {layers} BiLSTM layers": (
            ("ctc-0", "attention-0"),
            (f"ctc-{layers}", f"attention-{layers}"),
        )
        for layers in (2, 1)
    },
)

if __name__ == "__main__":
    command.main(STUDY, __doc__)

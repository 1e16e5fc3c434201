r"""Do CTC and attention read handwriting better together? Encoder, data and budget are those of hand_ctc.

python -m experiments.hand_ctc_attention --workdir=runs/hand_ctc_attention \
    --data.train=hooker_en_hand/labels_train.tsv

Cost: not measured yet.
Result: not measured yet.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import CTCAttention

from . import hand_ctc

EXPERIMENT = dataclasses.replace(
    hand_ctc.EXPERIMENT, name="hand_ctc_attention", head=CTCAttention(symbol_dropout=0.2)
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

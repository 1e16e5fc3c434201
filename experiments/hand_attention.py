"""Can attention read lines of handwriting? Encoder, data and budget are those of hand_ctc.

python -m experiments.hand_attention --workdir=runs/hand_attention \
    --data.train=hooker_en_hand/labels_train.tsv

Cost: 110 minutes on one core of a Xeon with AMX, the other one busy with more than one run.
Result: on 744 lines of other letters CER 22.1 %, 8.7 % of lines without an error (seed 0), aligned since
step 2,000; CER on the validation lines between 22.1 and 23.2 % from step 8,000 on. hand_ctc reads the same
lines with 19.7 %, and 5.2 % of them without an error.
Measured with the augmentation of earlier versions: every line perturbed, paper added at both ends.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import hand_ctc

EXPERIMENT = dataclasses.replace(
    hand_ctc.EXPERIMENT, name="hand_attention", head=Attention(symbol_dropout=0.2)
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

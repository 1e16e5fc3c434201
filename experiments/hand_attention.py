"""Can attention read lines of handwriting? Encoder, data and budget are those of hand_ctc.

python -m experiments.hand_attention --workdir=runs/hand_attention \
    --data.train=hooker_en_hand/labels_train.tsv

Cost: 135 minutes on one core of an EPYC server that other work shared.
Result: on 744 lines of other letters CER 21.5 %, 9.1 % of lines without an error (seed 0), aligned since
step 2,000. hand_ctc reads the same lines with 19.4 %, and 5.0 % of them without an error. Without residual
stages, 13,000 steps read them with 22.1 %.
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

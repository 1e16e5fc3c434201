"""Can attention read lines of handwriting? Encoder, data and budget are those of hand_ctc.

python -m experiments.hand_attention --workdir=runs/hand_attention \
    --data.train=hooker_en_hand/labels_train.tsv

Result: not measured yet.
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

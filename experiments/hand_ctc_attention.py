r"""Do CTC and attention read handwriting better together? Encoder, data and budget are those of hand_ctc.

python -m experiments.hand_ctc_attention --workdir=runs/hand_ctc_attention \
    --data.train=hooker_en_hand/labels_train.tsv

Cost: 44 minutes for 5,000 of 8,000 steps (--train.steps=5000) on one core of an EPYC beside other work.
Result: after 5,000 steps, 21.5 % CER greedily and 19.3 % by beam:16 on the 744 test lines of hooker_en_hand;
its CTC branch alone 22.8 %, its attention branch alone 20.8 % (length_norm=1); 17.2 % with 6-grams of the
training labels. See docs/decoding.md.
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

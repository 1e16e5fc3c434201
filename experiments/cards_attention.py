"""Can attention read the bank-card numbers of cards_clstm? Encoder, lines and budget are those of cards_ctc.

python -m experiments.cards_attention --workdir=runs/cards_attention
tools/evaluate runs/cards_attention --data.test='synthetic:bankcard?count=2820&split=test&height=40'

Cost: 0.56 s of one EPYC core a step in float32, so about 47 minutes for 5,000 steps; 1.8 M parameters.
Result: not measured yet.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import cards_ctc

EXPERIMENT = dataclasses.replace(cards_ctc.EXPERIMENT, name="cards_attention", head=Attention())

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

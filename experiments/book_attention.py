"""Can attention read whole book lines? The encoder, data and budget of book_ctc.

python -m experiments.book_attention --workdir=runs/book_attention \\
    --data.train=archiscribe/labels_train.tsv

Measured as there: 38 minutes for 3,000 steps; CER 2.74 %, exact 53.0 %. On the validation
lines its CER is over 100 % until the alignment is found between steps 750 and 1,000; then it falls to
30 % by step 1,250 and 7 % by step 2,250. The worst lines are those where it repeats a word.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import book_ctc

EXPERIMENT = dataclasses.replace(
    book_ctc.EXPERIMENT, name="book_attention", head=Attention(symbol_dropout=0.2)
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

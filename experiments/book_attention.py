r"""Can attention read whole lines of books? Encoder, data and budget are those of book_ctc.

python -m experiments.book_attention --workdir=runs/book_attention \
    --data.train=archiscribe/labels_train.tsv

Measured before lines were standardized and attention had its aids (location, guide, CTC loss); with them it
is aligned by step 500, and has not been trained to the end.
Cost: 38 minutes for 3,000 steps on two busy cores.
Result: CER 2.74 %, 53.0 % of lines without an error (seed 0). Until attention finds its alignment, between
steps 750 and 1,000, its CER on the validation lines is over 100 %; it then falls to 30 % by step 1,250
and 7 % by step 2,250. In the lines with most errors it repeats a word.
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

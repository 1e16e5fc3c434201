r"""Do CTC and attention read lines of books better together? Encoder, data and budget are those of book_ctc.

python -m experiments.book_ctc_attention --workdir=runs/book_ctc_attention \
    --data.train=archiscribe/labels_train.tsv

Cost: not measured yet.
Result: not measured yet.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import CTCAttention

from . import book_ctc

EXPERIMENT = dataclasses.replace(
    book_ctc.EXPERIMENT, name="book_ctc_attention", head=CTCAttention(symbol_dropout=0.2)
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

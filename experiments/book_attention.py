"""Can attention read whole book lines? The encoder and data of book_ctc.

python -m experiments.book_attention --workdir=runs/book_attention \\
    --data.train=archiscribe/labels_train.tsv
"""

import dataclasses

from experiments import book_ctc
from ocr_tf.experiment import launch
from ocr_tf.heads import Attention

EXPERIMENT = dataclasses.replace(
    book_ctc.EXPERIMENT, name="book_attention", head=Attention(symbol_dropout=0.2)
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

r"""Can attention read whole lines of books? Encoder, data and budget are those of book_ctc.

python -m experiments.book_attention --workdir=runs/book_attention \
    --data.train=archiscribe/labels_train.tsv

Cost: 94 minutes for 3,000 steps on one core of a Xeon with AMX, shared with other work for most of the time.
Result: on 411 lines of other books CER 5.43 % by greedy search, 1.95 % by --search=beam:8, 60.8 % of lines
without an error either way (seed 0), aligned since step 500. Greedy search goes on writing dots in four
lines with rows of dots, and words in a fifth: 709 of its 1,039 edits. The network finds the true text of all
five far more likely, and the beam makes 46 edits there: what fails is the search.
Measured with the augmentation of earlier versions: every line perturbed, paper added at both ends.
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

r"""Can attention read words in photographs? Encoder, data and budget are those of words_ctc.

python -m experiments.words_attention --workdir=runs/words_attention \
    --data.train=words/labels_train.tsv

Result: not measured yet.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import words_ctc

EXPERIMENT = dataclasses.replace(words_ctc.EXPERIMENT, name="words_attention", head=Attention())

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

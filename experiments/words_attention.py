r"""Can attention read words in photographs? Encoder, data and budget are those of words_ctc.

python -m experiments.words_attention --workdir=runs/words_attention \
    --data.train=words/labels_train.tsv

Cost: 57 minutes on one core of a Xeon with AMX shared with other work.
Result: on 646 words of IIIT5K and ICDAR 2015 CER 24.4 %, 59.9 % of words without an error (seed 0), aligned
since step 2,000; with --search=beam:8 24.1 % and 60.4 %. words_ctc reads them with 22.7 % CER and 53.7 % of
words without an error, under the augmentation of earlier versions.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import words_ctc

EXPERIMENT = dataclasses.replace(words_ctc.EXPERIMENT, name="words_attention", head=Attention())

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

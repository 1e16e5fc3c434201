r"""Can attention read words in photographs? Encoder, data and budget are those of words_ctc.

python -m experiments.words_attention --workdir=runs/words_attention \
    --data.train=words/labels_train.tsv

Cost: 89 minutes on one core of an EPYC server that other work shared.
Result: on 646 words of IIIT5K and ICDAR 2015 CER 22.5 %, 61.6 % of words without an error (seed 0), aligned
since step 2,000; with --search=beam:8 22.1 % and 61.9 %. Without residual stages, under the augmentation of
earlier versions, 24.4 %.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import words_ctc

EXPERIMENT = dataclasses.replace(words_ctc.EXPERIMENT, name="words_attention", head=Attention())

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

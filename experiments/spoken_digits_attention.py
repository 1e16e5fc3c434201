"""Can attention read the digits of spoken_digits_ctc, with the same encoder and budget? Needs espeak-ng.

python -m experiments.spoken_digits_attention --workdir=runs/spoken_attention
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import spoken_digits_ctc

EXPERIMENT = dataclasses.replace(
    spoken_digits_ctc.EXPERIMENT, name="spoken_digits_attention", head=Attention()
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

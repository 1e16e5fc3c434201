"""The encoder of CRNN under attention: data, protocol and budget are those of crnn_ctc.

python -m experiments.crnn_attention --workdir=runs/crnn_attention --data.train=iiit5k/labels_train.tsv

Result: not measured yet.
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import crnn_ctc

EXPERIMENT = dataclasses.replace(crnn_ctc.EXPERIMENT, name="crnn_attention", head=Attention())

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

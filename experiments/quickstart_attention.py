"""Attention on the rendered lines of quickstart_ctc, under the same encoder and budget.

python -m experiments.quickstart_attention --workdir=runs/quickstart_attention
"""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import Attention

from . import quickstart_ctc

EXPERIMENT = dataclasses.replace(
    quickstart_ctc.EXPERIMENT, name="quickstart_attention", head=Attention()
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

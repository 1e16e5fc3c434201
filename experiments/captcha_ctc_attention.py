"""Do CTC and attention read captchas better together? Encoder, data and budget are those of captcha_ctc."""

import dataclasses

from ocr_tf.cli import launch
from ocr_tf.heads import CTCAttention

from . import captcha_ctc

EXPERIMENT = dataclasses.replace(
    captcha_ctc.EXPERIMENT, name="captcha_ctc_attention", head=CTCAttention()
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

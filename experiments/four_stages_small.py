r"""The 16 conditions of four_stages with a quarter of the filters and units, for a CPU.

python -m experiments.four_stages_small --workdir=runs/four_stages_small \
    --data.train=words/labels_train.tsv --data.test=words/labels_test.tsv

Cost: 16 conditions, so 16 runs of 10,000 steps for each seed; not measured.
Result: not measured yet.
"""

from ocr_tf.experiment.config.experiment import Train
from ocr_tf.study import command
from ocr_tf.study.config import Study

from .four_stages import CONTRASTS, conditions

TRAIN = Train(steps=10_000, batch_size=32, learning_rate=1e-3, warmup_steps=200)
STUDY = Study.of("four_stages_small", conditions(4, TRAIN), contrasts=CONTRASTS)

if __name__ == "__main__":
    command.main(STUDY, __doc__)

"""Can CTC read words in photographs? A deeper compact encoder, images of 32x100 pixels.

python -m experiments.words_ctc --workdir=runs/words_ctc --data.train=words/labels_train.tsv

Cost: 35 minutes on one core of a Xeon with AMX, the other one busy, without residual stages.
Result: without residual stages, on 646 words of IIIT5K and ICDAR 2015 CER 22.7 %, 53.7 % of words without an
error (seed 0), aligned since step 3,000; 5,248 training lines, 1.56 M parameters below the head. Measured
with the augmentation of earlier versions: every line perturbed, paper added at both ends. With residual
stages, 1.59 M parameters, it was not measured yet.
"""

from ocr_tf.cli import launch
from ocr_tf.data.augment.options import Augment
from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

EXPERIMENT = Experiment(
    name="words_ctc",
    encoder=Compact(width=32, depth=2, dropout=0.2, residual=True, standardize=True),
    head=CTC(),
    data=Data(height=32, width=100, augment=Augment.of(elastic=(0.03, 1))),
    sequence=Sequence(layers=2, units=128, dropout=0.3),
    train=Train(steps=12000, batch_size=32, learning_rate=1.5e-3, evaluate_every=1000),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

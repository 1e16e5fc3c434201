"""Can CTC read lines of handwriting? A deeper compact encoder, 48 pixels high.

python -m experiments.hand_ctc --workdir=runs/hand_ctc --data.train=hooker_en_hand/labels_train.tsv

Cost: 109 minutes on one core of an EPYC server that other work shared; 1.6 M parameters.
Result: on 744 lines of other letters CER 19.4 %, 5.0 % of lines without an error (seed 0); with 6-grams of
the training labels (docs/decoding.md) 16.2 % and 12.6 %. Without residual stages, 13,000 steps read the lines
with 19.7 %.
"""

from ocr_tf.cli import launch
from ocr_tf.data.augment.options import Augment
from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

EXPERIMENT = Experiment(
    name="hand_ctc",
    encoder=Compact(width=24, depth=2, rows="max", dropout=0.2, standardize=True, residual=True),
    head=CTC(),
    data=Data(height=48, val_share=0.05, augment=Augment.of(elastic=(0.04, 1))),
    sequence=Sequence(layers=2, units=176, dropout=0.3),
    train=Train(steps=8000, batch_size=16, learning_rate=2e-3, evaluate_every=1000),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

"""Can CTC read lines of handwriting? A deeper compact encoder, 48 pixels high.

python -m experiments.hand_ctc --workdir=runs/hand_ctc --data.train=hooker_en_hand/labels_train.tsv

Cost: 59 minutes on one core of a Xeon with AMX, the other one busy; 1.57 M parameters.
Result: on 744 lines of other letters CER 19.7 %, 5.2 % of lines without an error (seed 0); from step
7,000 on the CER on the validation lines fell only from 22.0 to 20.4 %, while the training loss fell from
18.6 to 13.7.
Measured with the augmentation of earlier versions: every line perturbed, paper added at both ends.
"""

from ocr_tf.cli import launch
from ocr_tf.data.augment.options import Augment
from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

EXPERIMENT = Experiment(
    name="hand_ctc",
    encoder=Compact(width=24, depth=2, rows="max", dropout=0.2, standardize=True),
    head=CTC(),
    data=Data(height=48, val_share=0.05, augment=Augment.of(elastic=(0.04, 1))),
    sequence=Sequence(layers=2, units=176, dropout=0.3),
    train=Train(steps=13000, batch_size=16, learning_rate=2e-3, evaluate_every=1000),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

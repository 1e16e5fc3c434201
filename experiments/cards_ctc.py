"""Can CTC read the bank-card numbers of cards_clstm with a small convolutional encoder? Needs no files.

python -m experiments.cards_ctc --workdir=runs/cards_ctc
tools/evaluate runs/cards_ctc --data.test='synthetic:bankcard?count=2820&split=test&height=40'

The lines are those of cards_clstm: 11,280 to train, 2,820 of other numbers to test.

Cost: 0.49 s of one EPYC core a step in float32, so about 40 minutes for 5,000 steps; 1.2 M parameters.
Result: not measured yet.
"""

from ocr_tf.cli import launch
from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

from .cards_clstm import TRAIN, VALIDATION

EXPERIMENT = Experiment(
    name="cards_ctc",
    encoder=Compact(standardize=True, residual=True, dropout=0.1),
    head=CTC(),
    data=Data(train=(TRAIN,), val=(VALIDATION,), height=40),
    sequence=Sequence(layers=2, units=128, dropout=0.1),
    train=Train(steps=5000, batch_size=16, learning_rate=1.5e-3, evaluate_every=500),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

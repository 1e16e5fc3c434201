"""Can CTC read whole lines of books (Fraktur, 2 to 120 symbols)? The compact encoder, 40 pixels high.

python -m experiments.book_ctc --workdir=runs/book_ctc --data.train=archiscribe/labels_train.tsv

Cost: 35 minutes for 3,000 steps on one core of a Xeon with AMX, the other one busy; 1.8 M parameters below
the head, mixed bfloat16; 1,698 training lines of 19th-century German books.
Result: on 411 lines of other books CER 1.67 %, 63.5 % of lines without an error (seed 0), aligned since step
250. 1 to 2 % of the labels are wrong, which no network can read "right".
Measured with the augmentation of earlier versions: every line perturbed, paper added at both ends.
"""

from ocr_tf.cli import launch
from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

EXPERIMENT = Experiment(
    name="book_ctc",
    encoder=Compact(standardize=True),
    head=CTC(),
    data=Data(height=40, val_share=0.05),
    sequence=Sequence(layers=2, units=176, dropout=0.2),
    train=Train(steps=3000, batch_size=16, learning_rate=1e-3, evaluate_every=250),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

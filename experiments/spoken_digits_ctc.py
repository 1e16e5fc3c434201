"""Can CTC read spoken digits? Cepstral coefficients as images of 13 rows. Needs espeak-ng, and no files.

python -m experiments.spoken_digits_ctc --workdir=runs/spoken_ctc

5,706 strings of 1 to 6 digits in 52 voices. Cost: 142 seconds of one core's time in all (18 minutes on a core
shared with much other work), and 127 seconds for the speech, which was made before, by make_records.
Result: of 400 strings of four digits in 12 voices that were never heard, 375 are read without an error
(93.75 %), CER 2.69 % (seed 0). All errors are in one voice, Marco: 25 of its 30 strings; its first formant is
lowered and its third raised. The 370 strings of the other 11 voices are all right.
"""

from ocr_tf.cli import launch
from ocr_tf.data.augment.options import Augment
from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

EXPERIMENT = Experiment(
    name="spoken_digits_ctc",
    encoder=Compact(width=24),
    head=CTC(),
    data=Data(
        train=("spoken:digits?count=6000",), val_share=0.05, height=13, augment=Augment.of(share=0)
    ),
    sequence=Sequence(layers=2, units=128, dropout=0.2),
    train=Train(steps=800, batch_size=32, learning_rate=1.5e-3, evaluate_every=200),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

"""The CRNN of Shi et al. 2015 by its own protocol: 32 pixels high, stretched to 100 wide, Adadelta.

python -m experiments.crnn_ctc --workdir=runs/crnn_ctc --data.train=iiit5k/labels_train.tsv

36 symbols: labels are brought to lower case, and only letters and digits stay. docs/crnn.md goes from
Synth90k to a lexicon's words, and counts parameters.

Cost: 323 ms a step on two cores of an AMD EPYC with batches of 32; this file takes 20,000 steps with
batches of 64. The paper trains on 7.2 M synthetic words.
Result: not measured yet. --data.width=0 keeps the aspect ratio of the images instead.
"""

from ocr_tf.cli import launch
from ocr_tf.encoders import CRNN
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

EXPERIMENT = Experiment(
    name="crnn_ctc",
    encoder=CRNN(),
    head=CTC(),
    data=Data(height=32, width=100, normalize="alphanumeric"),
    sequence=Sequence(layers=2, units=256),
    train=Train(
        steps=20000,
        batch_size=64,
        optimizer="adadelta",
        learning_rate=1.0,
        warmup_steps=0,
        decay="constant",
        evaluate_every=500,
    ),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

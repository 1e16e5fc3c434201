"""CTC on rendered lines of 4 to 10 digits, in two or three minutes on two cores.

python -m experiments.quickstart_ctc --workdir=runs/quickstart_ctc
"""

from ocr_tf.cli import launch
from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

TEST = "synthetic:digits:count=500:split=test"

EXPERIMENT = Experiment(
    name="quickstart_ctc",
    encoder=Compact(),
    head=CTC(),
    data=Data(train=("synthetic:digits:count=4000",), val_share=0.05, height=32),
    sequence=Sequence(layers=2, units=128, dropout=0.1),
    train=Train(steps=600, batch_size=32, learning_rate=2e-3, evaluate_every=100),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

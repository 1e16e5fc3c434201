"""Can CTC read captchas of five symbols? The compact encoder on images of 200x50.

python -m experiments.captcha_ctc --workdir=runs/captcha_ctc --data.train=captcha5/labels_train.tsv
"""

from ocr_tf.encoders import Compact
from ocr_tf.experiment import launch
from ocr_tf.experiment.config import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC

EXPERIMENT = Experiment(
    name="captcha_ctc",
    encoder=Compact(),
    head=CTC(),
    data=Data(height=32),
    sequence=Sequence(layers=2, units=128, dropout=0.1),
    train=Train(steps=1500, batch_size=32, learning_rate=1e-3, evaluate_every=100),
)

if __name__ == "__main__":
    launch.main(EXPERIMENT, __doc__)

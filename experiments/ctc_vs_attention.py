"""CTC or attention? The same encoder and budget under both heads, several seeds, one answer.

python -m experiments.ctc_vs_attention --workdir=runs/ctc_vs_attention \\
    --data.train=words/labels_train.tsv --data.test=words/labels_test.tsv --study.seeds=3

Stopped and started again, it goes on; with more seeds it trains what is missing. The report is in the
folder's report/report.html.
"""

import dataclasses

from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC, Attention
from ocr_tf.study import command
from ocr_tf.study.config import Study

ctc = Experiment(
    name="ctc",
    encoder=Compact(),
    head=CTC(),
    data=Data(height=32, width=100),
    sequence=Sequence(layers=2, units=160, dropout=0.1),
    train=Train(steps=10000, batch_size=32, learning_rate=1e-3, warmup_steps=200),
)
CONDITIONS = {"ctc": ctc, "attention": dataclasses.replace(ctc, head=Attention())}
STUDY = Study.of("ctc_vs_attention", CONDITIONS)

if __name__ == "__main__":
    command.main(STUDY, __doc__)

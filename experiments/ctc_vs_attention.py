r"""CTC or attention? Both heads on the same encoder, lines and budget, each under several seeds.

python -m experiments.ctc_vs_attention --workdir=runs/ctc_vs_attention \
    --data.train=words/labels_train.tsv --data.test=words/labels_test.tsv --study.seeds=3

Stopped and started again, it resumes; with more seeds it trains only what is missing. The report is
report/report.html in the study's folder.

Cost: 20 to 25 minutes a run, so 2 to 2.5 hours for 3 seeds of both heads.
Result: on 646 words in photographs (IIIT5K and ICDAR 2015), 3 seeds, CER 26.72 % (CTC) against 28.14 %
(attention): a difference of -1.42 percentage points, 95 % interval -3.34 to +0.49, so tied at this size.
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

"""Does a beam close the gap between CTC and attention? Both heads, each read greedily and by a beam.

python -m experiments.searches --workdir=runs/searches

Conditions and lines are the quickstart's, and need no files. Each run is trained once and reads the test
lines with both searches. If a beam gives attention more than CTC, attention's gain over CTC rises from
greedy search to the beam; the report answers that first.

Cost: four runs of 2 to 3.5 minutes each on two busy cores, and the report.
Result (2 seeds, one run at a time): no, the beam widens the gap. CER 3.42 % (CTC) against 3.77 % (attention)
greedily, and 3.34 % against 4.24 % by the beam: attention's gain falls by 0.56 percentage points, 95 %
interval 0.16 to 0.96; at the last checkpoints by 0.44, -0.07 to 0.95. No two conditions alone can be told
apart with 2 seeds.
"""

from ocr_tf.study import command
from ocr_tf.study.config import Study

from . import quickstart

STUDY = Study.of(
    "searches",
    quickstart.STUDY.conditions,
    contrasts={
        "gain of attention, from greedy search to a beam": (
            ("ctc, greedy", "attention, greedy"),
            ("ctc, beam:8", "attention, beam:8"),
        )
    },
    search="greedy;beam:8",
    seeds=2,
    parallel="2",
    test=quickstart.STUDY.data.test,
)

if __name__ == "__main__":
    command.main(STUDY, __doc__)

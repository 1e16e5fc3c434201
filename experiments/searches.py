"""Does a beam close the gap between CTC and attention? Both heads, each read greedily and by a beam.

python -m experiments.searches --workdir=runs/searches

Conditions and lines are the quickstart's, and need no files. Each run is trained once and reads the test
lines with both searches. If a beam gives attention more than CTC, attention's gain over CTC rises from
greedy search to the beam; the report answers that first.
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

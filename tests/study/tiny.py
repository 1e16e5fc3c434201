"""A study that trains in a minute: `python -m tests.study.tiny CONDITION,CONDITION... FLAG...`."""

import dataclasses
import sys

from ocr_tf import options
from ocr_tf.study import command
from ocr_tf.study.config import Study
from tests.experiment import tiny

EXPERIMENTS = {
    head: dataclasses.replace(tiny.experiment(head, steps=24, evaluate_every=8), name=head)
    for head in tiny.HEADS
}
EXPERIMENTS["slower"] = options.replace(EXPERIMENTS["ctc"], {"train.learning_rate": 1e-4})
TEST = "synthetic:digits:count=30:split=test"


def study(conditions: str) -> Study:
    chosen = {name: EXPERIMENTS[name] for name in conditions.split(",")}
    return Study.of("tiny", chosen, seeds=2, test=(TEST,))


if __name__ == "__main__":
    command.main(study(sys.argv[1]), __doc__, sys.argv[2:])

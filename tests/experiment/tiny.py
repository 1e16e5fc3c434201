"""An experiment that trains in seconds, and a child process that is killed where it is told.

python -m tests.experiment.tiny HEAD WORKDIR [PLACE COUNT]

PLACE is begin, step, val or save: the process kills itself at the COUNTth time it gets there; in
`begin` and `save`, when a file of the run or a checkpoint is written but not yet under its name.
TINY_STRATEGY in the environment is --train.strategy, TINY_CPUS the number of logical CPUs.
"""

import os
import signal
import sys
from pathlib import Path

from ocr_tf.encoders import Compact
from ocr_tf.experiment.config.experiment import Data, Experiment, Sequence, Train
from ocr_tf.heads import CTC, Attention, CTCAttention, Transformer

HEADS = {"ctc": CTC(), "attention": Attention(units=24, attention_units=16, embedding=8)}
CONFIGS = {  # what else may be named, where all of them would take too long
    **HEADS,
    "attention_dot": Attention(units=24, attention_units=16, embedding=8, scoring="dot", heads=2),
    "transformer": Transformer(units=16, layers=2, heads=2, feed_forward=16),
    "ctc_attention": CTCAttention(units=24, attention_units=16, embedding=8),
}
STEPS = 12


def experiment(head: str = "ctc", **train: object) -> Experiment:
    """Dropout, augmentation, a schedule and early stopping are on."""
    settings = {
        "steps": STEPS,
        "batch_size": 8,
        "warmup_steps": 3,
        "evaluate_every": 4,
        "checkpoint_every": 3,
        "log_every": 2,
        "patience": 5,
        "previews": 0,
        "bfloat16": "false",
        **train,
    }
    return Experiment(
        name=f"tiny_{head}",
        encoder=Compact(),
        head=CONFIGS[head],
        data=Data(train=("synthetic:digits:count=44",), val_share=0.2, height=16),
        sequence=Sequence(layers=1, units=16, dropout=0.2),
        train=Train(**settings),
    )


def _kill_at(place: str, count: int) -> None:
    from ocr_tf import atomic
    from ocr_tf.experiment.inference import recognize
    from ocr_tf.experiment.training import step

    left = [count]

    def dying(function):
        def called(*args, **kwargs):
            if place != "save" or str(args[1]).endswith(".npz"):  # os.replace(source, target)
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return called

    if place == "step":
        step.Stepper.__call__ = dying(step.Stepper.__call__)
    elif place == "val":
        recognize.Reader.read = dying(recognize.Reader.read)
    else:
        atomic.os.replace = dying(os.replace)


if __name__ == "__main__":
    import tensorflow as tf

    from ocr_tf.experiment.config.exits import exits
    from ocr_tf.experiment.training import loop

    head, workdir, *where = sys.argv[1:]
    cpus = [tf.config.LogicalDeviceConfiguration()] * int(os.environ.get("TINY_CPUS", 1))
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], cpus)
    with exits():
        if where:
            _kill_at(where[0], int(where[1]))
        strategy = os.environ.get("TINY_STRATEGY", "none")
        loop.run(experiment(head, previews=2, strategy=strategy), Path(workdir))

"""What differs between the experiment that a folder holds and the one that a command line asks for.

TensorFlow-free.
"""

from __future__ import annotations

from collections.abc import Collection

from ocr_tf import options
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.experiment import Experiment


def differences(began: Experiment, now: Experiment, ignored: Collection[str] = ()) -> list[str]:
    """Names each flag and part in which two experiments differ, as a command line would write it.

    Args:
        began: what the folder holds.
        now: what is asked for.
        ignored: flags that may differ.

    Returns:
        Phrases that go on after "was started with": "--train.steps=100, not 200".
    """
    then = {leaf.name: leaf.value for leaf in options.leaves(began)}
    asked = {leaf.name: leaf.value for leaf in options.leaves(now)}
    phrases = [
        f"--{name}={flags.text(then[name])}, not {flags.text(asked[name]) or 'empty'}"
        for name in then
        if name in asked and name not in ignored and then[name] != asked[name]
    ]
    for part, one, other in (
        ("encoder", began.encoder_name, now.encoder_name),
        ("head", began.head_name, now.head_name),
    ):
        if one != other:
            phrases.append(f"{part} {one}, not {other}")
    return phrases

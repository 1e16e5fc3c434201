"""The accelerators of this process, and operations on them that give the same bits each time."""

from __future__ import annotations

import tensorflow as tf


def accelerators() -> list[str]:
    """Names the GPUs that TensorFlow sees, by their makers' names; empty without one."""
    found = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(device) for device in found]
    return [one.get("device_name", device.name) for one, device in zip(details, found)]


def deterministic(asked: bool) -> bool:
    """Keeps this process to deterministic operations where it has a GPU and that is asked for.

    Those of a CPU are deterministic as they are: sums depend on the number of threads alone.

    Returns:
        Whether it did.
    """
    wanted = asked and bool(accelerators())
    if wanted:
        tf.config.experimental.enable_op_determinism()
    return wanted

"""What this machine's processor offers. TensorFlow-free."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

# Instructions that multiply matrices of bfloat16, as Linux names them: x86's, and Arm's.
BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}


def cores() -> int:
    """Counts the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@functools.cache
def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Tells whether the processor multiplies matrices of bfloat16; False where the system does not say."""
    try:
        features = re.findall(r"^(?:flags|Features)\s*:(.*)$", cpuinfo.read_text(), re.MULTILINE)
    except OSError:
        return False
    return bool(features) and not BFLOAT16.isdisjoint(features[0].split())

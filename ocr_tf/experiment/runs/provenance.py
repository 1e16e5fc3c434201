"""Where a run comes from: its configuration, the code, the machine and the data."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import re
import subprocess
from pathlib import Path
from typing import Any, Optional

from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import configuration
from ocr_tf.version import ROOT, __version__

PACKAGES = ("tensorflow", "tensorflow-addons", "numpy")


def describe(experiment: Experiment, facts: dict[str, Any]) -> dict[str, Any]:
    """The content of run.json.

    Args:
        experiment: what is trained.
        facts: what only the trainer knows, as JSON values: `threads`, `devices` and `data`, the
            fingerprint.
    """
    return {**configuration(experiment), **surroundings(), **facts}


def surroundings() -> dict[str, Any]:
    """The code and the machine: versions, commit, processor."""
    commit, dirty = _commit()
    return {
        "versions": _versions(),
        "commit": commit,
        "dirty": dirty,
        "processor": processor(),
    }


def _versions() -> dict[str, Optional[str]]:
    versions: dict[str, Optional[str]] = {
        "python": platform.python_version(),
        "ocr_tf": __version__,
    }
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def _commit() -> tuple[Optional[str], Optional[bool]]:
    """The commit that the code runs from, and whether it has changed since; None outside git."""
    root = ROOT
    if not (root / ".git").exists():  # Installed, perhaps under somebody else's repository.
        return None, None
    try:
        output = [
            subprocess.run(
                ["git", "-C", str(root), *command],
                capture_output=True,
                text=True,
                check=True,
                timeout=20,
            ).stdout.strip()
            for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        ]
    except (OSError, subprocess.SubprocessError):
        return None, None
    return output[0], bool(output[1])


def processor() -> str:
    """Names the processor, as the system does."""
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found.group(1)
    return platform.processor() or platform.machine()

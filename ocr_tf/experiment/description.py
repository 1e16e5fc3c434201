"""What a run says of itself: run.json's content, and the experiment made from it again."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import platform
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import ocr_tf
from ocr_tf import options
from ocr_tf.encoders import ENCODERS
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import Experiment
from ocr_tf.heads import HEADS

PACKAGES = ("tensorflow", "tensorflow-addons", "numpy")


def describe(experiment: Experiment, facts: dict[str, Any]) -> dict[str, Any]:
    """The content of run.json.

    Args:
      experiment: what is trained.
      facts: what only the trainer knows, as JSON values: `threads` and `data`, the fingerprint.
    """
    return {**configuration(experiment), **surroundings(), **facts}


def configuration(experiment: Experiment) -> dict[str, Any]:
    """What `rebuild` needs."""
    config = dataclasses.asdict(experiment)
    del config["name"]
    return {
        "name": experiment.name,
        "encoder": experiment.encoder_name,
        "head": experiment.head_name,
        "seed": experiment.train.seed,
        "config": config,
    }


def surroundings() -> dict[str, Any]:
    """The code and the machine: versions, commit, processor."""
    commit, dirty = _commit()
    return {
        "versions": _versions(),
        "commit": commit,
        "dirty": dirty,
        "processor": _processor(),
    }


def rebuild(described: dict[str, Any], place: str) -> Experiment:
    """The experiment of a run.json's content.

    Raises:
      InputError: it holds something that this version does not know; `place` opens the message.
    """
    written_by = (described.get("versions") or {}).get("ocr_tf", "an unknown version")
    elsewhere = f"written by ocr_tf {written_by}, this is {ocr_tf.__version__}; use that version"
    parts = {}
    for kind, registry in (("encoder", ENCODERS), ("head", HEADS)):
        if described.get(kind) not in registry:
            raise InputError(
                f"{place}: {kind} {described.get(kind)!r} is none of {', '.join(registry)}: "
                + elsewhere
            )
        parts[kind] = registry[described[kind]]()
    experiment = Experiment(name=str(described.get("name")), **parts)
    leaves = {leaf.name: leaf for leaf in options.leaves(experiment)}
    values = {}
    for name, value in _flatten(described.get("config", {})):
        if name not in leaves:
            raise InputError(f"{place}: option {name} is not known here: {elsewhere}")
        declared = leaves[name].type
        values[name] = tuple(value) if declared is tuple else value
    try:
        return options.replace(experiment, values)
    except (ValueError, TypeError) as error:
        raise InputError(f"{place}: {error}: {elsewhere}") from None


def _flatten(config: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of a nested dictionary under dotted names."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _versions() -> dict[str, Optional[str]]:
    versions: dict[str, Optional[str]] = {
        "python": platform.python_version(),
        "ocr_tf": ocr_tf.__version__,
    }
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def _commit() -> tuple[Optional[str], Optional[bool]]:
    """The commit that the code runs from, and whether it has changed since; None outside git."""
    root = Path(ocr_tf.__file__).resolve().parent.parent
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


def _processor() -> str:
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found.group(1)
    return platform.processor() or platform.machine()

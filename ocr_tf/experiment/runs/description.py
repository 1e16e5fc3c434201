"""The content of run.json: what was trained, with which code, where, and on what. TensorFlow-free."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import rebuild


@dataclasses.dataclass(frozen=True)
class SharedDevices:
    """The devices that share each batch of a training: what its sums over them depend on."""

    strategy: str = "none"
    replicas: int = 1
    workers: int = 1


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """The code and the machine of a start; a change on resume costs bit-exactness and nothing else."""

    versions: Mapping[str, Optional[str]]
    commit: Optional[str]  # None outside git
    dirty: Optional[bool]  # whether the code has changed since the commit
    processor: Optional[str]
    threads: Mapping[str, Any]  # what the order of floating-point sums may depend on
    devices: SharedDevices
    accelerators: tuple[str, ...] = ()  # GPUs, by name

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Surroundings:
        """Makes them from a part of run.json, or from an item of resumed.json."""
        return cls(
            content.get("versions") or {},
            content.get("commit"),
            content.get("dirty"),
            content.get("processor"),
            content.get("threads") or {},
            SharedDevices(**(content.get("devices") or {})),
            tuple(content.get("accelerators") or ()),
        )


@dataclasses.dataclass(frozen=True)
class Origin:
    """Names the run that another one went on from: see `ocr_tf.experiment.training.origin`."""

    run: str  # folder
    step: int  # of its last checkpoint
    diverged: Optional[int]  # the step at which its loss was not finite, if it was not


@dataclasses.dataclass(frozen=True)
class RunDescription:
    """A run.json, parsed."""

    experiment: Experiment
    surroundings: Surroundings
    data: Mapping[str, str]  # role: fingerprint of its lines
    first_weights: Mapping[str, str]  # part: sha256 of what it started from
    origin: Optional[Origin] = None  # None: it began at step 0

    @classmethod
    def read(cls, path: Path) -> RunDescription:
        """Reads a run.json.

        Raises:
            InputError: it is missing or damaged, or holds something that this version does not know.
        """
        try:
            content = json.loads(path.read_bytes())
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise InputError(f"{path}: not JSON ({error}); restore it or train again") from None
        if not isinstance(content, dict):
            raise InputError(f"{path}: not a run's description; restore it or train again")
        return cls.from_json(content, str(path))

    @classmethod
    def from_json(cls, content: dict[str, Any], place: str) -> RunDescription:
        """Makes the description that JSON values give.

        Raises:
            InputError: they hold something that this version does not know; `place` opens the message.
        """
        return cls(
            rebuild(content, place),
            Surroundings.from_json(content),
            content.get("data") or {},
            content.get("first_weights") or {},
            Origin(**content["origin"]) if content.get("origin") else None,
        )

"""What a run says of itself: run.json's content, and the experiment made from it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import ocr_tf
from ocr_tf import options
from ocr_tf.encoders import ENCODERS
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.heads import HEADS


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

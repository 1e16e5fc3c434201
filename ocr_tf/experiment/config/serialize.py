"""What a run says of itself: run.json's content, and the experiment made from it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from ocr_tf import options, registry
from ocr_tf.data.augment.options import entries_of
from ocr_tf.data.dataset import split_spec
from ocr_tf.encoders import ENCODERS
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.heads import HEADS
from ocr_tf.version import __version__

# What runs did that were made before there was the option.
BEFORE = {"train.normalize_gradient": False}


def configuration(experiment: Experiment, test: Iterable[str] = ()) -> dict[str, Any]:
    """Describes an experiment as JSON values, for `rebuild`.

    Args:
        experiment: what is described.
        test: names of test lines, whose own parts are recorded too.
    """
    config = dataclasses.asdict(experiment)
    del config["name"]
    return {
        "name": experiment.name,
        "encoder": experiment.encoder_name,
        "head": experiment.head_name,
        "seed": experiment.train.seed,
        "config": config,
        "parts": outside_parts(experiment, test),
    }


def outside_parts(experiment: Experiment, test: Iterable[str] = ()) -> list[dict[str, str]]:
    """Describes the parts of an experiment, and of test lines, that are not this package's own."""
    specs = (*experiment.data.train, *experiment.data.val, *test)
    uses = [("source", split_spec(spec)[0]) for spec in specs]
    uses += [("augmentation", name) for name in entries_of(experiment.data.augment)]
    return registry.parts(
        [("encoder", experiment.encoder_name), ("head", experiment.head_name), *uses]
    )


def rebuild(described: dict[str, Any], place: str) -> Experiment:
    """The experiment of a run.json's content.

    Raises:
        InputError: it holds something that this version does not know; `place` opens the message.
    """
    written_by = (described.get("versions") or {}).get("ocr_tf", "an unknown version")
    elsewhere = f"written by ocr_tf {written_by}, this is {__version__}; use that version"
    if written_by == __version__:
        elsewhere = "name the file that registers it with --parts=FILE"
    parts = {}
    _restore_parts(described, place)
    for kind, known in (("encoder", ENCODERS), ("head", HEADS)):
        name = str(described.get(kind))
        try:
            parts[kind] = known.find(name)()
        except InputError as error:
            lost = name in known.lost
            raise InputError(str(error) if lost else f"{place}: {error}: {elsewhere}") from None
    experiment = Experiment(name=str(described.get("name")), **parts)
    leaves = {leaf.name: leaf for leaf in options.leaves(experiment)}
    values: dict[str, Any] = dict(BEFORE)
    for name, value in _flatten(described.get("config", {})):
        if name not in leaves:
            raise InputError(f"{place}: option {name} is not known here: {elsewhere}")
        declared = leaves[name].type
        values[name] = tuple(value) if declared is tuple else value
    try:
        return options.replace(experiment, values)
    except (ValueError, TypeError) as error:
        raise InputError(f"{place}: {error}: {elsewhere}") from None


def _restore_parts(described: dict[str, Any], place: str) -> None:
    try:
        registry.restore(described.get("parts", ()), place)
    except TypeError:
        raise InputError(f"{place}: damaged in its parts; restore it or train again") from None


def _flatten(config: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of a nested dictionary under dotted names."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value

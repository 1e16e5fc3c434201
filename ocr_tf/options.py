"""Frozen configurations whose leaves know their own help and bounds.

A configuration is a frozen dataclass; each leaf is made by `option`, each branch is another
configuration. Nothing here knows of command lines: `ocr_tf.experiment.config.flags` turns leaves into
flags.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Collection, Iterator
from typing import Any, Optional

from ocr_tf.errors import did_you_mean


def option(
    default: Any,
    help: str,
    *,
    minimum: Optional[float] = None,
    maximum: Optional[float] = None,
    choices: Optional[Collection[str]] = None,
    alias: Optional[str] = None,
) -> Any:
    """Makes a dataclass field: one number, word, switch or tuple of words that a flag can set.

    Args:
        default: its value where no flag is given.
        help: one sentence.
        minimum: the least value of a number.
        maximum: the greatest value of a number.
        choices: the only words that are allowed; a registry, to which names may still be added, is
            read when a value is checked.
        alias: another name of its flag, in the same branch.
    """
    metadata = {
        "help": help,
        "minimum": minimum,
        "maximum": maximum,
        "choices": choices,
        "alias": alias,
    }
    return dataclasses.field(default=default, metadata=metadata)


class Leaf(typing.NamedTuple):
    """One option of a configuration tree."""

    name: str  # dotted: train.learning_rate
    type: type  # bool, int, float, str or tuple (of str)
    value: Any
    field: dataclasses.Field[Any]

    @property
    def alias(self) -> str:
        """Another name of its flag, dotted; empty where there is none."""
        alias = self.field.metadata["alias"]
        branch = self.name.rpartition(".")[0]
        return (f"{branch}.{alias}" if branch else alias) if alias else ""


def leaves(config: Any, prefix: str = "") -> Iterator[Leaf]:
    """Yields every option of a configuration tree, depth first, in the order of definition."""
    hints = typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        name = prefix + field.name
        if dataclasses.is_dataclass(value):
            yield from leaves(value, name + ".")
        elif "help" in field.metadata:
            declared = hints[field.name]
            yield Leaf(name, typing.get_origin(declared) or declared, value, field)


def replace(config: Any, values: dict[str, Any]) -> Any:
    """Copies a configuration tree with the leaves named in `values` (dotted) replaced."""
    changes: dict[str, Any] = {}
    branches: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        head, _, rest = name.partition(".")
        if rest:
            branches.setdefault(head, {})[rest] = value
        else:
            changes[head] = value
    for head, inner in branches.items():
        changes[head] = replace(getattr(config, head), inner)
    return dataclasses.replace(config, **changes)


def check(config: Any) -> None:
    """Raises ValueError, naming the option, for the first value outside its bounds or choices."""
    for leaf in leaves(config):
        field = leaf.field.metadata
        for value in leaf.value if leaf.type is tuple else (leaf.value,):
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"--{leaf.name}: must be finite, not {value}")
            if field["minimum"] is not None and value < field["minimum"]:
                raise ValueError(f"--{leaf.name}: at least {field['minimum']}, not {value}")
            if field["maximum"] is not None and value > field["maximum"]:
                raise ValueError(f"--{leaf.name}: at most {field['maximum']}, not {value}")
            if field["choices"] is not None and value not in field["choices"]:
                raise ValueError(
                    f"--{leaf.name}: one of {', '.join(field['choices'])}; not {value!r}"
                    f"{did_you_mean(value, field['choices'])}"
                )

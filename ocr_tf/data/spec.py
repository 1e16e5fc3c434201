"""The strings that name sources: `scheme:path?key=value&key=value`.

Where several sources stand in one flag they are separated by commas; a comma, `&` or `?` within a value is
written %2C, %26 or %3F. TensorFlow-free.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import unquote

from ocr_tf.errors import InputError, did_you_mean


def split_options(
    scheme: str, rest: str, defaults: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """Splits what stands behind `scheme:` into a path and options.

    Args:
        scheme: names the source in messages.
        rest: `path?key=value&key=value`; a path that exists as it stands has no options.
        defaults: the options that there are, with the values of those that are not given.

    Raises:
        InputError: an unknown option, or one without a value.
    """
    path, mark, query = rest.partition("?")
    values = dict(defaults)
    if not mark or os.path.exists(rest):
        return rest, values
    for part in query.split("&"):
        key, equals, value = part.partition("=")
        if not equals or key not in values:
            there_are = ", ".join(f"{name}=" for name in values) or "none"
            raise InputError(
                f"{scheme}:{rest}: no option {key!r}{did_you_mean(key, values)}; there are {there_are}"
            )
        values[key] = unquote(value)
    return path, values


def whole_number(spec: str, key: str, value: str, low: int, high: int) -> int:
    """Reads an option's value as a whole number from `low` to `high`.

    Raises:
        InputError: it is none.
    """
    if not (value.isascii() and value.isdigit() and low <= int(value[:12]) <= high):
        raise InputError(f"{spec}: {key} is a whole number from {low} to {high}, not {value!r}")
    return int(value)


def one_of(spec: str, key: str, value: str, choices: tuple[str, ...]) -> str:
    """Reads an option's value as one of the choices.

    Raises:
        InputError: it is none.
    """
    if value not in choices:
        raise InputError(f"{spec}: {key} is {' or '.join(choices)}, not {value!r}")
    return value

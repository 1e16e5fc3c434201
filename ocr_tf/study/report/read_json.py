"""Reads from a report.json what a study says of its question; TensorFlow-free."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from ocr_tf.errors import InputError
from ocr_tf.metrics import paired
from ocr_tf.metrics.failures import Failures
from ocr_tf.study.report import as_json


class Said(NamedTuple):
    """What a study was asked and what it measured, at the checkpoint that its verdict is about."""

    name: str  # of the study
    metric: str
    normalization: str
    conditions: tuple[str, ...]
    test_set: str  # fingerprint of the lines
    recipes: paired.Comparison  # of the first pair
    failures: tuple[Failures, ...]  # behind that pair


def read(path: Path) -> Said:
    """Reads a report.json.

    Raises:
        InputError: there is none, it compares nothing, or it is not of this version of the reports.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{path}: cannot be read; give the study's command again, which writes its report"
        ) from None
    try:
        content: dict[str, Any] = json.loads(text)
        version = content["schema_version"]
        pairs: list[dict[str, Any]] = next(iter(content["comparisons"].values()), [])
        if version == as_json.VERSION and pairs:
            return Said(
                content["study"]["name"],
                content["study"]["metric"],
                content["study"]["normalization"],
                tuple(condition["name"] for condition in content["conditions"]),
                content["test_set"]["fingerprint"],
                _comparison(pairs[0]["recipes"]),
                as_json.load_verdicts(text)[0].failures,
            )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"{path}: damaged; give the study's command again, which writes it"
        ) from None
    if not pairs:
        raise InputError(f"{path}: compares nothing; leave the study out")
    raise InputError(
        f"{path}: its schema is version {version}, not {as_json.VERSION}; give the study's command again, "
        "which writes it"
    )


def _comparison(values: dict[str, Any]) -> paired.Comparison:
    """Makes a comparison of what `as_json` made of it."""
    signature = {**values["signature"], "seeds": tuple(values["signature"]["seeds"])}
    listed = {name: tuple(of) for name, of in values.items() if isinstance(of, list)}
    return paired.Comparison(**{**values, **listed, "signature": paired.Signature(**signature)})

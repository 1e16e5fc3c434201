"""The content of a meta-study's report, which `as_json` makes report.json of; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.study.comparison.across import Across


@dataclasses.dataclass(frozen=True)
class Meta:
    """The same question, asked by several studies of as many data sets."""

    metric: str
    normalization: str
    studies: tuple[str, ...]  # their folders, in the order of the sets
    across: Across
    command: tuple[str, ...]  # program and arguments, quoted for a shell
    version: str  # of ocr_tf

"""Checks that evaluations of different sets read the same images of the lines that they share.

An evaluation has one fingerprint for all of its lines. Where it is still that of the lines which its
test sources name, it proves every single image. TensorFlow-free.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ocr_tf.data.dataset import open_sources
from ocr_tf.data.fingerprint import fingerprint_of, image_digests
from ocr_tf.data.source import Source
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.runs.predictions import EvaluationResults


def unchanged(source: Source, fingerprint: str) -> dict[str, bytes]:
    """Computes the digest of every image of a source, by its line's id.

    Raises:
        InputError: a line or an image is not as it was when the fingerprint was taken.
    """
    images, _ = image_digests(source, "test images")
    if fingerprint_of(source.ids, source.texts, images) != fingerprint:
        raise InputError(
            f"{source.name}: its lines or images are not as they were evaluated; restore them, or "
            "evaluate again"
        )
    return {name: image.tobytes() for name, image in zip(source.ids, images)}


def same_images(evaluations: Iterable[tuple[Path, EvaluationResults]], ids: Sequence[str]) -> bool:
    """Returns True if it is proven that all evaluations read the same images of these lines.

    Args:
        evaluations: the folder and the results of each.
        ids: of the lines.

    Raises:
        InputError: it is proven that one did not.
    """
    distinct: dict[str, tuple[Path, Sequence[str]]] = {}
    for folder, results in evaluations:
        distinct.setdefault(results.fingerprint, (folder, results.test))
    if len(distinct) == 1:
        return True
    known = []
    for fingerprint, (folder, test) in distinct.items():
        with contextlib.suppress(InputError):  # what cannot be opened any more proves nothing
            known.append((folder, unchanged(open_sources(test), fingerprint)))
    for other, images in known[1:]:
        first, expected = known[0]
        others = [name for name in ids if images[name] != expected[name]]
        if others:
            named = ", ".join(others[:NAMED]) + (", ..." if len(others) > NAMED else "")
            raise InputError(
                f"{other}: was measured on other images than {first} of {len(others)} "
                f"line{'s' * (len(others) > 1)} ({named}); evaluate both on the same"
            )
    return len(known) == len(distinct)

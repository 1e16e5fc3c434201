"""The command that shows what augmentation does; TensorFlow-free until images are decoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from ocr_tf.atomic import atomic_write
from ocr_tf.data.augment import AUGMENTATIONS
from ocr_tf.data.augment.augmenter import Augmenter
from ocr_tf.data.augment.options import Augment, entries_of
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.image_numpy import prepare_line
from ocr_tf.data.png import encode_png
from ocr_tf.data.source import Source
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.outputs import check_picture
from ocr_tf.experiment.training import contact_sheet
from ocr_tf.experiment.training.config import ShowAugmentation, ShownData
from ocr_tf.library_lines import without_library_lines
from ocr_tf.types import Array

SOFTWARE = (
    "ocr_tf show_augmentation"  # a picture's metadata say so: only such files are written over
)


def run(config: ShowAugmentation, specs: list[str]) -> None:
    """Writes the contact sheet.

    Raises:
        InputError: no line can be read, or the output cannot be written or is something else.
    """
    output = Path(config.output)
    check_picture(output, SOFTWARE, "such contact sheet")
    source = open_sources(specs)
    with without_library_lines():
        chosen, images = _lines(source, config)
    ids = [source.sample(i).id for i in chosen]
    sheet = contact_sheet.draw(list(_rows(config, ids, images)))
    atomic_write(output, encode_png(sheet, metadata={"Software": SOFTWARE}))
    for column, i in enumerate(chosen, 1):
        print(f"column {column}: {source.origin(i)}")
    print(f"written to {output}")


def _rows(
    config: ShowAugmentation, ids: Sequence[str], images: Sequence[Array]
) -> Iterator[contact_sheet.Row]:
    from ocr_tf.data.pipeline import sample_keys

    data = config.data
    yield contact_sheet.Row("as evaluated", "", images)
    keys = sample_keys(ids, config.seed, 0)
    for name in entries_of(data.augment):
        only, magnitude = _alone(data.augment, name)
        remark = "" if magnitude is None else f"{magnitude:g}"
        yield contact_sheet.Row(name, remark, _perturbed(data, only, keys, images))
    for epoch in range(config.epochs):
        keys = sample_keys(ids, config.seed, epoch)
        seen = _perturbed(data, data.augment, keys, images)
        yield contact_sheet.Row(f"epoch {epoch}", "all together", seen)


def _alone(augment: Augment, name: str) -> tuple[Augment, Optional[float]]:
    """Makes options with one entry alone, for every line; and the entry's magnitude."""
    others = {
        other: dataclasses.replace(getattr(augment, other), probability=0.0)
        for other in entries_of(augment)
    }
    own = dataclasses.replace(getattr(augment, name), probability=1.0)
    only = dataclasses.replace(augment, **{**others, "share": 1.0, name: own})
    if AUGMENTATIONS[name].magnitude is None:
        return only, None
    return only, AUGMENTATIONS[name].scaled(own.magnitude, augment.strength)


def _perturbed(
    data: ShownData, augment: Augment, keys: Array, images: Sequence[Array]
) -> list[Array]:
    augmenter = Augmenter(augment)
    # A label may bound the width of its line from below; here any width is shown.
    return [augmenter(image, key, 1, data.width > 0) for image, key in zip(images, keys)]


def _lines(source: Source, config: ShowAugmentation) -> tuple[list[int], list[Array]]:
    """Chooses lines at random, of those that can be read: their positions, and images as trained on."""
    from ocr_tf.data.image import prepare_each

    geometry = config.data.geometry
    chosen: list[int] = []
    images: list[Array] = []
    trouble = f"{source.name}: no lines"
    for i in np.random.default_rng(config.seed).permutation(len(source)).tolist():
        try:
            encoded = source.read(i)
        except InputError as error:
            trouble = str(error)
            continue
        image = prepare_line(encoded, geometry)
        if image is None:  # of a kind that the graph reads
            (image,) = prepare_each([encoded], geometry)
        if image is not None:
            chosen.append(i)
            images.append(image)
        if len(images) == config.count:
            break
    if not images:
        raise InputError(f"{trouble}; no image of {source.name} can be used")
    return chosen, images

"""All findings about a collection of lines, the worst first."""

from __future__ import annotations

from ocr_tf.data.geometry import Geometry
from ocr_tf.data.inspect.collection import Collection
from ocr_tf.data.inspect.copies import Near
from ocr_tf.encoders import ENCODERS
from ocr_tf.experiment.config.experiment import Data
from ocr_tf.preflight import images, labels
from ocr_tf.preflight.config import InspectData
from ocr_tf.preflight.finding import SEVERITIES, Finding


def find(config: InspectData, lines: Collection, near: Near) -> list[Finding]:
    """Lists what there is to say about lines.

    Args:
        config: the size of images, the encoder and the direction.
        lines: the first of its roles is that of the training lines.
        near: their look-alikes.
    """
    geometry = geometry_of(config)
    encoder = ENCODERS.find(config.encoder)()
    direction = "ltr" if config.direction == "ask" else config.direction
    train, *others = lines.roles
    found = [*images.shared(lines, near)]
    for role in lines.roles:
        found += images.unreadable(lines, role)
        found += images.too_large(lines, role, geometry)
        found += images.too_wide(lines, role, geometry)
        found += images.blank(lines, role)
        found += images.upright(lines, role, geometry)
        found += images.repeated(lines, role, near)
        found += labels.empty(lines, role)
        found += labels.unreachable(lines, role, geometry, encoder, direction)
        found += labels.read_from_the_right(lines, role, config.direction)
        found += labels.odd_symbols(lines, role)
        found += labels.changed(lines, role)
        if role is train:
            found += list(labels.skipped(train, found, Data().max_skipped))
    for role in others:
        found += labels.unknown_symbols(lines, role, train)
        found += labels.seen_before(lines, role, train)
    found += labels.rare_symbols(lines, train)
    found += images.unexamined(near)
    ranks = list(SEVERITIES)
    return sorted(found, key=lambda finding: ranks.index(finding.severity))


def geometry_of(config: InspectData) -> Geometry:
    """The size that images are brought to."""
    return Geometry(
        config.height,
        config.width,
        config.max_width,
        config.max_pixels,
        rotate=int(config.rotate),
    )

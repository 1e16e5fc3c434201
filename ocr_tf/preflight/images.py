"""Findings about images: those that cannot be used, blank or upright ones, copies and look-alikes."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from typing import Optional

import numpy as np

from ocr_tf.data.geometry import Geometry
from ocr_tf.data.inspect.collection import Collection, Role
from ocr_tf.data.inspect.copies import Near, copies_across, copies_within
from ocr_tf.data.strings import Strings
from ocr_tf.preflight.finding import Finding, counted, single
from ocr_tf.types import Array

UPRIGHT = 1.5  # times its width: from this height on, an image holds no line from left to right
SHORT = 2  # symbols: so few may be higher than wide
REASONS = 4  # that a title names


def unreadable(lines: Collection, role: Role) -> Iterator[Finding]:
    """Finds images that cannot be read or decoded."""
    if not role.bad:
        return
    places = {bad.sample.id: bad.reason for bad in role.bad}
    missing = np.flatnonzero(~lines.usable[role.lines])
    reasons = Strings(places[role.source.sample(i).id] for i in missing.tolist())
    kinds = Counter(
        _kind(reason, role.source.origin(i)) for i, reason in zip(missing.tolist(), reasons)
    )
    named = "; ".join(f"{number:,} {kind}" for kind, number in kinds.most_common(REASONS))
    more = "; ..." if len(kinds) > REASONS else ""
    yield Finding(
        "unreadable",
        "warning",
        f"{counted(len(missing), 'image')} of {role.name} cannot be used: {named}{more}",
        "Mend or remove them: a training skips such lines, an evaluation counts them as errors.",
        single(missing + role.start),
        reasons,
    )


def _kind(reason: str, origin: str) -> str:
    """Takes path and numbers out of a reason, so that equal ones can be counted."""
    return re.sub(r"\d[\d,.]*", "N", reason.removeprefix(f"{origin}: "))


def too_large(lines: Collection, role: Role, geometry: Geometry) -> Iterator[Finding]:
    """Finds images of more pixels than are taken."""
    sizes = lines.heights[role.lines].astype(np.int64) * lines.widths[role.lines]
    refused = np.flatnonzero(sizes > geometry.max_pixels)
    if not len(refused):
        return
    order = refused[np.argsort(-sizes[refused], kind="stable")]
    yield Finding(
        "large",
        "warning",
        f"{counted(len(refused), 'image')} of {role.name} {_has(refused)} more than "
        f"{geometry.max_pixels:,} pixels",
        "Such images are refused before they are decoded: look whether they hold one line, then store them "
        "smaller or raise --data.max_pixels.",
        single(order + role.start),
        Strings(f"{size:,} pixels" for size in sizes[order].tolist()),
    )


def too_wide(lines: Collection, role: Role, geometry: Geometry) -> Iterator[Finding]:
    """Finds images that are wider than allowed when scaled."""
    heights, widths = lines.heights[role.lines], lines.widths[role.lines]
    taken = (heights > 0) & (heights.astype(np.int64) * widths <= geometry.max_pixels)
    refused = np.flatnonzero((geometry.scaled_widths(heights, widths) == 0) & taken)
    heights, widths = turned(heights, widths, geometry)
    if not len(refused):
        return
    scaled = widths[refused] * geometry.height / heights[refused]
    order = np.argsort(-scaled, kind="stable")
    yield Finding(
        "wide",
        "warning",
        f"{counted(len(refused), 'image')} of {role.name} would be wider than {geometry.max_width:,} pixels "
        f"at height {geometry.height}",
        "Such images are refused: raise --data.max_width, lower --data.height, or cut them in parts.",
        single(refused[order] + role.start),
        Strings(f"{width:,.0f} pixels wide" for width in scaled[order].tolist()),
    )


def blank(lines: Collection, role: Role) -> Iterator[Finding]:
    """Finds images of one gray level whose label is not empty."""
    found = np.flatnonzero((lines.flat & lines.usable & (lines.lengths > 0))[role.lines])
    if len(found):
        yield Finding(
            "blank",
            "warning",
            f"{counted(len(found), 'image')} of {role.name} "
            f"{'shows' if len(found) == 1 else 'show'} nothing, but "
            f"{'its label is' if len(found) == 1 else 'their labels are'} not empty",
            "Nothing can be read there: look for what was meant to be seen, or remove these lines.",
            single(found + role.start),
        )


def upright(lines: Collection, role: Role, geometry: Geometry) -> Iterator[Finding]:
    """Finds images that are much higher than wide, with a label of several symbols."""
    heights, widths = turned(lines.heights[role.lines], lines.widths[role.lines], geometry)
    found = np.flatnonzero((heights > UPRIGHT * widths) & (lines.lengths[role.lines] > SHORT))
    if not len(found):
        return
    order = found[np.argsort(-(heights[found] / widths[found]), kind="stable")]
    yield Finding(
        "upright",
        "warning",
        f"{counted(len(found), 'image')} of {role.name} {'is' if len(found) == 1 else 'are'} much higher "
        f"than wide for labels of more than {SHORT} symbols",
        "Their text probably runs downward or lies on its side, where an encoder reads from left to right: "
        "turn these images, or leave their lines out; --data.rotate turns all.",
        single(order + role.start),
        Strings(
            f"{w} x {h} pixels" for w, h in zip(widths[order].tolist(), heights[order].tolist())
        ),
    )


def turned(heights: Array, widths: Array, geometry: Geometry) -> tuple[Array, Array]:
    """Sizes after all images are turned."""
    return (widths, heights) if geometry.sideways else (heights, widths)


def shared(lines: Collection, near: Near) -> Iterator[Finding]:
    """Finds images that two roles share."""
    for first, second in itertools.combinations(lines.roles, 2):
        files = copies_across(lines.files, first.lines, second.lines)
        pixels = _without(copies_across(lines.images, first.lines, second.lines), files)
        either = f"{first.name} or {second.name}"
        if len(files):
            yield _pairs(
                lines,
                "shared",
                "error",
                f"{counted(len(files), 'image')} of {second.name} {_is(files)} in {first.name} too, as the "
                "same file",
                f"Take them out of {either}: training and evaluate refuse roles that share a file, and what "
                "was seen before tells nothing of new lines.",
                files,
            )
        if len(pixels):
            yield _pairs(
                lines,
                "shared",
                "error",
                f"{counted(len(pixels), 'image')} of {second.name} {_is(pixels)} in {first.name} too, pixel "
                "by pixel, in another file",
                f"Take them out of {either}: what was seen before tells nothing of new lines. Training and "
                "evaluate would not notice, as the files differ.",
                pixels,
            )
        alike = _between(lines, near, first, second)
        alike = alike[_first_of_each(near.pairs[alike, 1])]
        if len(alike):
            yield _pairs(
                lines,
                "shared-alike",
                "warning",
                f"{counted(len(alike), 'image')} of {second.name} {_looks(alike)} like one of {first.name}"
                f"{_labels_agree(lines, near.pairs[alike])}",
                f"Compare them: what shows the same piece of writing belongs in {either}, not in both.",
                near.pairs[alike],
                near.likeness[alike],
            )


def repeated(lines: Collection, role: Role, near: Near) -> Iterator[Finding]:
    """Finds images that stand several times in one role."""
    same = copies_within(lines.images, role.lines)
    differ = lines.texts[same[:, 0]] != lines.texts[same[:, 1]]
    if differ.any():
        yield _pairs(
            lines,
            "two-labels",
            "warning",
            f"{counted(int(differ.sum()), 'line')} of {role.name} "
            f"{'has' if differ.sum() == 1 else 'have'} the image of an earlier line and another label",
            "One image has one reading: keep the label that is right.",
            same[differ],
        )
    if (~differ).any():
        files = copies_within(lines.files, role.lines)
        again = same[~differ]
        others = len(_without(again, files))
        some = (
            ", in another file" if others == len(again) else f", {others:,} of them in another file"
        )
        how = some if others else ""
        yield _pairs(
            lines,
            "repeated",
            "note",
            f"{counted(len(again), 'line')} of {role.name} {'repeats' if len(again) == 1 else 'repeat'} "
            f"image and label of an earlier one{how}",
            "A repeated line weighs more than others: remove it, unless that is meant.",
            again,
        )
    alike = _between(lines, near, role, role)
    if len(alike):
        pairs = near.pairs[alike]
        yield _pairs(
            lines,
            "alike",
            "note",
            f"{counted(len(alike), 'pair')} of images of {role.name} {_looks(alike)} "
            f"alike{_labels_agree(lines, pairs)}",
            "Compare them: where one is a copy of the other, it weighs more than other lines; where the "
            "labels differ and the writing does not, one label is wrong.",
            pairs,
            near.likeness[alike],
        )


def unexamined(near: Near) -> Iterator[Finding]:
    """Says that the search for look-alikes was cut short."""
    if near.unexamined:
        yield Finding(
            "alike",
            "note",
            f"{counted(near.unexamined, 'further pair')} of images might look alike and "
            f"{'was' if near.unexamined == 1 else 'were'} not looked at",
            "There may be more look-alikes than are counted here; those between roles were looked at first.",
        )


def _pairs(
    lines: Collection,
    kind: str,
    severity: str,
    title: str,
    advice: str,
    pairs: Array,
    likeness: Optional[Array] = None,
) -> Finding:
    same = lines.texts[pairs[:, 0]] == lines.texts[pairs[:, 1]]
    words = np.where(same, "same label", "labels differ").tolist()
    if likeness is not None:
        words = [
            f"{word}, {100 * value:.0f} % alike" for word, value in zip(words, likeness.tolist())
        ]
    return Finding(kind, severity, title, advice, pairs, Strings(words))


def _between(lines: Collection, near: Near, first: Role, second: Role) -> Array:
    """Positions of the pairs of two roles, or of one: those of the most alike images first."""
    one, other = lines.roles.index(first), lines.roles.index(second)
    roles = lines.role[near.pairs]
    found = np.flatnonzero((roles[:, 0] == one) & (roles[:, 1] == other))
    return found[np.argsort(-near.likeness[found], kind="stable")]


def _first_of_each(values: Array) -> Array:
    """Positions of the first of equal values, in order."""
    return np.sort(np.unique(values, return_index=True)[1])


def _without(pairs: Array, others: Array) -> Array:
    """Leaves out the pairs whose second line is the second of one of `others`."""
    return pairs[~np.isin(pairs[:, 1], others[:, 1])]


def _labels_agree(lines: Collection, pairs: Array) -> str:
    differ = int((lines.texts[pairs[:, 0]] != lines.texts[pairs[:, 1]]).sum())
    return f"; {differ:,} of them with another label" if differ else ", with the same label"


def _is(found: Array) -> str:
    return "is" if len(found) == 1 else "are"


def _has(found: Array) -> str:
    return "has" if len(found) == 1 else "have"


def _looks(found: Array) -> str:
    return "looks" if len(found) == 1 else "look"

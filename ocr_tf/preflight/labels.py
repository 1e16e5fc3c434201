"""Findings about labels: empty ones, those that no steps suffice for, symbols, labels seen before."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ocr_tf.data.dataset import text_notes
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.inspect.collection import Collection, Role
from ocr_tf.data.strings import Strings
from ocr_tf.data.text import is_odd, name_of
from ocr_tf.errors import NAMED
from ocr_tf.heads import HEADS
from ocr_tf.preflight.finding import Finding, counted, single
from ocr_tf.reading_order import right_to_left, to_visual
from ocr_tf.types import Array

RARE = 2  # labels: a symbol of no more can hardly be learned


def empty(lines: Collection, role: Role) -> Iterator[Finding]:
    """Finds labels without a symbol."""
    found = np.flatnonzero(lines.lengths[role.lines] == 0)
    if len(found):
        yield Finding(
            "empty",
            "warning",
            f"{counted(len(found), 'label')} of {role.name} {'is' if len(found) == 1 else 'are'} empty",
            "A training skips lines without text; in an evaluation all that is read there is wrong.",
            single(found + role.start),
        )


def unreachable(
    lines: Collection, role: Role, geometry: Geometry, encoder: Any, direction: str
) -> Iterator[Finding]:
    """Finds labels that CTC cannot spell in the steps that the encoder makes of their images."""
    head = HEADS["ctc"]()
    heights, widths = lines.heights[role.lines], lines.widths[role.lines]
    scaled = geometry.scaled_widths(heights, widths)
    different, which = np.unique(scaled, return_inverse=True)
    steps = np.array([encoder.steps(max(1, width)) for width in different.tolist()])[
        which.reshape(-1)
    ]
    # A symbol and its neighbor need two steps, or three where they are equal.
    doubtful = np.flatnonzero((scaled > 0) & (2 * lines.lengths[role.lines] > steps))
    needed = np.zeros(len(scaled), np.int64)
    for i in doubtful.tolist():
        text = to_visual(role.source.sample(i).text, direction)
        needed[i] = head.needed_steps([ord(symbol) for symbol in text])
    found = np.flatnonzero(needed > steps)
    if not len(found):
        return
    order = found[np.argsort(steps[found] / needed[found], kind="stable")]
    size = "--data.width" if geometry.width else "--data.height"
    yield Finding(
        "unreachable",
        "warning",
        f"{counted(len(found), 'label')} of {role.name} {'has' if len(found) == 1 else 'have'} more symbols "
        f"than CTC can spell in {'its image' if len(found) == 1 else 'their images'}",
        "A training of CTC skips such lines, and no such line of a test can be read without an error: check "
        f"that each label belongs to its image; a larger {size} gives more steps.",
        single(order + role.start),
        Strings(
            f"needs {need} steps, has {have}"
            for need, have in zip(needed[order].tolist(), steps[order].tolist())
        ),
    )


def unknown_symbols(lines: Collection, role: Role, train: Role) -> Iterator[Finding]:
    """Finds symbols of a role that no training label has."""
    counts = role.labels.occurrences
    unknown = [s for s, _ in counts.most_common() if s not in train.labels.occurrences]
    if not unknown:
        return
    total = sum(counts[symbol] for symbol in unknown)
    yield Finding(
        "unknown-symbol",
        "warning",
        f"{counted(len(unknown), 'symbol')} of {role.name} {'is' if len(unknown) == 1 else 'are'} in no "
        f"label of {train.name}: {_named(unknown)}",
        f"No model trained on {train.name} can write {'it' if len(unknown) == 1 else 'them'}: "
        f"{counted(total, 'symbol')} of {role.name}, each an error, unless a normalization removes it.",
        *_first_lines(role, unknown),
    )


def odd_symbols(lines: Collection, role: Role) -> Iterator[Finding]:
    """Finds symbols that a label hardly means: for private use, unassigned, invisible."""
    odd = sorted(filter(is_odd, role.labels.occurrences))
    if odd:
        yield Finding(
            "odd-symbol",
            "warning",
            f"{counted(len(odd), 'symbol')} of {role.name} {'is' if len(odd) == 1 else 'are'} odd: "
            f"{', '.join(map(name_of, odd[:NAMED]))}{', ...' if len(odd) > NAMED else ''}",
            "Nobody can see or type them as they stand: look whether a conversion damaged the labels.",
            *_first_lines(role, odd),
        )


def rare_symbols(lines: Collection, train: Role) -> Iterator[Finding]:
    """Finds symbols of very few training labels."""
    labels = train.labels.labels
    rare = [symbol for symbol, number in reversed(labels.most_common()) if number <= RARE]
    if rare:
        yield Finding(
            "rare-symbol",
            "note",
            f"{counted(len(rare), 'symbol')} of {train.name} {'stands' if len(rare) == 1 else 'stand'} in "
            f"one or two labels only: {_named(rare)}",
            "Too few to learn from: they may be slips of who labeled, or need more lines.",
            *_first_lines(train, rare),
        )


def read_from_the_right(lines: Collection, role: Role, direction: str) -> Iterator[Finding]:
    """Finds right-to-left symbols where no direction was given."""
    symbols = right_to_left("".join(role.labels.occurrences))
    if not symbols or direction != "ask":
        return
    wanted = frozenset(symbols)
    found = [i for i, s in enumerate(role.source.samples) if not wanted.isdisjoint(s.text)]
    yield Finding(
        "right-to-left",
        "error" if role.name == "train" else "note",
        f"{counted(len(found), 'label')} of {role.name} {'has' if len(found) == 1 else 'have'} right-to-left "
        f"symbols: {_named(symbols)}",
        "Say how the lines are read by --data.direction=rtl or auto, or by ltr if the labels stand in the "
        "order of the image: a training with such labels asks for it.",
        single(np.array(found) + role.start),
    )


def seen_before(lines: Collection, role: Role, train: Role) -> Iterator[Finding]:
    """Finds labels of a role that training lines have too."""
    present = lines.lengths[role.lines] > 0
    known = present & np.isin(lines.texts[role.lines], lines.texts[train.lines])
    if known.any():
        share = known.sum() / present.sum()
        yield Finding(
            "seen-label",
            "note",
            f"{counted(int(known.sum()), 'label')} of {role.name} ({100 * share:.0f} %) "
            f"{'is' if known.sum() == 1 else 'are'} also {'a label' if known.sum() == 1 else 'labels'} of "
            f"{train.name}",
            "That is natural for words. Where new texts will be read, the error rate on the other lines "
            "tells more.",
        )


def changed(lines: Collection, role: Role) -> Iterator[Finding]:
    """Says what is changed in labels before they are used."""
    for note in text_notes(role.source):
        yield Finding(
            "changed",
            "note",
            f"in {role.name}, {note}",
            "This is done wherever labels are read, and changes no file.",
        )


def skipped(train: Role, findings: Iterable[Finding], allowed: float) -> Iterator[Finding]:
    """Tells when so many training lines would be skipped that a training stops."""
    kinds = ("unreadable", "large", "wide", "empty", "unreachable")
    gone = [f.lines[:, 0] for f in findings if f.kind in kinds]
    lost = np.unique(np.concatenate([np.zeros(0, np.int64), *gone]))
    number, total = len(lost), len(train.source)
    if number > allowed * total:
        yield Finding(
            "skipped",
            "error",
            f"{number:,} of {counted(total, 'line')} of {train.name} would be skipped",
            f"A training of CTC stops at more than --data.max_skipped={allowed:g} of its lines: mend those "
            "named below.",
        )


def _named(symbols: Sequence[str]) -> str:
    """Shows symbols with their code points, the first few."""
    shown = ", ".join(f"{shown_alone(s)} {name_of(s)}" for s in symbols[:NAMED])
    return f"{shown}, ..." if len(symbols) > NAMED else shown


def shown_alone(symbol: str) -> str:
    """Makes a symbol visible by itself: a mark stands on a circle, a space is an open box."""
    if symbol.isspace() or is_odd(symbol):
        return "␣" if symbol.isspace() else "□"
    return f"\u25cc{symbol}" if unicodedata.combining(symbol) else symbol


def _first_lines(role: Role, symbols: Sequence[str]) -> tuple[Array, Sequence[str]]:
    """The first label of each symbol, and what is to say of it."""
    places = single(np.array([role.labels.first[s] + role.start for s in symbols], np.int64))
    counts = role.labels.occurrences
    return places, Strings(f"{name_of(s)}, {counted(counts[s], 'time')}" for s in symbols)

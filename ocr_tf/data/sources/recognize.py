"""Tells from its content which kind of source a file or folder is, for paths without a scheme."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ocr_tf.data.sources import iam, icdar, lmdb, mjsynth
from ocr_tf.data.xml_file import root_of
from ocr_tf.errors import InputError
from ocr_tf.text_file import read_lines, reason_of

LOOKED_AT = 10_000  # entries of a folder and those below it
LINES = 20  # of a text file
ROOTS = {"PcGts": "page", "alto": "alto"}
HOW = (
    "a folder holds labels.tsv, NAME.gt.txt, gt.txt, annotation_*.txt, *.mat, lines.txt, PAGE or ALTO "
    "XML, data.mdb or records; a file has lines path<TAB>text"
)


def recognize(path: str) -> str:
    """Names the scheme of a path.

    What does not exist is taken for a labels file, whose opener says so best.

    Raises:
        InputError: several kinds fit, or none; the message says how to tell which.
    """
    if path.endswith(".tsv") or not os.path.exists(path):
        return "tsv"
    schemes = list(dict.fromkeys(_of_folder(path) if os.path.isdir(path) else _of_file(path)))
    if len(schemes) == 1:
        return schemes[0]
    if not schemes:
        raise InputError(
            f"{path}: not a kind of data that is known: {HOW}; or say it by SCHEME:{path}"
        )
    choices = " or ".join(f"{scheme}:{path}" for scheme in schemes)
    raise InputError(f"{path}: may be {', '.join(schemes)}; write {choices}")


def _of_folder(path: str) -> Iterator[str]:
    """Yields the schemes that fit a folder; what lies in it goes before what lies below it."""
    try:
        with os.scandir(path) as entries_of:
            own = {entry.name for entry in itertools.islice(entries_of, LOOKED_AT)}
    except OSError as error:
        raise InputError(f"{path}: cannot read the folder: {reason_of(error)}") from None
    found = list(_by_names(path, own))
    if found:
        yield from found
        return
    entries = 0
    for place, folders, names in os.walk(path):
        folders.sort()
        entries += len(folders) + len(names)
        # Pairs and pages alone: a list in an inner folder is named by its own path.
        found = list(_by_endings(place, names))
        yield from found
        if found or entries > LOOKED_AT:
            return


def _by_names(path: str, own: set[str]) -> Iterator[str]:
    if "labels.tsv" in own:
        yield "tsv"
    if "data.mdb" in own:
        yield "lmdb"
    if "manifest.json" in own and any(name.endswith(".tfrecord") for name in own):
        yield "records"
    if any(re.fullmatch(r"annotation_.*\.txt", name) for name in own):
        yield "mjsynth"
    if any(re.fullmatch(r"\w+(CharBound|data)\.mat", name) for name in own):
        yield "iiit5k"
    lists = [os.path.join(path, "ascii", name) for name in ("lines.txt", "words.txt")]
    if {"lines.txt", "words.txt"} & own or any(map(os.path.exists, lists)):
        yield "iam"
    if "gt.txt" in own:
        yield "icdar"
    yield from _by_endings(path, sorted(own))


def _by_endings(place: str, names: list[str]) -> Iterator[str]:
    """Yields gt, page and alto: pairs and pages, which may lie at any depth."""
    if any(name.endswith(".gt.txt") for name in names):
        yield "gt"
    for name in [name for name in sorted(names) if name.lower().endswith(".xml")][:3]:
        yield from _of_xml(os.path.join(place, name))


def _of_xml(path: str) -> Iterator[str]:
    try:
        root = root_of(Path(path))
    except InputError:
        return
    if root in ROOTS:
        yield ROOTS[root]


def _of_file(path: str) -> Iterator[str]:
    with open(path, "rb") as file:
        head = file.read(512)
    if head[lmdb.MAGIC_AT :].startswith(lmdb.MAGIC):
        yield "lmdb"
    elif head.startswith(b"MATLAB "):
        yield "iiit5k"
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        yield from filter(
            None, [ROOTS.get(root_of(Path(path)))]
        )  # or says what is wrong with the file
    else:
        yield from _of_lines(path)


def _of_lines(path: str) -> Iterator[str]:
    """Yields the scheme of a listing by the first of its lines that has a form."""
    for _, line in itertools.islice(read_lines(path, "labels"), LINES):
        if "\t" in line:
            yield "tsv"
        elif icdar.LINE.fullmatch(line):
            yield "icdar"
        elif mjsynth.LINE.fullmatch(line):
            yield "mjsynth"
        elif re.match(r"\S+ (ok|err) ", line) and any(
            form.fullmatch(line.partition(" ")[0]) for form in iam.ID.values()
        ):
            yield "iam"
        else:
            continue
        return

"""Reads strings out of the structs of a MATLAB file, and passes over everything else.

SciPy's reader ends the process, without a message, where a file is damaged. This one knows what a list of
images needs: versions 5 to 7 of the format, compressed or not, of either byte order; arrays of structs
whose fields are strings. Defined by MathWorks' "MAT-File Format". TensorFlow-free.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of

MAX_BYTES = 500_000_000  # of a file, and of what a part of it is compressed from

HEADER = 128  # bytes: text, then version and byte order
_INT8, _UINT8, _UINT16, _MATRIX, _COMPRESSED, _UTF8, _UTF16, _UTF32 = 1, 2, 4, 14, 15, 16, 17, 18
_STRUCT, _CHAR = 2, 4  # classes of arrays
_ENCODINGS = {_INT8: "latin-1", _UINT8: "latin-1", _UTF8: "utf-8"}
_WIDE = {_UINT16: "utf-16", _UTF16: "utf-16", _UTF32: "utf-32"}

Column = list[Optional[str]]  # None for what is no string


class _Damaged(Exception):
    """The file is not what the format says, or ends too soon."""


def read_structs(path: Path) -> Iterator[dict[str, Column]]:
    """Yields each array of structs of a file as columns, by the names of the fields.

    Raises:
        InputError: it cannot be read, is damaged, or is no such file.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read the MATLAB file: {reason_of(error)}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: more than {MAX_BYTES // 1_000_000} MB")
    if data.startswith(b"MATLAB 7.3"):
        raise InputError(f"{path}: a MATLAB 7.3 file; save it by save -v7")
    order = {b"IM": "<", b"MI": ">"}.get(data[HEADER - 2 : HEADER])
    if order is None:
        raise InputError(f"{path}: no MATLAB file")
    try:
        for part in _parts(memoryview(data)[HEADER:], order):
            if part.kind == _COMPRESSED:
                unpacked = next(_parts(memoryview(_inflate(part.content)), order), None)
                part = unpacked or part
            if part.kind == _MATRIX:
                columns = _columns(part.content, order)
                if columns is not None:
                    yield columns
    except (_Damaged, struct.error, zlib.error, UnicodeDecodeError):
        raise InputError(f"{path}: truncated or damaged MATLAB file; copy it again") from None


class _Part(NamedTuple):
    kind: int
    content: memoryview


def _parts(data: memoryview, order: str) -> Iterator[_Part]:
    """Yields the elements that follow each other: a tag of kind and size, and the content."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        if kind >> 16:  # short: size, kind and content in eight bytes
            kind, size, begin, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
            if size > 4:
                raise _Damaged
        else:
            begin = at + 8
            end = begin + size + (0 if kind == _COMPRESSED else -size % 8)
        if begin + size > len(data):
            raise _Damaged
        yield _Part(kind, data[begin : begin + size])
        at = end


def _inflate(content: memoryview) -> bytes:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(content, MAX_BYTES)
    if not unpacker.eof:  # cut off, or too long
        raise _Damaged
    return data


class _Array(NamedTuple):
    kind: int  # class
    size: int  # number of elements
    rest: Iterator[_Part]


def _array(content: memoryview, order: str) -> _Array:
    """Reads what an array begins with."""
    parts = _parts(content, order)
    try:
        flags, shape, _ = (next(parts).content for _ in range(3))
    except RuntimeError:  # A generator turns the end of another into this.
        raise _Damaged from None
    numbers = struct.unpack(f"{order}{len(shape) // 4}i", shape)
    if min(numbers, default=0) < 0:
        raise _Damaged
    return _Array(struct.unpack_from(f"{order}I", flags)[0] & 0xFF, math.prod(numbers), parts)


def _columns(content: memoryview, order: str) -> Optional[dict[str, Column]]:
    """Reads an array of structs; None for an array of another class."""
    array = _array(content, order)
    if array.kind != _STRUCT:
        return None
    parts = array.rest
    length, names = next(parts, None), next(parts, None)
    if length is None or names is None:
        raise _Damaged
    (width,) = struct.unpack(f"{order}i", length.content)
    if width <= 0 or len(names.content) % width:
        raise _Damaged
    text = bytes(names.content)
    fields = [
        text[i : i + width].split(b"\0")[0].decode("ascii") for i in range(0, len(text), width)
    ]
    columns: dict[str, Column] = {field: [] for field in fields}
    if array.size * len(fields) > len(content):  # Each takes some bytes.
        raise _Damaged
    for _ in range(array.size):
        for field in fields:
            part = next(parts, None)
            if part is None or part.kind != _MATRIX:
                raise _Damaged
            columns[field].append(_string(part.content, order))
    return columns


def _string(content: memoryview, order: str) -> Optional[str]:
    """Reads a string; None for an array of another class, unless it is empty."""
    if not len(content):
        return ""
    array = _array(content, order)
    if not array.size:
        return ""
    if array.kind != _CHAR:
        return None
    part = next(array.rest, None)
    if part is None:
        raise _Damaged
    if part.kind in _WIDE:
        return str(part.content, f"{_WIDE[part.kind]}-{'le' if order == '<' else 'be'}")
    return str(part.content, _ENCODINGS.get(part.kind, "latin-1"))

"""Reads XML files as data and nothing else: a document type, and with it every entity, is refused.

TensorFlow-free.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from ocr_tf.errors import InputError
from ocr_tf.text_file import reason_of

MAX_BYTES = 100_000_000  # of a file
PROLOG = 1 << 16  # bytes that `root_of` reads: comments and processing instructions, then the root


def read_xml(path: Path) -> Element:
    """Reads a file and returns its root.

    Raises:
        InputError: it cannot be read, is not well-formed, or declares a document type.
    """
    data = _bytes(path, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: more than {MAX_BYTES // 1_000_000} MB of XML")
    _root_name(path, data, whole=True)
    parser = XMLParser()
    try:
        parser.feed(data)
        root = parser.close()
    except ParseError as error:
        line, _ = error.position
        raise _malformed(path, line, expat.ErrorString(error.code), data) from None
    except (LookupError, ValueError) as error:  # an encoding that Python lacks
        raise InputError(f"{path}: cannot read the XML: {error}") from None
    assert isinstance(root, Element)
    return root


def root_of(path: Path) -> str:
    """Returns the name of a file's root element, without its namespace, from the file's beginning.

    Raises:
        InputError: see `read_xml`.
    """
    data = _bytes(path, PROLOG)
    return _root_name(path, data, whole=len(data) <= PROLOG)


def local(element: Element) -> str:
    """Returns an element's name without its namespace; versions of a format differ in that."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, name: str) -> Iterator[Element]:
    """Yields the direct children of a name."""
    return (child for child in element if local(child) == name)


def below(element: Element, name: str) -> Iterator[Element]:
    """Yields all elements of a name below one, of the same namespace, in the document's order."""
    space = str(element.tag).removesuffix(local(element))
    return element.iter(space + name)


def _bytes(path: Path, count: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(count + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read the XML: {reason_of(error)}") from None


class _Root(Exception):
    """The root has begun: before it stands all that a document type could declare."""


def _root_name(path: Path, data: bytes, whole: bool) -> str:
    parser = expat.ParserCreate()
    name = ""

    def begin(tag: str, _: object) -> None:
        nonlocal name
        name = tag.rpartition(":")[2]
        raise _Root

    def refuse(*_: object) -> None:
        raise InputError(
            f"{path}:{parser.CurrentLineNumber}: a document type, which could name other files; "
            "take <!DOCTYPE ...> out"
        )

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, whole)
    except _Root:
        return name
    except expat.ExpatError as error:
        raise _malformed(path, error.lineno, expat.ErrorString(error.code), data) from None
    except (LookupError, ValueError) as error:
        raise InputError(f"{path}: cannot read the XML: {error}") from None
    raise InputError(f"{path}: no XML element")


def _malformed(path: Path, line: int, reason: str, data: bytes) -> InputError:
    if b"encoding=" not in data[:200] or b"utf-8" in data[:200].lower():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            if reason.endswith("(invalid token)"):
                number = data.count(b"\n", 0, error.start) + 1
                return InputError(
                    f"{path}:{number}: not UTF-8 (byte {error.start}); save it as UTF-8"
                )
    return InputError(f"{path}:{line}: not well-formed XML: {reason}")

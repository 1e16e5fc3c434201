"""Lines that XML files name by their outlines on images of pages; what `page` and `alto` share.

An XML file's image is looked for beside the file, then one folder above it, then in the folder that was
opened; never outside of that. `?images=FOLDER` looks in that folder alone, for the last part of the name.
TensorFlow-free.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Callable, NamedTuple, Optional
from xml.etree.ElementTree import Element

import numpy as np

from ocr_tf.data.baselines import bands
from ocr_tf.data.page_image import PAGES, TOLERANCE, cut
from ocr_tf.data.png import encode_png
from ocr_tf.data.source import Sample, Source, file_stamp
from ocr_tf.data.spec import split_options
from ocr_tf.data.strings import Strings
from ocr_tf.data.xml_file import local, read_xml, root_of
from ocr_tf.errors import InputError
from ocr_tf.normalization import nfc
from ocr_tf.text_file import reason_of
from ocr_tf.types import Array

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
LARGEST = 1e6  # a coordinate; no page is as large


class Outline(NamedTuple):
    """A line of a page; of polygon and baseline, the first that there is counts."""

    id: str  # as the file has it, may be empty
    text: str  # empty for a line that is not transcribed
    polygon: Optional[Array]  # [N, 2], x and y in pixels
    baseline: Optional[Array]  # [N, 2]


class Page(NamedTuple):
    """A page as its XML file outlines it."""

    image: str  # file name
    rows: float  # of the page, 0 where the file does not say
    columns: float
    lines: Sequence[Outline]


class PageLines(Source):
    """The lines of XML files, cut out of their pages when they are read."""

    def __init__(self, name: str, root: Path):
        """`root` is what ids and places start from."""
        self.name = name
        self._root, self._prefix = root, root.resolve().name
        self._files, self._images = Strings(), Strings()
        self._sizes = array("f")  # rows and columns of each file's page
        self._file_of = array("L")  # of each line
        self._ids, self._texts = Strings(), Strings()
        self._points, self._ends = array("f"), array("Q", [0])  # x and y; where each line's end

    def add(self, file: Path, image: Path, page: Page) -> None:
        """Adds the transcribed lines of a file."""
        self._files.append(str(file))
        self._images.append(str(image))
        self._sizes.extend((page.rows, page.columns))
        outlines = [line.polygon for line in page.lines]
        if any(outline is None for outline in outlines):
            made = bands([line.baseline for line in page.lines], page.rows)
            outlines = [band if line is None else line for line, band in zip(outlines, made)]
        times: dict[str, int] = {}
        for number, (line, outline) in enumerate(zip(page.lines, outlines), 1):
            key = line.id or f"line {number}"
            times[key] = times.get(key, 0) + 1
            if line.text:
                self._file_of.append(len(self._files) - 1)
                self._ids.append(key if times[key] == 1 else f"{key}#{times[key]}")
                self._texts.append(nfc(line.text))
                if outline is not None:
                    self._points.extend(map(float, outline.ravel()))
                self._ends.append(len(self._points))

    def __len__(self) -> int:
        return len(self._ids)

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        inner = os.path.relpath(self._files[self._file_of[i]], self._root)
        return Sample(f"{self._prefix}/{inner}#{self._ids[i]}", self._texts[i], self._place(i))

    def read(self, i: int) -> bytes:
        """See `Source.read`: a gray PNG."""
        image = self.origin(i)
        points = self._points[self._ends[i] : self._ends[i + 1]]
        if not points:
            raise InputError(f"{self._place(i)}: has neither a polygon nor a baseline")
        if not os.path.exists(image):
            raise InputError(
                f"{self._place(i)}: no image {image}; name the folder of images by ?images="
            )
        try:
            pixels = PAGES.read(Path(image))
            self._check_size(i, pixels.shape)
            polygon = np.array(points, np.float64).reshape(-1, 2)
            return encode_png(cut(pixels, polygon), compress_level=1)
        except InputError as error:
            raise InputError(f"{self._place(i)}: {image}: {error}") from None

    def origin(self, i: int) -> str:
        """See `Source.origin`: the image of the page."""
        return self._images[self._file_of[i]]

    def stamp(self, i: int) -> Optional[str]:
        """See `Source.stamp`: that of the XML file, of the page's image, and the line's id."""
        stamps = file_stamp(self._files[self._file_of[i]]), file_stamp(self.origin(i))
        return None if None in stamps else "\t".join(map(str, (*stamps, self._ids[i])))

    def _place(self, i: int) -> str:
        return f"{self._files[self._file_of[i]]}#{self._ids[i]}"

    def _check_size(self, i: int, shape: tuple[int, ...]) -> None:
        told = self._sizes[2 * self._file_of[i] : 2 * self._file_of[i] + 2]
        if any(size and abs(size - real) > TOLERANCE for size, real in zip(told, shape)):
            raise InputError(
                f"{shape[1]}x{shape[0]} pixels, where the XML has {told[1]:.0f}x{told[0]:.0f}; "
                "name the folder of the images that the lines were drawn on by ?images="
            )


def open_pages(
    scheme: str, rest: str, root: str, parse: Callable[[Element, Path], Page]
) -> PageLines:
    """Opens an XML file, or all of a folder and below it whose root element is `root`, in sorted order.

    Args:
        scheme: names the source.
        rest: what stands behind it.
        root: the root element's name.
        parse: makes a page of a root element; the path is for messages.

    Raises:
        InputError: there is no such file, none with transcribed lines, or one that cannot be used.
    """
    path, options = split_options(scheme, rest, {"images": ""})
    whole = Path(path)
    if whole.is_dir():
        folder, files = whole, [file for file in _xml_files(whole) if root_of(file) == root]
        if not files:
            raise InputError(f"{whole}: no XML file whose root is {root}")
    else:
        folder, files = whole.parent, [whole]
    source = PageLines(f"{scheme}:{rest}", folder)
    for file in files:
        element = read_xml(file)
        if local(element) != root:
            raise InputError(f"{file}: its root is {local(element)}, not {root}")
        page = parse(element, file)
        if any(line.text for line in page.lines):
            source.add(file, _find(page.image, file, folder, options["images"]), page)
    if not len(source):
        raise InputError(f"{whole}: no line has a text; transcribe some, or give another file")
    return source


def _xml_files(folder: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders.sort()
        found += [Path(place, name) for name in sorted(names) if name.lower().endswith(".xml")]
    return found


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot read the folder: {reason_of(error)}")


def _find(name: str, file: Path, root: Path, images: str) -> Path:
    """Finds the image that an XML file names."""
    name = name.strip()
    if not name or "\0" in name:
        raise InputError(f"{file}: names no image")
    if images:
        return Path(images, re.split(r"[/\\]", name)[-1])
    top = os.path.abspath(root)
    places = [os.path.normpath(os.path.join(top, os.path.relpath(file.parent, root)))]
    places += [os.path.dirname(places[0]), top]
    absolute = os.path.isabs(name) or re.match(r"[A-Za-z]:[/\\]", name)
    inside = [
        place for place in places if not absolute and _is_within(os.path.join(place, name), top)
    ]
    if not inside:
        raise InputError(
            f"{file}: the image {name} is outside of {root}; name the folder of images by ?images="
        )
    paths = [root / os.path.relpath(os.path.join(place, name), top) for place in inside]
    return next((path for path in paths if path.exists()), paths[0])


def _is_within(path: str, top: str) -> bool:
    return os.path.commonpath([os.path.normpath(path), top]) == top


def points_of(text: Optional[str]) -> Optional[Array]:
    """Reads points: pairs of numbers between blanks, commas and brackets, as both formats have them.

    Returns:
        [N, 2], x and y; None for what is no such list, or lies outside of any page.
    """
    numbers = NUMBER.findall(text or "")
    if not numbers or len(numbers) % 2 or re.sub(r"[\s,()]", "", NUMBER.sub("", text or "")):
        return None
    points = np.array(numbers, np.float64).reshape(-1, 2)
    return points if np.abs(points).max() < LARGEST else None


def number_of(text: Optional[str]) -> float:
    """Reads a size or place in pixels; 0 for what is none."""
    number = float(text or "") if NUMBER.fullmatch((text or "").strip()) else 0.0
    return number if abs(number) < LARGEST else 0.0


def one_line(text: str) -> str:
    """Joins the lines that a text element was broken into."""
    return " ".join(text.split())

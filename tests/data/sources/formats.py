"""A tiny data set of each format, made as the format's own documentation or reader defines it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import lmdb
import numpy as np
import pytest
import scipy.io

from ocr_tf.errors import InputError

from ..images import encode, line, noise

TEXTS = ("Lube", "hello", "Straße")
IMAGES = tuple(line(12, 30 + i, seed=i) for i in range(3))
PAGE = noise(60, 100, seed=9)
BOXES = ((10, 5, 89, 14), (10, 25, 89, 34), (10, 45, 89, 54))  # of lines: left, top, right, bottom


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def message(action, *arguments) -> str:
    """What people are told; it is one line."""
    with pytest.raises(InputError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def pixels(encoded: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(encoded)))


def tsv(folder: Path) -> str:
    for i, image in enumerate(IMAGES):
        put(folder / f"{i}.png", image)
    put(folder / "labels.tsv", "".join(f"{i}.png\t{text}\n" for i, text in enumerate(TEXTS)))
    return f"tsv:{folder}"


def gt(folder: Path) -> str:
    for i, (image, text) in enumerate(zip(IMAGES, TEXTS)):
        put(folder / f"book{i % 2}" / f"{i}.png", image)
        put(folder / f"book{i % 2}" / f"{i}.gt.txt", f"{text}\n")
    return f"gt:{folder}"


def icdar(folder: Path) -> str:
    for i, image in enumerate(IMAGES):
        put(folder / f"word_{i}.png", image)
    rows = "".join(f'word_{i}.png, "{text}"\r\n' for i, text in enumerate(TEXTS))
    put(folder / "gt.txt", b"\xef\xbb\xbf" + rows.encode())
    return f"icdar:{folder}"


def mjsynth(folder: Path) -> str:
    names = [f"2425/1/{i}_{text}_{i}.jpg" for i, text in enumerate(TEXTS)]
    for name, image in zip(names, IMAGES):
        put(folder / name, image)
    rows = "".join(f"./{name} {i}\n" for i, name in enumerate(names))
    put(folder / "annotation_train.txt", rows)
    put(folder / "lexicon.txt", "".join(f"{text.lower()}\n" for text in TEXTS))
    return f"mjsynth:{folder}"


def structs(names: Sequence[str], texts: Sequence[str], kind: str = "chars") -> np.ndarray:
    """MATLAB's 1xN array of structs."""
    rows = np.zeros((1, len(names)), [("ImgName", object), (kind, object), ("charBB", object)])
    for i, (name, text) in enumerate(zip(names, texts)):
        rows[0, i] = (name, text, np.zeros((len(text), 4)))
    return rows


def iiit5k(folder: Path) -> str:
    names = [f"train/{i}_1.png" for i in range(3)]
    for name, image in zip(names, IMAGES):
        put(folder / name, image)
    rows = {"trainCharBound": structs(names, TEXTS)}
    scipy.io.savemat(folder / "trainCharBound.mat", rows)
    return f"iiit5k:{folder}"


LINES_TXT = """#--- lines.txt ---------------------------------------------------------------#
#
a01-000u-00 ok 154 19 408 746 1661 89 Lube
a01-000u-01 err 156 19 395 932 1850 105 hello
b04-010-00 ok 156 19 395 932 1850 105 Straße
"""


def iam(folder: Path) -> str:
    names = ("a01/a01-000u/a01-000u-00", "a01/a01-000u/a01-000u-01", "b04/b04-010/b04-010-00")
    for name, image in zip(names, IMAGES):
        put(folder / "lines" / f"{name}.png", image)
    put(folder / "ascii" / "lines.txt", LINES_TXT)
    return f"iam:{folder}"


def points(box: Sequence[int]) -> str:
    left, top, right, bottom = box
    return f"{left},{top} {right},{top} {right},{bottom} {left},{bottom}"


def page_xml(
    lines: str, image: str = "p1.png", size: Sequence[int] = (100, 60), head: str = ""
) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}'
        '<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">'
        f'<Page imageFilename="{image}" imageWidth="{size[0]}" imageHeight="{size[1]}">'
        f'<TextRegion id="r1"><Coords points="0,0 99,0 99,59"/>{lines}'
        "<TextEquiv><Unicode>of the region</Unicode></TextEquiv></TextRegion></Page></PcGts>"
    )


def page_line(name: str, text: str, coords: str = "", baseline: str = "") -> str:
    return (
        f'<TextLine id="{name}">'
        + (f'<Coords points="{coords}"/>' if coords else "")
        + (f'<Baseline points="{baseline}"/>' if baseline else "")
        + f"<TextEquiv><Unicode>{text}</Unicode></TextEquiv></TextLine>"
    )


def page(folder: Path) -> str:
    put(folder / "p1.png", encode(PAGE))
    lines = "".join(page_line(f"l{i}", text, points(BOXES[i])) for i, text in enumerate(TEXTS))
    put(folder / "p1.xml", page_xml(lines))
    return f"page:{folder}"


def alto_xml(lines: str, unit: str = "pixel", image: str = "p1.png", version: int = 4) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<alto xmlns="http://www.loc.gov/standards/alto/ns-v{version}#"><Description>'
        f"<MeasurementUnit>{unit}</MeasurementUnit>"
        f"<sourceImageInformation><fileName>{image}</fileName></sourceImageInformation>"
        '</Description><Layout><Page ID="p" WIDTH="100" HEIGHT="60"><PrintSpace><TextBlock ID="b">'
        f"{lines}</TextBlock></PrintSpace></Page></Layout></alto>"
    )


def alto_line(
    name: str, text: str, box: Sequence[int] = (), shape: str = "", baseline: str = ""
) -> str:
    size = ""
    if box:
        left, top, right, bottom = box
        size = f'HPOS="{left}" VPOS="{top}" WIDTH="{right - left}" HEIGHT="{bottom - top}"'
    return (
        f'<TextLine ID="{name}" {size} '
        + (f'BASELINE="{baseline}">' if baseline else ">")
        + (f'<Shape><Polygon POINTS="{shape}"/></Shape>' if shape else "")
        + f'<String CONTENT="{text}"/></TextLine>'
    )


def alto(folder: Path) -> str:
    put(folder / "p1.png", encode(PAGE))
    lines = "".join(alto_line(f"l{i}", text, BOXES[i]) for i, text in enumerate(TEXTS))
    put(folder / "p1.xml", alto_xml(lines))
    return f"alto:{folder}"


def write_lmdb(folder: Path, items: dict[str, bytes]) -> Path:
    """Writes keys beside those that there are; in the same file, or a new one."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.mdb"):  # A process opens a file once, and the source may have.
        old.unlink()
    with lmdb.open(str(folder), map_size=1 << 24) as environment:
        with environment.begin(write=True) as transaction:
            for key, value in items.items():
                transaction.put(key.encode(), value)
    return folder


def lmdb_items(count: str = "3") -> dict[str, bytes]:
    items = {"num-samples": count.encode()}
    for i, (image, text) in enumerate(zip(IMAGES, TEXTS), 1):
        items[f"image-{i:09d}"] = image
        items[f"label-{i:09d}"] = text.encode()
    return items


def lmdb_folder(folder: Path) -> str:
    return f"lmdb:{write_lmdb(folder, lmdb_items())}"


FORMATS = {
    "tsv": tsv,
    "gt": gt,
    "icdar": icdar,
    "mjsynth": mjsynth,
    "iiit5k": iiit5k,
    "iam": iam,
    "page": page,
    "alto": alto,
    "lmdb": lmdb_folder,
}

"""From the image of a page to texts and files, and back by the source alto:."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from ocr_tf.data.dataset import open_source, open_sources
from ocr_tf.data.page_image import cut, read_page
from ocr_tf.errors import InputError
from ocr_tf.experiment.serving.reader import Text
from ocr_tf.page import command, draw_pages, measure
from ocr_tf.page.alto import alto
from ocr_tf.page.config import FORMATS, ReadPage
from ocr_tf.page.find import find_lines
from ocr_tf.page.hocr import hocr
from ocr_tf.page.readers import BATCH, NetworkReader, ReadText, check_reader, open_reader
from ocr_tf.page.result import ReadLine, ReadResult
from ocr_tf.page.synthetic import PageStyle, draw_page
from tests.experiment import untrained


class Counting:
    """Reads "line 1", "line 2" and so on."""

    def read(self, lines):
        return [ReadText(f"line {i + 1} <&> é", -0.5) for i in range(len(lines))]


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A file in the place of a model, and a reader in the place of what it holds."""
    path = tmp_path / "model.npz"
    path.touch()
    monkeypatch.setattr(command, "open_reader", lambda *_: Counting())
    return str(path)


@pytest.fixture
def image(tmp_path):
    draw_pages.write(draw_page(PageStyle(columns=2, degrees=2.0), 3, 0), tmp_path / ".", "page")
    (tmp_path / "page.xml").unlink()
    return tmp_path / "page.png"


def test_what_is_written_as_alto_is_read_by_its_source(image, model, capsys):
    folder = image.parent
    config = ReadPage(output=str(folder), format=FORMATS)
    result = command.run(config, str(image), model)
    source = open_source(f"alto:{folder}")
    texts = [line.text for line in result.lines]
    assert len(texts) > 20
    assert list(source.texts) == texts == capsys.readouterr().out.splitlines()
    assert (folder / "page.txt").read_text("utf-8").splitlines() == texts
    for i in (0, len(texts) - 1):
        with Image.open(io.BytesIO(source.read(i))) as line:
            pixels = np.asarray(line)
        np.testing.assert_array_equal(pixels, cut(read_page(image), result.lines[i].polygon))
    with Image.open(folder / "page.lines.png") as picture:
        assert picture.size == result.pixels.shape[::-1] and picture.mode == "RGB"


def test_hocr_is_xml_with_a_box_and_a_text_for_each_line(image, model):
    folder = image.parent
    result = command.run(ReadPage(output=str(folder), format=("hocr",)), str(image), model)
    root = ElementTree.parse(folder / "page.hocr").getroot()
    lines = [e for e in root.iter() if e.get("class") == "ocr_line"]
    assert [line.text for line in lines] == [line.text for line in result.lines]
    first = dict(part.split(" ", 1) for part in lines[0].get("title").split("; "))
    assert first["bbox"] == " ".join(map(str, result.lines[0].box))
    assert len(first["poly"].split()) == 8
    assert not (folder / "page.txt").exists()


def test_texts_that_xml_cannot_hold_are_written_all_the_same():
    polygon = np.array([[0.0, 0], [9, 0], [9, 5], [0, 5]])
    line = ReadLine(polygon, 'a\x00"b\x1b]]>', None)
    page = ReadResult('<"&>.png', np.zeros((9, 9), np.uint8), 0.0, [line])
    for document in (alto(page), hocr(page)):
        assert "\ufffd" in "".join(
            [*(e.text or "" for e in ElementTree.fromstring(document).iter())]
            + [e.get("CONTENT", "") for e in ElementTree.fromstring(document).iter()]
        )


@pytest.mark.parametrize(
    "text, log_prob, doubtful",
    [("817", -0.9, False), ("817", -1.4, True), (" ", 0.0, True), ("817", None, False)],
)
def test_a_page_whose_lines_are_perhaps_none_is_read_with_a_note(
    text, log_prob, doubtful, image, model, monkeypatch, capsys
):
    class Reader:
        def read(self, lines):
            return [ReadText(text, log_prob) for _ in lines]

    monkeypatch.setattr(command, "open_reader", lambda *_: Reader())
    result = command.run(ReadPage(), str(image), model)
    said = capsys.readouterr()
    assert said.out.splitlines() == [line.text for line in result.lines] and result.lines
    count = len(result.lines)
    assert (f"{count} of {count} lines are empty" in said.err) == doubtful
    assert said.err.count("\n") == doubtful


def test_an_empty_page_is_read_and_has_no_lines(tmp_path, model, capsys):
    Image.new("L", (200, 300), 255).save(tmp_path / "empty.png")
    config = ReadPage(output=str(tmp_path / "out"), format=FORMATS)
    result = command.run(config, str(tmp_path / "empty.png"), model)
    said = capsys.readouterr()
    assert (result.lines, said.out) == ([], "")
    assert "empty.png: no lines found" in said.err
    assert (tmp_path / "out" / "empty.txt").read_bytes() == b""
    ElementTree.parse(tmp_path / "out" / "empty.xml")


@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_what_is_no_image_is_told_in_a_line(content, tmp_path, model):
    path = tmp_path / "page.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"page\.png: "):
        command.run(ReadPage(), str(path), model)


@pytest.mark.parametrize(
    "config, message",
    [
        (ReadPage(format=("alto",)), "--format=alto needs --output"),
        (ReadPage(checkpoint="last"), "--checkpoint=last: .* is a classical recognizer"),
        (ReadPage(search="lexicon:x"), "x"),
    ],
)
def test_flags_that_would_do_nothing_are_refused(config, message, image, model):
    with pytest.raises(InputError, match=message):
        command.run(config, str(image), model)


def test_a_run_that_is_none_is_told_before_the_page_is_read(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        command.run(ReadPage(), str(tmp_path / "page.png"), str(tmp_path / "nowhere"))


class OneTooWide:
    """A network's reader whose texts are the sizes of its images, and which refuses one width."""

    def __init__(self):
        self.batches = []

    def read(self, encoded):
        self.batches.append(len(encoded))
        sizes = [Image.open(io.BytesIO(image)).size for image in encoded]
        return [[] if width == 7 else [Text(f"{width}", -1.0)] for width, _ in sizes]

    def why_bad(self, encoded):
        return "too wide"


def test_a_network_reads_all_lines_in_batches_and_names_what_it_refuses():
    network = OneTooWide()
    lines = [np.zeros((4, width), np.uint8) for width in range(2, 2 + BATCH + 3)]
    read = NetworkReader(network).read(lines)
    assert network.batches == [BATCH, 3]
    for line, text in zip(lines, read):
        width = line.shape[1]
        expected = ReadText("", None, "too wide") if width == 7 else ReadText(str(width), -1.0)
        assert text == expected


def test_a_run_reads_lines_that_were_cut_out(tmp_path):
    untrained.write(tmp_path / "run", "ctc")
    reader = open_reader(
        str(tmp_path / "run"), "best", check_reader(str(tmp_path / "run"), "best", "greedy")
    )
    line = np.full((20, 60), 200, np.uint8)
    line[5:15, 10:50:6] = 0
    (text,) = reader.read([line])
    assert text.log_prob is not None and text.log_prob < 0 and not text.trouble


def test_drawn_pages_are_a_source_of_lines(tmp_path):
    draw_pages.run(tmp_path / "pages", 1, 5)
    page = draw_page(PageStyle(), 5, 0)
    source = open_sources([f"alto:{tmp_path / 'pages'}"])
    assert list(source.texts) == [line.text for line in page.lines]
    with Image.open(io.BytesIO(source.read(2))) as line:
        # The source's box has both ends in it.
        rows, columns = np.asarray(line).shape
    assert np.abs(np.array(page.cut(page.lines[2]).shape) - [rows, columns]).max() <= 1


def test_lines_that_are_missed_or_invented_count_as_errors():
    page = draw_page(PageStyle(), 7, 0)
    found = find_lines(page.pixels)
    some = page._replace(lines=page.lines[:3])
    texts = measure._texts(some, found, Counting(), {0: 1})
    assert [reference for reference, _ in texts[:2]] == [page.lines[1].text, ""]
    assert texts[-2:] == [(page.lines[0].text, ""), (page.lines[2].text, "")]
    assert len(texts) == len(found.boxes) + 2

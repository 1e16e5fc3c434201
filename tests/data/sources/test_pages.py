"""PAGE and ALTO: lines cut out of pages."""

from __future__ import annotations

import numpy as np
import pytest

from ocr_tf.data.baselines import ABOVE, BELOW
from ocr_tf.data.dataset import open_source

from ..images import encode
from . import formats
from .formats import PAGE, alto_line, alto_xml, message, page_line, page_xml, pixels, points, put


@pytest.fixture
def folder(tmp_path):
    put(tmp_path / "p1.png", encode(PAGE))
    return tmp_path


def open_xml(folder, text: str, scheme: str = "page"):
    put(folder / "p1.xml", text)
    return open_source(f"{scheme}:{folder}/p1.xml")


TRIANGLE = "10,10 60,10 10,40"


@pytest.mark.parametrize("scheme", ["page", "alto"])
def test_a_polygon_is_cut_out_and_its_outside_is_gray(folder, scheme):
    lines = {
        "page": page_xml(page_line("l", "x", TRIANGLE)),
        "alto": alto_xml(alto_line("l", "x", shape=TRIANGLE.replace(",", " "))),
    }
    cut = pixels(open_xml(folder, lines[scheme], scheme).read(0))
    box = PAGE[10:41, 10:61]
    assert cut.shape == box.shape == (31, 51)
    np.testing.assert_array_equal(cut[:28, 0], box[:28, 0])
    np.testing.assert_array_equal(cut[1, :45], box[1, :45])
    (gray,) = set(cut[20:, 30:].ravel().tolist())
    edge = [*box[0], *box[:, 0]]
    assert abs(gray - np.median(edge)) < 40


def test_a_line_may_leave_its_page_by_a_rounding_and_no_more(folder):
    lines = page_line("in", "a", points((0, 0, 102, 20))) + page_line(
        "out", "b", points((0, 0, 104, 20))
    )
    source = open_xml(folder, page_xml(lines + page_line("up", "c", points((0, -9, 50, 20)))))
    np.testing.assert_array_equal(pixels(source.read(0)), PAGE[:21])
    for i, name in ((1, "out"), (2, "up")):
        said = message(source.read, i)
        assert said.startswith(f"{folder}/p1.xml#{name}: {folder}/p1.png: the line, x 0")
        assert "leaves its page of 100x60 pixels" in said


@pytest.mark.parametrize("coords", ["", "5,5 9", "5,5 9,x 9,9", "5,5", "1e9,1 2,2 3,3"])
def test_a_line_without_a_usable_outline(folder, coords):
    source = open_xml(folder, page_xml(page_line("l", "x", coords)))
    assert message(source.read, 0) == f"{folder}/p1.xml#l: has neither a polygon nor a baseline"
    with_baseline = open_xml(folder, page_xml(page_line("l", "x", coords, "10,30 50,30")))
    assert pixels(with_baseline.read(0)).shape[1] == 41


def test_a_line_without_area(folder):
    source = open_xml(folder, page_xml(page_line("l", "x", "5,5 5,9 5,20")))
    assert "the line has no area" in message(source.read, 0)


@pytest.mark.parametrize("scheme", ["page", "alto"])
def test_a_band_around_a_baseline_is_as_high_as_lines_are_apart(folder, scheme):
    baselines = {"a": "10,20 50,20", "b": "10,40 30,40 50,40"}
    if scheme == "page":
        lines = "".join(page_line(n, n, baseline=b) for n, b in baselines.items())
        source = open_xml(folder, page_xml(lines))
    else:
        lines = "".join(alto_line(n, n, baseline=b) for n, b in baselines.items())
        source = open_xml(folder, alto_xml(lines), scheme)
    for i, y in enumerate((20, 40)):
        top, bottom = round(y - 20 * ABOVE), round(y + 20 * BELOW)
        np.testing.assert_array_equal(pixels(source.read(i)), PAGE[top : bottom + 1, 10:51])


def test_page_text_is_the_first_alternative_or_that_of_words(folder):
    alternatives = (
        '<TextLine id="a"><Coords points="0,0 9,0 9,9"/><TextEquiv index="1"><Unicode>no</Unicode>'
        '</TextEquiv><TextEquiv index="0"><Unicode>first &amp;\n  best</Unicode></TextEquiv></TextLine>'
    )
    word = "<Word><TextEquiv><Unicode>{}</Unicode></TextEquiv></Word>"
    words = f'<TextLine id="b">{word.format("two")}{word.format("words")}</TextLine>'
    empty = '<TextLine id="c"/>' + page_line("d", "") + page_line("a", "again")
    source = open_xml(folder, page_xml(alternatives + words + empty))
    assert [s.text for s in source.samples] == ["first & best", "two words", "again"]
    names = [sample.id.partition("#")[2] for sample in source.samples]
    assert names == ["a", "b", "a#2"]


def test_page_of_2010_has_point_elements_and_lines_may_lack_ids(folder):
    line = (
        '<TextLine><Coords><Point x="10" y="10"/><Point x="60" y="10"/><Point x="60" y="30"/>'
        '<Point x="10" y="30"/></Coords><TextEquiv><Unicode>x</Unicode></TextEquiv></TextLine>'
    )
    source = open_xml(folder, page_xml(line).replace("2019-07-15", "2010-03-19"))
    assert source.sample(0).id == f"{folder.name}/p1.xml#line 1"
    np.testing.assert_array_equal(pixels(source.read(0)), PAGE[10:31, 10:61])


@pytest.mark.parametrize("version", [2, 3, 4])
def test_alto_text_box_and_old_baselines(folder, version):
    line = (
        '<TextLine ID="l" HPOS="10.0" VPOS="5" WIDTH="50" HEIGHT="10" BASELINE="14.5">'
        '<String CONTENT="Wachs" SUBS_TYPE="HypPart1" SUBS_CONTENT="Wachstum"/><HYP CONTENT="-"/>'
        '<SP WIDTH="3"/><String CONTENT="&lt;b"/><String CONTENT="c"/></TextLine>'
    )
    source = open_xml(folder, alto_xml(line, version=version), "alto")
    assert source.sample(0).text == "Wachs- <bc"
    np.testing.assert_array_equal(pixels(source.read(0)), PAGE[5:16, 10:61])


def test_alto_of_other_units_and_many_pages(folder):
    line = alto_line("l", "x", (0, 0, 9, 9))
    put(folder / "p1.xml", alto_xml(line, unit="mm10"))
    assert "measured in mm10" in message(open_source, f"alto:{folder}")
    put(folder / "p1.xml", alto_xml(line).replace("</Page>", "</Page><Page/>"))
    assert "2 pages" in message(open_source, f"alto:{folder}")
    put(folder / "p1.xml", alto_xml(line, image=""))
    assert "no fileName" in message(open_source, f"alto:{folder}")


def test_images_beside_above_and_elsewhere(tmp_path):
    line = page_line("l", "x", points((0, 0, 9, 9)))
    put(tmp_path / "doc" / "page" / "p1.xml", page_xml(line))
    put(tmp_path / "doc" / "p1.png", encode(PAGE))
    source = open_source(f"page:{tmp_path}/doc")
    assert source.sample(0).id == "doc/page/p1.xml#l"
    assert source.origin(0) == f"{tmp_path}/doc/p1.png"
    image = source.read(0)
    alone = open_source(f"page:{tmp_path}/doc/page")
    assert "name the folder of images by ?images=" in message(alone.read, 0)
    assert open_source(f"page:{tmp_path}/doc/page?images={tmp_path}/doc").read(0) == image
    for name in ("../p1.png", "C:\\scans\\p1.png", "/scans/p1.png"):
        put(tmp_path / "doc" / "page" / "p1.xml", page_xml(line, name))
        if name.startswith(".."):
            assert open_source(f"page:{tmp_path}/doc").read(0) == image
        said = message(open_source, f"page:{tmp_path}/doc/page")
        assert "is outside of" in said and "?images=" in said
        assert open_source(f"page:{tmp_path}/doc/page?images={tmp_path}/doc").read(0) == image


def test_a_page_of_another_size_than_the_xml_says(folder):
    line = page_line("l", "x", points((0, 0, 9, 9)))
    said = message(open_xml(folder, page_xml(line, size=(200, 120))).read, 0)
    assert "100x60 pixels, where the XML has 200x120" in said
    open_xml(folder, page_xml(line, size=(102, 60))).read(0)
    open_xml(folder, page_xml(line, size=(0, 0))).read(0)


def test_folders_pass_over_other_xml(folder):
    spec = formats.page(folder)
    put(folder / "mets.xml", '<mets:mets xmlns:mets="http://www.loc.gov/METS/"/>')
    assert len(open_source(spec)) == 3
    assert "its root is mets, not PcGts" in message(open_source, f"page:{folder}/mets.xml")
    assert "no XML file whose root is alto" in message(open_source, f"alto:{folder}")
    put(folder / "p2.xml", page_xml(page_line("l", "")))
    assert "no line has a text" in message(open_source, f"page:{folder}/p2.xml")
    put(folder / "p3.xml", "<PcGts><Page/></PcGts>")
    assert "no Page with an imageFilename" in message(open_source, spec)


@pytest.mark.parametrize("content", [b"", b"no image", encode(PAGE)[:900]])
def test_a_broken_page_is_the_trouble_of_its_lines(folder, content):
    source = open_xml(folder, page_xml(page_line("l", "x", points((0, 0, 9, 9)))))
    put(folder / "p1.png", content)
    assert message(source.read, 0).startswith(f"{folder}/p1.xml#l: {folder}/p1.png: ")

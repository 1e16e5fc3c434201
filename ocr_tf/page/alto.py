"""Writes a page as ALTO 4, which the source `alto:` reads; TensorFlow-free.

A line has its polygon and one String with its whole text: where words are within it, nobody has measured.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ocr_tf.page.layout import Box
from ocr_tf.page.result import ReadResult, for_xml

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"


def alto(page: ReadResult) -> bytes:
    """Returns the ALTO document of a page, UTF-8."""
    rows, columns = page.pixels.shape
    root = Element("alto", {"xmlns": NAMESPACE})
    description = SubElement(root, "Description")
    SubElement(description, "MeasurementUnit").text = "pixel"
    source = SubElement(description, "sourceImageInformation")
    SubElement(source, "fileName").text = for_xml(page.image)
    size = {"HEIGHT": str(rows), "WIDTH": str(columns)}
    sheet = SubElement(
        SubElement(root, "Layout"), "Page", {"ID": "page", "PHYSICAL_IMG_NR": "1", **size}
    )
    space = SubElement(sheet, "PrintSpace", {"HPOS": "0", "VPOS": "0", **size})
    if page.lines:
        block = SubElement(space, "TextBlock", {"ID": "block"})
    for number, line in enumerate(page.lines, 1):
        place = _place(line.box)
        element = SubElement(block, "TextLine", {"ID": f"line_{number}", **place})
        SubElement(SubElement(element, "Shape"), "Polygon", {"POINTS": line.points()})
        content = {"CONTENT": for_xml(line.text), "WC": f"{line.confidence:.4f}"}
        SubElement(element, "String", {"ID": f"string_{number}", **place, **content})
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def _place(box: Box) -> dict[str, str]:
    sizes = box.left, box.top, box.right - box.left, box.bottom - box.top
    return dict(zip(("HPOS", "VPOS", "WIDTH", "HEIGHT"), map(str, sizes)))

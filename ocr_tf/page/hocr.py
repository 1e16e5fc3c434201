"""Writes a page as hOCR (Breuel 2007, The hOCR Microformat for OCR Workflow); TensorFlow-free."""

from __future__ import annotations

from html import escape

from ocr_tf.page.layout import Box
from ocr_tf.page.result import ReadLine, ReadResult, for_xml

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>{image}</title>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<meta name="ocr-system" content="ocr_tf"/>
<meta name="ocr-capabilities" content="ocr_page ocr_line"/>
</head>
<body>
<div class="ocr_page" id="page_1" title="{title}">
"""
FOOT = "</div>\n</body>\n</html>\n"


def hocr(page: ReadResult) -> bytes:
    """Returns the hOCR document of a page, UTF-8: each line has a box and a text, and a polygon if turned."""
    rows, columns = page.pixels.shape
    image = for_xml(page.image)
    title = f'image "{image}"; {_bbox(Box(0, 0, columns, rows))}; ppageno 0'
    lines = (_line(number, line, page.degrees) for number, line in enumerate(page.lines, 1))
    head = HEAD.format(image=escape(image), title=escape(title))
    return (head + "".join(lines) + FOOT).encode()


def _line(number: int, line: ReadLine, degrees: float) -> str:
    title = _bbox(line.box)
    if degrees:
        title += f"; poly {line.points().replace(',', ' ')}"
    text = escape(for_xml(line.text))
    return f'<span class="ocr_line" id="line_{number}" title="{title}">{text}</span><br/>\n'


def _bbox(box: Box) -> str:
    return "bbox " + " ".join(map(str, box))

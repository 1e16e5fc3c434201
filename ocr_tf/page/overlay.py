"""Draws the lines of a page over it, with their texts; TensorFlow-free."""

from __future__ import annotations

import io

from ocr_tf.data.synthetic import typeface
from ocr_tf.page.result import ReadResult

FONT = "DejaVuSans.ttf"
OUTLINE, INK = (0, 90, 200), (200, 0, 0)


def overlay(page: ReadResult) -> bytes:
    """Returns a PNG of the page in color: each line's outline, its number, and its text above it."""
    from PIL import Image, ImageDraw

    picture = Image.fromarray(page.pixels).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(page.lines, 1):
        corners = [tuple(point) for point in line.polygon.tolist()]
        pen.polygon(corners, outline=OUTLINE)
        font = typeface(FONT, max(9, round(0.35 * line.box.height)))
        left, top = corners[0]
        pen.text((left, top), f"{number} {line.text}", fill=INK, font=font, anchor="ls")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()

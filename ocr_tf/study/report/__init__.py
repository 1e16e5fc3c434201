"""The report of a comparison: a page for people, JSON and tables for programs, pictures for TensorBoard.

    report.html      self-contained, without scripts that it needs
    report.json      every number: see report.schema.json in this package
    tables/          rates, comparisons, slices and more as CSV and LaTeX: see `tables`
    figures/         the page's plots as PNG
    events.out.*     verdict, plots and the table of runs for TensorBoard: see `tensorboard`

`write` takes the report as one typed tree, see `content`. What may be absent is None or empty there, and
the page says so in a line.
"""

from __future__ import annotations

from pathlib import Path

from ocr_tf.atomic import atomic_write
from ocr_tf.study.report import as_json, page, tables, tensorboard
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.files import write_parts
from ocr_tf.study.report.line_images import LineImages

__all__ = ["LineImages", "Report", "write"]


def write(report: Report, folder: Path, images: LineImages) -> Path:
    """Writes the report into a folder, the page last.

    Args:
        report: what it says.
        folder: made if it is not there; what an earlier report left in it is replaced.
        images: of the lines.

    Returns:
        The page.

    Raises:
        ValueError: the report holds what JSON cannot, such as NaN.
        OSError: nothing can be written there.
    """
    content, drawings = page.render(report, images)
    text = as_json.dump(report)
    files = {f"tables/{name}": table.encode() for name, table in tables.files(report).items()}
    files.update({f"figures/{drawing.name}.png": drawing.png for drawing in drawings})
    write_parts(folder, files)
    tensorboard.write(report, drawings, folder)
    atomic_write(folder / "report.json", text.encode())
    atomic_write(folder / "report.html", content.encode())
    return folder / "report.html"

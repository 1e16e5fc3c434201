"""The report of a comparison: a page for people, JSON and tables for programs, pictures for TensorBoard.

    report.html      self-contained, without scripts that it needs
    report.json      every number
    tables/          rates, comparisons, slices and more as CSV and LaTeX: see `tables`
    figures/         the page's plots as PNG
    events.out.*     verdict, plots and the table of runs for TensorBoard: see `board`

`write` takes the report as a dict, whose sections are described where they are made: `answer`,
`compare`, `controls`, `why`. It needs `study`, `conditions`, `rates` and `lines`; of other sections
that are absent, the page says so in a line.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocr_tf.experiment.runs.atomic import atomic_write
from ocr_tf.study.report import page, tables, tensorboard
from ocr_tf.study.report.line_images import LineImages

__all__ = ["LineImages", "write"]


def write(report: Mapping[str, Any], folder: Path, images: LineImages) -> Path:
    """Writes the report into a folder, the page last.

    Args:
      report: plain JSON values, but for `analysis` and `cost`, which are dataclasses.
      folder: made if it is not there; what an earlier report left in it is replaced.
      images: of the lines.

    Returns:
      The page.

    Raises:
      ValueError: the report holds what JSON cannot, such as NaN.
      OSError: nothing can be written there.
    """
    content, drawings = page.render(report, images)
    typed = {k: dataclasses.asdict(report[k]) for k in ("analysis", "cost") if k in report}
    plain = {**report, **typed}
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    files = {f"tables/{name}": of.encode() for name, of in tables.files(report).items()}
    files.update({f"figures/{drawing.name}.png": drawing.png for drawing in drawings})
    for name in ("tables", "figures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for stale in (folder / name).iterdir():
            if stale.suffix in (".csv", ".tex", ".png") and f"{name}/{stale.name}" not in files:
                stale.unlink()
    for name, of in files.items():
        atomic_write(folder / name, of)
    tensorboard.write(report, drawings, folder)
    atomic_write(folder / "report.json", text.encode())
    atomic_write(folder / "report.html", content.encode())
    return folder / "report.html"

"""The command inspect_data: reads lines, prints what was found, writes the page and the table."""

from __future__ import annotations

from pathlib import Path

from ocr_tf.atomic import atomic_file, atomic_write
from ocr_tf.data.dataset import normalized, open_sources
from ocr_tf.data.inspect.collection import collect
from ocr_tf.data.inspect.copies import near_copies
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.library_lines import without_library_lines
from ocr_tf.preflight import page, report
from ocr_tf.preflight.config import InspectData
from ocr_tf.preflight.findings import find
from ocr_tf.study.report.html import is_made_from


def run(config: InspectData, train: list[str]) -> None:
    """Looks through the lines of all roles; what is found is no failure.

    Raises:
        InputError: lines that cannot be opened, or a page that cannot be written.
    """
    output = Path(config.page) if config.page else None
    if output is not None:
        _check_output(output)
    specs = {"train": train, "val": config.val, "test": config.test}
    sources = {
        role: normalized(open_sources(named), config.normalize)
        for role, named in specs.items()
        if named
    }
    with without_library_lines():
        lines = collect(sources)
        near = near_copies(lines)
        findings = find(config, lines, near)
        print(report.text(config, lines, findings), end="")
        if output is None:
            return
        content = page.render(config, lines, findings, output.with_suffix(".tsv").name)
    with atomic_file(output.with_suffix(".tsv")) as file:
        for row in report.table(lines, findings):
            file.write(row.encode("utf-8", "replace"))
    atomic_write(output, content.encode("utf-8", "replace"))
    print(f"\n{output}: the page; all lines named: {output.with_suffix('.tsv')}")


def _check_output(output: Path) -> None:
    """Refuses early what could not be written, and to write over what others made."""
    if output.suffix != ".html":
        raise InputError(f"--page={output}: name a file that ends in .html")
    check_writable(output, f"--page={output}")
    ours = output.is_file() and is_made_from(page.TEMPLATE, output)
    for path in (output, output.with_suffix(".tsv")):
        if path.exists() and not ours:
            raise InputError(
                f"{path} exists and was not made by {command_name('inspect_data')}; choose another --page, "
                "or remove it"
            )

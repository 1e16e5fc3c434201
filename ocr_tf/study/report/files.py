"""Writes the files of a report into its folder, and takes away what an earlier one left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ocr_tf.atomic import atomic_write


def write_parts(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes tables/* and figures/*, by path within the folder; stale ones are deleted.

    Raises:
        OSError: nothing can be written there.
    """
    for name in ("tables", "figures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for stale in (folder / name).iterdir():
            if stale.suffix in (".csv", ".tex", ".png") and f"{name}/{stale.name}" not in files:
                stale.unlink()
    for name, data in files.items():
        atomic_write(folder / name, data)

"""Reads what lies beside an export's graph, and tells an export from a run; TensorFlow-free."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Union

from ocr_tf.data.geometry import MAX_PIXELS, Geometry
from ocr_tf.errors import InputError

EXTRA = Path("assets.extra")
ABOUT = EXTRA / "ocr_tf.json"


def is_export(model: Union[str, Path]) -> bool:
    """Tells an export's folder from a run's."""
    return (Path(model) / "saved_model.pb").exists()


def read_geometry(path: Path) -> Geometry:
    """The size that an export brings images to.

    Raises:
        InputError: it does not say so.
    """
    try:
        recorded = json.loads((path / ABOUT).read_bytes())["geometry"]
        # Exports that say nothing of it were made when nothing else bounded an image.
        return Geometry(**{"max_pixels": MAX_PIXELS, **recorded})
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise damaged(path, error) from None


def damaged(path: Path, error: Exception) -> InputError:
    """The error that says that a folder is no export that can be used."""
    return InputError(f"{path}: not an export of ocr_tf, or damaged ({error})")

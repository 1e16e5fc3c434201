"""Pictures of alignments: a text line, and over its columns the weight of each step for each symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

import numpy as np


class Alignment(NamedTuple):
    """One panel: a text laid over a line image."""

    title: str  # "ctc  'hello'  log p -0.12"
    symbols: Sequence[str]  # L symbols of the text
    weights: np.ndarray  # [L, T] weight of each step for each symbol
    edges: np.ndarray  # [T + 1] where steps begin and end, in columns of the image drawn
    path: Optional[np.ndarray] = None  # [T] symbol index on the best forced path, -1 for blank


def alignments(image: np.ndarray, panels: Sequence[Alignment], width: int = 1200) -> np.ndarray:
    """One picture of all panels, one above the other, their columns in line with the image's.

    Args:
        image: [H, W] uint8 grey, 255 = white.
        panels: what to lay over it.
        width: of the picture, in pixels.

    Returns:
        [h, w, 3] uint8 RGB; the same input gives the same pixels.
    """
    raise NotImplementedError

"""The data that parts of the pipeline exchange; every padded tensor travels with its lengths.

Shapes used throughout:
    B  lines in a batch            H, W  height and padded width of the images, in pixels
    T  encoder steps (padded)      D     features of a step
    L  symbols of a label (padded) K     hypotheses a line
    C  classes a head puts out: the alphabet's symbols and one more (CTC's blank, attention's end)

Padding is never read: a tensor's valid part is `[:length]`, and what stands behind it is
unspecified unless a docstring says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Protocol

import numpy.typing as npt

if TYPE_CHECKING:  # The command lines' --help imports this module and must not load TensorFlow.
    from tensorflow import Tensor
else:
    Tensor = Any

Array = npt.NDArray[Any]  # a NumPy array; comments and docstrings give its shape and dtype


class Images(NamedTuple):
    """Gray line images, left-aligned; columns from `widths` on are zero."""

    values: Tensor  # [B, H, W, 1] float32, 0 = mid-gray, -1 = black, 1 = white
    widths: Tensor  # [B] int32, valid columns, at least 1


class Frames(NamedTuple):
    """A sequence of feature vectors for each line."""

    values: Tensor  # [B, T, D]
    lengths: Tensor  # [B] int32, at least 1


class Labels(NamedTuple):
    """Symbol ids of each line, without blank, start or end."""

    ids: Tensor  # [B, L] int32, padded with the alphabet's pad
    lengths: Tensor  # [B] int32, 0 allowed


class Batch(NamedTuple):
    """A batch as the pipeline feeds it to training and evaluation."""

    images: Images
    labels: Labels
    samples: Tensor  # [B] int32, positions in the index the batch was planned from
    ok: Tensor  # [B] bool, false where the image could not be read: such a line weighs nothing


class Hypotheses(NamedTuple):
    """K best readings of each line, best first by `objective`."""

    ids: Tensor  # [B, K, L] int32, without end or blank
    lengths: Tensor  # [B, K] int32
    log_probs: Tensor  # [B, K] log p(text | image), natural log: the head's `score` of the text
    objective: Tensor  # [B, K] what the search ranked by
    ended: Tensor  # [B, K] bool, false where the search hit its bound before the end of the text
    valid: Tensor  # [B, K] bool, false where the search found fewer than K hypotheses


class LineRecognizer(Protocol):
    """All that evaluation needs: also met by systems that are no network."""

    def recognize(self, images: Images, search: Optional[Any] = None) -> Hypotheses:
        """Reads images; `search` is one of `ocr_tf.decode.SEARCHES`, or None."""
        ...

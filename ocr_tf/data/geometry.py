"""The size that line images are brought to; TensorFlow-free."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The size that line images are brought to, in pixels."""

    height: int
    width: int = 0  # 0 keeps the aspect ratio; otherwise every image is stretched to this width
    max_width: int = 4096  # the widest line accepted after scaling; no bound on a stretched one

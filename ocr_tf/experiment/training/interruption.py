"""Lets a training end at a step's end: Ctrl-C and SIGTERM ask for it. TensorFlow-free."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Optional


class Interruption:
    """Turns the first Ctrl-C or SIGTERM into a request; the second interrupts at once."""

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Interruption:
        self._before = {s: signal.signal(s, self._handle) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: Optional[FrameType]) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        print("\nfinishing this step and saving; again to stop at once", file=sys.stderr)

"""One line on standard error that says how far a long piece of work is, and when it will be done."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator
from typing import Optional, TextIO, TypeVar

Item = TypeVar("Item")


def clock(seconds: float) -> str:
    """65 -> 1:05; 3700 -> 1:01:40."""
    minutes, seconds = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


class Progress:
    """A line that appears when something lasts longer than `patience` seconds.

    On a terminal it is rewritten in place twice a second; in a log, one line every ten seconds.
    """

    def __init__(
        self,
        what: str,
        total: int,
        *,
        done: int = 0,
        patience: float = 2.0,
        stream: Optional[TextIO] = None,
    ):
        self.what, self.total, self.first = what, total, done
        self.stream = sys.stderr if stream is None else stream
        self.began = time.monotonic()
        self.patience = patience
        self.shown: Optional[float] = None
        self.width = 0
        self.in_place = self.stream.isatty()

    def show(self, done: int, more: str = "") -> None:
        """Says that `done` of the total is done; `more` stands behind it."""
        now = time.monotonic()
        pause = 0.5 if self.in_place else 10.0
        last = done >= self.total and self.shown is not None
        since = self.began + self.patience if self.shown is None else self.shown + pause
        if now < since and not last:
            return
        rate = (done - self.first) / max(1e-9, now - self.began)
        left = f"ETA {clock((self.total - done) / rate)}" if rate else "ETA unknown"
        self._write(f"{self.what} {done}/{self.total}  {more}{'  ' if more else ''}{left}")
        self.shown = now

    def say(self, line: str) -> None:
        """A line that stays, above the progress line."""
        self.clear()
        print(line, file=self.stream, flush=True)

    def clear(self) -> None:
        """Takes the progress line away, or ends it in a log."""
        if self.in_place and self.width:
            print("\r" + " " * self.width + "\r", end="", file=self.stream, flush=True)
            self.width = 0

    @classmethod
    def over(cls, items: Collection[Item], what: str) -> Iterator[Item]:
        """The items, while saying how many of them are done."""
        progress = cls(what, len(items))
        for done, item in enumerate(items, 1):
            yield item
            progress.show(done)
        progress.clear()

    def _write(self, line: str) -> None:
        if self.in_place:
            padded = line.ljust(self.width)
            self.width = len(line)
            print("\r" + padded, end="", file=self.stream, flush=True)
        else:
            print(line, file=self.stream, flush=True)

"""One line on standard error that says how far a long piece of work is, and when it will be done.

A thin layer over tqdm: silent while the work is short, in place on a terminal, few lines in a log.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Callable, NamedTuple, Optional, TextIO, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")

ON_TERMINAL, IN_LOG = 0.5, 10.0  # seconds between two lines
MEANINGFUL = 1.0  # seconds of work that a rate is measured over, before an ETA is told


def clock(seconds: float) -> str:
    """65 -> 01:05; 3700 -> 1:01:40."""
    return str(tqdm.format_interval(max(0.0, seconds)))


class Afterwards(NamedTuple):
    """What follows on the work whose progress is shown, for an ETA of both."""

    name: str  # of the whole: "whole study"
    units: int  # that take as long as those of the work that is shown
    seconds: float  # of what else follows


class _Bar(tqdm):  # type: ignore[type-arg]  # generic for mypy only
    """A tqdm that writes lines where it is not on a terminal, and nothing when it ends."""

    monitor_interval = 0  # no thread: whoever works calls often enough

    @staticmethod
    def status_printer(file: Any) -> Callable[[str], None]:
        """Gives the function that writes the line anew."""
        if file.isatty():
            in_place: Callable[[str], None] = tqdm.status_printer(file)
            return in_place
        return lambda line: print(line, file=file, flush=True) if line else None

    def close(self) -> None:
        """Forgets the bar; what it wrote last stays."""
        self.disable = True


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
        warm_up: int = 0,
        patience: float = 2.0,
        afterwards: Optional[Afterwards] = None,
        stream: Optional[TextIO] = None,
    ):
        """Starts the clock, and writes nothing yet.

        Args:
            what: opens the line: "step".
            total: units of work.
            done: units that were done before, as by the start that is resumed.
            warm_up: units from `done` on that are slower than the rest (functions are traced, caches
                filled) and are left out of the rate.
            patience: seconds before the line appears.
            afterwards: what follows; its time is told behind that of this work.
            stream: standard error if None.
        """
        self.stream = sys.stderr if stream is None else stream
        self.total = total
        self._measured_from = done + warm_up
        self._afterwards = afterwards
        self._shown = False
        self._bar = _Bar(
            desc=what,
            total=total,
            initial=done,
            file=self.stream,
            delay=max(patience, 1e-9),  # with 0, tqdm would show that nothing is done
            mininterval=0.0,
            miniters=0,
            smoothing=0.0,  # the rate is a mean: work is slow at times, as when it is validated
            position=0,
            nrows=2,  # there is this line alone, also on a terminal that does not tell its size
        )

    def show(self, done: int, more: str = "", seconds_left: Optional[float] = None) -> None:
        """Says how far the work is.

        Args:
            done: units that are done.
            more: stands behind it.
            seconds_left: where the caller knows better than the mean rate tells.
        """
        bar = self._bar
        if bar.initial < self._measured_from <= done:
            bar.initial = done
            bar.start_t += bar.format_dict["elapsed"]
        eta = self._eta(done) if seconds_left is None else f"ETA {clock(seconds_left)}"
        # The time before the rest: where a terminal is narrow, the end is cut.
        parts = ("{desc} {n_fmt}/{total_fmt}", eta, more.replace("{", "{{").replace("}", "}}"))
        bar.bar_format = "  ".join(filter(None, parts))
        if self.stream.isatty():  # a longer line would wrap, and could not be rewritten
            bar.ncols = shutil.get_terminal_size().columns - 1
        written = bar.update(done - bar.n)
        if not written and self._shown and done >= self.total:
            bar.refresh()
        if written and not self._shown:
            self._shown = True
            bar.mininterval = ON_TERMINAL if self.stream.isatty() else IN_LOG

    def say(self, line: str) -> None:
        """Writes a line that stays, above the progress line."""
        self.clear()
        print(line, file=self.stream, flush=True)

    def clear(self) -> None:
        """Takes the progress line away from a terminal."""
        if self._shown and self.stream.isatty():
            self._bar.clear()

    @classmethod
    def over(cls, items: Collection[Item], what: str) -> Iterator[Item]:
        """Yields the items, while saying how many of them are done."""
        progress = cls(what, len(items))
        for done, item in enumerate(items, 1):
            yield item
            progress.show(done)
        progress.clear()

    def _eta(self, done: int) -> str:
        """What tells of the time that is left, as a part of tqdm's format; empty while not known."""
        counted = done - self._bar.initial
        elapsed = self._bar.format_dict["elapsed"]
        if done < self._measured_from or counted <= 0 or elapsed < MEANINGFUL:
            return ""
        if self._afterwards is None or done >= self.total:
            return "ETA {remaining}"
        units = self.total - done + self._afterwards.units
        seconds = units * elapsed / counted + self._afterwards.seconds
        return f"ETA {{remaining}} ({self._afterwards.name} {clock(seconds)})"


class Phases:
    """Says which part of a long piece of work begins, and how long the rest will take.

    Use:
        phases = Phases("report", {"aligning": 1, "measuring cost": 4})
        with phases.part("aligning"):
            ...
    """

    def __init__(
        self, what: str, parts: Mapping[str, float], *, stream: Optional[TextIO] = None
    ) -> None:
        """Starts nothing.

        Args:
            what: opens each line: "report".
            parts: the names of the parts, in their order, with the time that each usually takes, in
                any unit.
            stream: standard error if None.
        """
        self.stream = sys.stderr if stream is None else stream
        self._what, self._parts = what, dict(parts)
        self._ended: dict[str, float] = {}  # part: its seconds

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Around a part of the work; says that it begins.

        Raises:
            KeyError: there is no such part.
        """
        if name not in self._parts:
            raise KeyError(f"{name}: none of {', '.join(self._parts)}")
        number = list(self._parts).index(name) + 1
        done = sum(self._parts[ended] for ended in self._ended)
        left = sum(self._parts[part] for part in self._parts if part not in self._ended)
        seconds = sum(self._ended.values())
        eta = f", ETA {clock(seconds / done * left)}" if done and seconds >= MEANINGFUL else ""
        head = f"{self._what} {number}/{len(self._parts)}"
        print(f"{head}  {name}{eta}", file=self.stream, flush=True)
        began = time.monotonic()
        yield
        self._ended[name] = time.monotonic() - began

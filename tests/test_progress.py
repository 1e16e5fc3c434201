"""The progress line: silent when short, in place on a terminal, one line now and then in a log."""

import io

import pytest

from ocr_tf import progress
from ocr_tf.progress import Progress, clock


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def now(monkeypatch):
    time = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: time[0])
    return time


def show(line, now, times):
    for now[0], done in times:
        line.show(done, "loss 1")
    line.clear()
    return line.stream.getvalue()


def test_short_work_is_silent(now):
    assert show(Progress("reading", 100, stream=Terminal()), now, [(0.5, 50), (1.9, 100)]) == ""


def test_on_a_terminal_it_is_rewritten_and_taken_away(now):
    times = [(1.0, 10), (2.5, 25), (2.6, 26), (10.0, 100)]
    shown = show(Progress("reading", 100, stream=Terminal()), now, times).split("\r")
    assert "\n" not in "".join(shown)
    assert [part.strip() for part in shown if part.strip()] == [
        "reading 25/100  loss 1  ETA 0:08",
        "reading 100/100  loss 1  ETA 0:00",
    ]


def test_a_log_gets_few_lines_and_counts_from_where_it_started(now):
    line = Progress("step", 1000, done=900, patience=0, stream=io.StringIO())
    shown = show(line, now, [(1.0, 910), (5.0, 950), (11.0, 960), (12.0, 1000)])
    assert shown.splitlines() == [
        "step 910/1000  loss 1  ETA 0:09",
        "step 960/1000  loss 1  ETA 0:07",
        "step 1000/1000  loss 1  ETA 0:00",
    ]


def test_over_gives_the_items_and_says_how_many_are_done(now, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    taken = []
    for item in Progress.over("abcd", "spelling"):
        taken.append(item)
        now[0] += 1.5
    assert taken == list("abcd")
    assert [part.strip() for part in terminal.getvalue().split("\r") if part.strip()] == [
        f"spelling {done}/4  ETA {eta}" for done, eta in ((2, "0:03"), (3, "0:02"), (4, "0:00"))
    ]


def test_clock():
    assert [clock(s) for s in (0.4, 65, 3700, -3)] == ["0:00", "1:05", "1:01:40", "0:00"]

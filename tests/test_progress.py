"""The progress line: silent when short, in place on a terminal, one line now and then in a log."""

import io

import pytest
import tqdm.std

from ocr_tf import progress
from ocr_tf.progress import Afterwards, Phases, Progress, clock


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def now(monkeypatch):
    time = [0.0]
    monkeypatch.setattr(tqdm.std, "time", lambda: time[0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: time[0])
    return time


def show(line, now, times):
    for now[0], done in times:
        line.show(done, "loss {1}")
    line.clear()
    del line._bar  # what is forgotten must not write either
    return line.stream.getvalue()


def lines(terminal):
    return [part.strip() for part in terminal.split("\r") if part.strip()]


def test_short_work_is_silent(now):
    assert show(Progress("reading", 100, stream=Terminal()), now, [(0.5, 50), (1.9, 100)]) == ""


def test_on_a_terminal_it_is_rewritten_and_taken_away(now):
    times = [(1.0, 10), (2.5, 25), (2.6, 26), (10.0, 100)]
    shown = show(Progress("reading", 100, stream=Terminal()), now, times)
    assert "\n" not in shown
    assert lines(shown) == [
        "reading 25/100  ETA 00:07  loss {1}",
        "reading 100/100  ETA 00:00  loss {1}",
    ]


def test_a_log_gets_few_lines_and_counts_from_where_it_started(now):
    line = Progress("step", 1000, done=900, patience=0, stream=io.StringIO())
    shown = show(line, now, [(1.0, 910), (5.0, 950), (11.0, 960), (12.0, 1000)])
    assert shown.split("\n") == [
        "step 910/1000  ETA 00:09  loss {1}",
        "step 960/1000  ETA 00:07  loss {1}",
        "step 1000/1000  ETA 00:00  loss {1}",
        "",
    ]


def test_steps_that_are_traced_are_left_out_of_the_rate(now):
    line = Progress("step", 103, warm_up=3, patience=0, stream=io.StringIO())
    shown = show(line, now, [(30.0, 1), (30.4, 2), (31.0, 3), (41.0, 13), (61.0, 33)])
    assert shown.splitlines() == [
        "step 1/103  loss {1}",  # thirty seconds a step mean nothing
        "step 13/103  ETA 01:30  loss {1}",
        "step 33/103  ETA 01:10  loss {1}",
    ]


def test_a_rate_of_less_than_a_second_tells_no_eta(now):
    line = Progress("step", 100, done=50, patience=0, stream=Terminal())
    shown = show(line, now, [(0.1, 51), (0.7, 52), (2.0, 54)])
    assert lines(shown) == [
        "step 51/100  loss {1}",
        "step 52/100  loss {1}",
        "step 54/100  ETA 00:23  loss {1}",
    ]


def test_what_follows_is_told_too(now):
    then = Afterwards("whole study", 200, 30.0)
    line = Progress("step", 100, patience=0, stream=io.StringIO(), afterwards=then)
    shown = show(line, now, [(10.0, 10), (100.0, 100)])
    assert shown.splitlines() == [
        "step 10/100  ETA 01:30 (whole study 05:20)  loss {1}",
        "step 100/100  ETA 00:00  loss {1}",
    ]


def test_a_line_that_is_said_stays_above(now):
    terminal = Terminal()
    line = Progress("step", 100, patience=0, stream=terminal)
    now[0] = 2.0
    line.show(10)
    line.say("a warning")
    now[0] = 4.0
    line.show(20)
    first, second = terminal.getvalue().split("\n")
    assert lines(first) == ["step 10/100  ETA 00:18", "a warning"]
    assert lines(second) == ["step 20/100  ETA 00:16"]


def test_a_long_line_is_cut_to_the_terminal_but_not_in_a_log(now, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    for stream, length in ((Terminal(), 39), (io.StringIO(), 114)):
        now[0] = 0.0
        line = Progress("step", 100, patience=0, stream=stream)
        now[0] = 9.0
        line.show(10, "x" * 90)
        assert len(stream.getvalue().strip()) == length


def test_over_gives_the_items_and_says_how_many_are_done(now, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    taken = []
    for item in Progress.over("abcd", "spelling"):
        taken.append(item)
        now[0] += 1.5
    assert taken == list("abcd")
    assert lines(terminal.getvalue()) == [
        f"spelling {done}/4  ETA {eta}" for done, eta in ((2, "00:03"), (3, "00:01"), (4, "00:00"))
    ]


def test_phases_say_what_begins_and_how_long_the_rest_takes(now):
    log = io.StringIO()
    phases = Phases("report", {"reading": 1, "measuring": 3, "drawing": 2}, stream=log)
    for name, seconds in (("reading", 20), ("measuring", 40), ("drawing", 10)):
        with phases.part(name):
            now[0] += seconds
    assert log.getvalue().splitlines() == [
        "report 1/3  reading",
        "report 2/3  measuring, ETA 01:40",
        "report 3/3  drawing, ETA 00:30",
    ]
    with pytest.raises(KeyError, match="none of reading"), phases.part("resting"):
        pass


def test_clock():
    assert [clock(s) for s in (0.4, 65, 3700, -3)] == ["00:00", "01:05", "1:01:40", "00:00"]

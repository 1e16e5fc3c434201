"""Tables: CSV that reads back as the report's numbers, LaTeX that prints any name."""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import pytest

from ocr_tf.study.report import formatting, tables
from tests.study import fake

EVIL = 'a_b & 50% {x} \\ ~^$ #1 "q" <|>'


@pytest.fixture(scope="module")
def report():
    return fake.report(fake.grid(40, 2, (EVIL, 'com,ma "and" quote')))


@pytest.fixture(scope="module")
def files(report):
    return tables.files(report)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_rates_read_back(report, files):
    found = rows(files["rates.csv"])
    expected = [(name, row) for name, seeds in report.rates["best"].items() for row in seeds]
    assert len(found) == len(expected)
    for read, (name, row) in zip(found, expected):
        assert read["condition"] == name
        assert all(
            float(read[key]) == getattr(row, key) for key in ("seed", "cer", "exact", "insertions")
        )


def test_comparisons_read_back(report, files):
    (read,) = rows(files["comparisons.csv"])
    (pair,) = report.pairs
    assert (read["a"], read["b"]) == (pair.a, pair.b)
    assert float(read["difference"]) == pair.recipes.value
    assert float(read["recipes_low"]) == pair.recipes.low
    assert float(read["models_p"]) == pair.models.p
    assert read["p_adjusted"] == ""
    assert read["outcome"] == pair.verdict.outcome


def test_other_metrics_read_back(report, files):
    read = rows(files["by_metric.csv"])
    assert len(read) == len(report.by_metric) == 3
    for row, pair in zip(read, report.by_metric):
        assert row["metric"] == pair.metric != report.study.metric
        assert float(row["difference"]) == pair.recipes.value
        assert float(row["rate_a"]) == pair.recipes.rate_a
        assert float(row["low"]) == pair.recipes.low


def test_numbers_carry_their_signature_everywhere(report, files):
    own = report.signature
    for name, text in files.items():
        signatures = {row["signature"] for row in rows(text)} if name.endswith(".csv") else {text}
        for signature in signatures:
            assert f"test:{own.test_set}|S:2,2|N:40|generator:0" in signature
            assert f"version:{own.version}" in signature


def test_slices_read_back(report, files):
    read = rows(files["slices.csv"])
    parts = report.analysis.slices
    assert [int(row["lines"]) for row in read] == [part.lines for part in parts]
    for row, part in zip(read, parts):
        inside = part.differences[0].inside
        assert row["low"] == ("" if inside is None or inside.low is None else str(inside.low))


def test_latex_has_no_special_symbol_left():
    printed = tables.latex(EVIL)
    for command in sorted(set(tables.LATEX.values()), key=len, reverse=True):
        printed = printed.replace(command, "")
    assert not re.search(r'[\\{}$&#%_~^<>|"]', printed)
    assert tables.latex("two\nlines\t") == "two lines"


def test_latex_tables_are_tables(report, files):
    for name in ("rates.tex", "comparisons.tex"):
        text = files[name]
        body = text[text.index("\\midrule") : text.index("\\bottomrule")].splitlines()[1:]
        columns = len(re.search(r"begin{tabular}{(.*)}", text)[1])
        for line in body:
            assert line.endswith(r"\\")
            assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
        assert "booktabs" in text and report.test_set.fingerprint in text
    cers = [row.cer for row in report.rates["best"][EVIL]]
    assert f"{100 * formatting.mean(cers):.2f}" in files["rates.tex"]
    low = report.headline.recipes.low
    assert f"{abs(100 * low):.2f}" in files["comparisons.tex"]


def test_tables_of_what_was_not_compared(report):
    short = dataclasses.replace(report, comparisons={}, by_metric=(), analysis=None)
    assert set(tables.files(short)) == {"rates.csv", "rates.tex"}

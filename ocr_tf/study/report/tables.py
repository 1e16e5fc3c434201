"""The numbers of a report as tables: CSV for programs, LaTeX (booktabs) for papers.

rates.csv         every rate and count of every seed
comparisons.csv   every pair and checkpoint
contrasts.csv     every difference of differences that the study asks, and checkpoint
slices.csv        every slice and pair
rates.tex         mean and standard deviation over seeds, per cent
comparisons.tex   differences with their intervals, percentage points
contrasts.tex     the same of differences of differences

Rows of CSV end in the signature of their numbers; LaTeX has it in a comment.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Optional, Union

from ocr_tf.metrics.paired import Comparison, Contrast
from ocr_tf.metrics.registry import METRICS
from ocr_tf.study.report import contrasts, formatting, probe_tables, verdict_text
from ocr_tf.study.report.content import Report

Row = dict[str, Union[str, int, float, None]]  # of CSV, by column

# Symbols that are special to LaTeX, and what prints them.
LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    formatting.MINUS: "$-$",
}


def files(report: Report) -> dict[str, str]:
    """Makes every table, by the name of its file."""
    tables = {
        "rates.csv": _csv(_rate_rows(report), report),
        "rates.tex": _rates(report),
    }
    if report.headline:
        tables["comparisons.csv"] = _csv(_comparison_rows(report), report)
        tables["comparisons.tex"] = _comparisons(report)
    if report.changes:
        tables["contrasts.csv"] = _csv(_contrast_rows(report), report)
        tables["contrasts.tex"] = _contrasts(report)
    if report.by_metric:
        tables["by_metric.csv"] = _csv(_metric_rows(report), report)
    if report.analysis is not None and report.analysis.slices:
        tables["slices.csv"] = _csv(_slice_rows(report), report)
    return tables


def latex(text: str) -> str:
    """Writes a text as LaTeX that prints it."""
    return "".join(LATEX.get(symbol, symbol) for symbol in " ".join(text.split()))


def _rate_rows(report: Report) -> Iterable[Row]:
    for checkpoint, conditions in report.rates.items():
        for condition, rows in conditions.items():
            for row in rows:
                seeded: Row = {"checkpoint": checkpoint, "condition": condition, "seed": row.seed}
                aligned = report.aligned_at.get(condition, {}).get(row.seed)
                yield {**seeded, **row.as_flat(), "aligned_at": aligned}


def _comparison_rows(report: Report) -> Iterable[Row]:
    for checkpoint, pairs in report.comparisons.items():
        for pair in pairs:
            yield {
                "checkpoint": checkpoint,
                "a": pair.a,
                "b": pair.b,
                "metric": pair.metric,
                "difference": pair.recipes.value,
                "confidence": pair.verdict.confidence,
                **_ends("recipes_", pair.recipes),
                **_ends("models_", pair.models),
                "rate_a": pair.recipes.rate_a,
                "rate_b": pair.recipes.rate_b,
                **_variances(pair.recipes),
                "detectable": pair.detectable.difference if pair.detectable else None,
                "detectable_low": pair.detectable.low if pair.detectable else None,
                "detectable_high": pair.detectable.high if pair.detectable else None,
                "p_permutation": pair.permutation.p,
                "p_adjusted": pair.adjusted.p_adjusted if pair.adjusted else None,
                "simultaneous_low": pair.adjusted.comparison.low if pair.adjusted else None,
                "simultaneous_high": pair.adjusted.comparison.high if pair.adjusted else None,
                "outcome": verdict_text.outcome(pair.verdict),
            }


def _contrast_rows(report: Report) -> Iterable[Row]:
    for checkpoint, changes in report.contrasts.items():
        for change in changes:
            contrast = change.contrast
            (a, b), (c, d) = contrast.pairs
            yield {
                "checkpoint": checkpoint,
                "contrast": contrast.name,
                "metric": contrast.signature.metric,
                **{"a": a, "b": b, "c": c, "d": d},
                "a_minus_b": contrast.differences[0],
                "c_minus_d": contrast.differences[1],
                "difference": contrast.value,
                "confidence": contrast.confidence,
                **_ends("", contrast),
                "p_adjusted": contrast.p_adjusted,
                **_variances(contrast),
                "detectable": change.detectable.difference if change.detectable else None,
                "outcome": contrasts.outcome(change),
            }


def _metric_rows(report: Report) -> Iterable[Row]:
    for other in report.by_metric:
        yield {
            "a": other.a,
            "b": other.b,
            "metric": other.metric,
            "difference": other.recipes.value,
            "rate_a": other.recipes.rate_a,
            "rate_b": other.recipes.rate_b,
            **_ends("", other.recipes),
        }


def _ends(prefix: str, estimate: Union[Comparison, Contrast]) -> Row:
    return {
        f"{prefix}low": estimate.low,
        f"{prefix}high": estimate.high,
        f"{prefix}p": estimate.p,
        f"{prefix}df": estimate.df,
    }


def _variances(estimate: Union[Comparison, Contrast]) -> Row:
    return {
        "variance_lines": estimate.variance_lines,
        "variance_seeds": sum(estimate.variance_seeds),
        "variance_residual": sum(estimate.variance_residual),
    }


def _slice_rows(report: Report) -> Iterable[Row]:
    for part in report.analysis.slices if report.analysis else ():
        for compared in part.differences:
            inside, against = probe_tables.inside(compared), compared.against_rest
            yield {
                "family": part.family,
                "slice": part.name,
                "lines": part.lines,
                "a": compared.a,
                "b": compared.b,
                "rate_a": compared.rate_a,
                "rate_b": compared.rate_b,
                "difference": inside.value,
                "low": inside.low,
                "high": inside.high,
                "minus_rest": against.value if against else None,
                "p_minus_rest": against.p if against else None,
                "p_adjusted": compared.p_adjusted,
                "withheld": compared.withheld,
            }


def _csv(rows: Iterable[Row], report: Report) -> str:
    """Writes rows with their signature; None becomes empty."""
    signature = verdict_text.signature(report)
    every: list[Row] = [{**row, "signature": signature} for row in rows]
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in every for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(every)
    return out.getvalue()


def _rates(report: Report) -> str:
    rows = []
    for name, seeds in report.rates[report.checkpoint].items():
        cells = [latex(name), str(len(seeds))]
        for metric in METRICS:
            values = [row.figures[metric] for row in seeds]
            cells.append(_spread(formatting.mean(values), formatting.deviation(values)))
        rows.append(cells)
    heading = ["condition", "seeds", *(f"{latex(m.title)} (\\%)" for m in METRICS.values())]
    return _tabular("lr" + "r" * len(METRICS), heading, rows, report)


def _spread(mean: Optional[float], deviation: Optional[float]) -> str:
    if mean is None:
        return "--"
    return f"{100 * mean:.2f}" + ("" if deviation is None else f" $\\pm$ {100 * deviation:.2f}")


def _comparisons(report: Report) -> str:
    pairs = report.pairs
    rows = []
    for pair in pairs:
        decided = pair.verdict
        rows.append(
            [
                f"{latex(pair.a)} $-$ {latex(pair.b)}",
                _point(decided.value),
                _interval(decided.low, decided.high),
                _p(decided.p, report),
                _size(pair.detectable.difference if pair.detectable else None),
                latex(verdict_text.outcome(decided)),
            ]
        )
    several = " (adjusted)" if len(pairs) > 1 else ""
    heading = [
        f"difference of {latex(verdict_text.name_of(pairs[0].metric))}",
        "pp",
        f"{100 * report.confidence:.6g}\\,\\% interval",
        f"$p${several}",
        "detectable",
        "verdict",
    ]
    return _tabular("lrcrrl", heading, rows, report)


def _contrasts(report: Report) -> str:
    every = contrasts.contrasts(report)
    rows = [
        [
            latex(change.name),
            latex(change.terms),
            _point(change.value),
            _interval(change.low, change.high),
            _p(change.p, report),
            _size(change.detectable),
            latex(change.outcome),
        ]
        for change in every
    ]
    several = " (adjusted)" if len(every) > 1 else ""
    heading = [
        f"change, {latex(verdict_text.name_of(report.study.metric))}",
        "terms",
        "pp",
        f"{100 * report.confidence:.6g}\\,\\% interval",
        f"$p${several}",
        "detectable",
        "verdict",
    ]
    return _tabular("llrcrrl", heading, rows, report)


def _point(value: Optional[float]) -> str:
    return latex(formatting.points(value, unit=False))


def _interval(low: Optional[float], high: Optional[float]) -> str:
    return "withheld" if low is None else f"[{_point(low)}, {_point(high)}]"


def _p(p: Optional[float], report: Report) -> str:
    if p is None:
        return "--"
    said = formatting.probability(p, 1 - report.confidence)
    return said.replace("p = ", "").replace("p < ", "$<$ ")


def _size(difference: Optional[float]) -> str:
    return "--" if difference is None else f"{100 * difference:.2f}"


def _tabular(
    columns: str, heading: Sequence[str], rows: Iterable[Sequence[str]], report: Report
) -> str:
    """Makes a tabular; its signature stands in a comment above it."""
    lines = [
        f"% {verdict_text.size(report)}; {verdict_text.signature(report)}",
        "% \\usepackage{booktabs} and \\usepackage[T1]{fontenc}",
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        " & ".join(heading) + r" \\",
        "\\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"

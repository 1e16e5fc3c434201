"""The numbers of a report as tables: CSV for programs, LaTeX (booktabs) for papers.

rates.csv         every rate and count of every seed
comparisons.csv   every pair and checkpoint
contrasts.csv     every difference of differences that the study declares, and checkpoint
slices.csv        every slice and pair
rates.tex         mean and standard deviation over seeds, per cent
comparisons.tex   differences with their intervals, percentage points
contrasts.tex     the same of differences of differences

Rows of CSV end in the signature of their numbers; LaTeX has it in a comment.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional

from ocr_tf.study.report import contrasts, formatting, probe_tables, verdict_text

Report = Mapping[str, Any]
Values = Sequence[Any]

# Of what is special to LaTeX, what stands for it.
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
SHOWN = (("cer", "CER"), ("wer", "WER"), ("exact", "exact"), ("one_minus_ned", "1-NED"))


def files(report: Report) -> dict[str, str]:
    """Every table by the name of its file."""
    found = {
        "rates.csv": _csv(_rate_rows(report), report),
        "rates.tex": _rates(report),
    }
    if verdict_text.headline(report):
        found["comparisons.csv"] = _csv(_comparison_rows(report), report)
        found["comparisons.tex"] = _comparisons(report)
    if report.get("contrasts"):
        found["contrasts.csv"] = _csv(_contrast_rows(report), report)
        found["contrasts.tex"] = _contrasts(report)
    if report.get("by_metric"):
        found["by_metric.csv"] = _csv(_metric_rows(report), report)
    if report.get("analysis") and report["analysis"].slices:
        found["slices.csv"] = _csv(_slice_rows(report), report)
    return found


def latex(text: str) -> str:
    """A text as LaTeX that prints it."""
    return "".join(LATEX.get(symbol, symbol) for symbol in " ".join(text.split()))


def _rate_rows(report: Report) -> Iterable[dict[str, Any]]:
    for checkpoint, conditions in report["rates"].items():
        for condition, rows in conditions.items():
            for row in rows:
                yield {"checkpoint": checkpoint, "condition": condition, **row}


def _comparison_rows(report: Report) -> Iterable[dict[str, Any]]:
    for checkpoint, pairs in report["comparisons"].items():
        for pair in pairs:
            holm = pair.get("holm") or {}
            row = {"checkpoint": checkpoint, **{key: pair[key] for key in ("a", "b", "metric")}}
            for target in ("recipes", "models"):
                found = pair[target]
                row.update({f"{target}_{key}": found[key] for key in ("low", "high", "p", "df")})
                row["difference"] = found["value"]
            recipes = pair["recipes"]
            row.update(
                rate_a=recipes["rate_a"],
                rate_b=recipes["rate_b"],
                variance_lines=recipes["variance_lines"],
                variance_seeds=sum(recipes["variance_seeds"]),
                variance_residual=sum(recipes["variance_residual"]),
                detectable=(pair.get("detectable") or {}).get("difference"),
                p_holm=holm.get("p_holm"),
                simultaneous_low=(holm.get("comparison") or {}).get("low"),
                simultaneous_high=(holm.get("comparison") or {}).get("high"),
                outcome=verdict_text.decision(report, pair).outcome,
            )
            yield row


def _contrast_rows(report: Report) -> Iterable[dict[str, Any]]:
    for checkpoint, every in report["contrasts"].items():
        for of in every:
            (a, b), (c, d) = of["pairs"]
            yield {
                "checkpoint": checkpoint,
                "contrast": of["name"],
                "metric": of["signature"]["metric"],
                **{"a": a, "b": b, "c": c, "d": d},
                "a_minus_b": of["differences"][0],
                "c_minus_d": of["differences"][1],
                "difference": of["value"],
                **{key: of[key] for key in ("confidence", "low", "high", "p", "p_holm", "df")},
                "variance_lines": of["variance_lines"],
                "variance_seeds": sum(of["variance_seeds"]),
                "variance_residual": sum(of["variance_residual"]),
                "detectable": (of["detectable"] or {}).get("difference"),
                "outcome": contrasts.outcome(of),
            }


def _metric_rows(report: Report) -> Iterable[dict[str, Any]]:
    for pair in report["by_metric"]:
        found = pair["recipes"]
        yield {
            **{key: pair[key] for key in ("a", "b", "metric")},
            "difference": found["value"],
            **{key: found[key] for key in ("rate_a", "rate_b", "low", "high", "p", "df")},
        }


def _slice_rows(report: Report) -> Iterable[dict[str, Any]]:
    for part in report["analysis"].slices:
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
                "minus_rest": against and against.value,
                "p_minus_rest": against and against.p,
                "p_adjusted": compared.p_adjusted,
                "withheld": compared.withheld,
            }


def _csv(rows: Iterable[Mapping[str, Any]], report: Report) -> str:
    """What is None is empty."""
    signed = {"signature": verdict_text.signature(report)}
    every = [{**row, **signed} for row in rows]
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in every for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(every)
    return out.getvalue()


def _rates(report: Report) -> str:
    rows = []
    for name, seeds in report["rates"][verdict_text.checkpoint(report)].items():
        cells = [latex(name), str(len(seeds))]
        for key, _ in SHOWN:
            values = [row[key] for row in seeds]
            cells.append(_spread(formatting.mean(values), formatting.deviation(values)))
        rows.append(cells)
    heading = ["condition", "seeds", *(f"{latex(name)} (\\%)" for _, name in SHOWN)]
    return _tabular("lr" + "r" * len(SHOWN), heading, rows, report)


def _spread(mean: Optional[float], deviation: Optional[float]) -> str:
    if mean is None:
        return "--"
    return f"{100 * mean:.2f}" + ("" if deviation is None else f" $\\pm$ {100 * deviation:.2f}")


def _comparisons(report: Report) -> str:
    pairs = verdict_text.compared(report)
    rows = []
    for pair in pairs:
        decided, detectable = verdict_text.decision(report, pair), pair.get("detectable")
        ends = "withheld"
        if decided.low is not None:
            ends = f"[{_point(decided.low)}, {_point(decided.high)}]"
        p = "--" if decided.p is None else "$<$ 0.001" if decided.p < 0.001 else f"{decided.p:.3f}"
        rows.append(
            [
                f"{latex(pair['a'])} $-$ {latex(pair['b'])}",
                _point(decided.value),
                ends,
                p,
                "--" if not detectable else f"{100 * detectable['difference']:.2f}",
                latex(decided.outcome),
            ]
        )
    several = " (Holm)" if len(pairs) > 1 else ""
    heading = [
        f"difference of {latex(verdict_text.name_of(pairs[0]['metric']))}",
        "pp",
        "95\\,\\% interval",
        f"$p${several}",
        "detectable",
        "verdict",
    ]
    return _tabular("lrcrrl", heading, rows, report)


def _contrasts(report: Report) -> str:
    every = contrasts.contrasts(report)
    rows = [
        [
            latex(of.name),
            latex(of.terms),
            _point(of.value),
            "withheld" if of.low is None else f"[{_point(of.low)}, {_point(of.high)}]",
            "--" if of.p is None else "$<$ 0.001" if of.p < 0.001 else f"{of.p:.3f}",
            "--" if of.detectable is None else f"{100 * of.detectable:.2f}",
            latex(of.outcome),
        ]
        for of in every
    ]
    several = " (Holm)" if len(every) > 1 else ""
    heading = [
        f"change, {latex(verdict_text.name_of(report['study']['metric']))}",
        "of",
        "pp",
        "95\\,\\% interval",
        f"$p${several}",
        "detectable",
        "verdict",
    ]
    return _tabular("llrcrrl", heading, rows, report)


def _point(value: Optional[float]) -> str:
    return latex(formatting.points(value, unit=False))


def _tabular(columns: str, heading: Values, rows: Iterable[Values], report: Report) -> str:
    """A tabular; what it is of stands in a comment above it."""
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

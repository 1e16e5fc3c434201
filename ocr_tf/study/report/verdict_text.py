"""The verdict in words: its target, interval, smallest detectable difference and what it does not show.

Two conditions that cannot be told apart are never called equal: they are tied at this size, and the
words say what this size could have seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from ocr_tf.experiment.config.program import command_name
from ocr_tf.metrics.paired import MODELS, RECIPES, TIED, WITHHELD
from ocr_tf.study.report import formatting
from ocr_tf.study.report.formatting import (
    MINUS,
    SPACE,
    counted,
    interval,
    percent,
    points,
    probability,
)

# What an error is, by metric: a name for the rate, and what it counts.
RATES = {
    "cer": "CER",
    "wer": "WER",
    "exact": "lines misread",
    "one_minus_ned": "NED",
    "1-ned": "NED",
}

NOT_SHOWN = (
    "This says nothing of other data or languages, of other budgets (steps, training lines, tuning), "
    "of other encoders or of other searches."
)

# Wrong symbols a seed below which a tie says more of the lines than of the conditions; and the rate
# below which nearly all is read.
FEW, LOW = 30, 0.05

ALPHA = 0.05


class Decision(NamedTuple):
    """What a pair's comparison decides about these recipes; of several pairs, after Holm's correction
    and with simultaneous intervals. With a system that nobody trains anew it is about these trained
    models alone."""

    target: str  # "recipes" or "models"
    better: Optional[str]  # the name; None where tied or withheld
    outcome: str  # "NAME better", "tied at this size" or "withheld"; and which target, if models
    value: float
    low: Optional[float]
    high: Optional[float]
    p: Optional[float]
    pairs: int  # that are decided together


class Target(NamedTuple):
    """One of the two questions, answered."""

    name: str
    headline: bool
    meaning: str
    value: str
    interval: Optional[str]  # None: withheld
    p: str
    withheld: Optional[str]
    rests: Optional[str]  # that the interval rests on too few lines


class Beside(NamedTuple):
    """A pair by a metric that was not declared."""

    a: str
    b: str
    metric: str
    rates: tuple[float, float]
    value: float
    low: Optional[float]  # None: withheld
    high: Optional[float]
    p: Optional[float]

    @property
    def better(self) -> Optional[str]:
        """Whose interval would say so."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return None
        return self.a if self.high < 0 else self.b


class Verdict(NamedTuple):
    """The headline, for the page."""

    a: str
    b: str
    better: Optional[str]  # a or b; None where they are tied or nothing can be said
    title: str
    lead: str
    sensitivity: str  # what it could have seen
    few: Optional[str]  # that there are too few errors or lines to tell
    otherwise: Optional[str]  # that another metric would say otherwise
    no_mcnemar: Optional[str]  # why there is no test of each seed
    pairing: Optional[str]  # what pairing the seeds would give, or gave
    targets: list[Target]
    others: list[str]  # the other pairs


def name_of(metric: str) -> str:
    return RATES.get(metric, metric)


def headline(report: Mapping[str, Any]) -> Optional[dict[str, Any]]:
    """The comparison that the verdict is about: the first by the declared metric."""
    every = compared(report)
    return every[0] if every else None


def compared(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All pairs of the declared checkpoint and metric."""
    metric = report["study"]["metric"]
    pairs = report.get("comparisons", {}).get(checkpoint(report), [])
    return [pair for pair in pairs if pair["metric"] == metric]


def beside(report: Mapping[str, Any]) -> list[Beside]:
    """All pairs by the metrics that were not declared."""
    return [
        Beside(
            pair["a"],
            pair["b"],
            name_of(pair["metric"]),
            (found["rate_a"], found["rate_b"]),
            *(found[key] for key in ("value", "low", "high", "p")),
        )
        for pair in report.get("by_metric", [])
        for found in [pair["recipes"]]
    ]


def checkpoint(report: Mapping[str, Any]) -> str:
    """The one that the verdict is about: the first."""
    return next(iter(report["rates"]))


def signature(report: Mapping[str, Any]) -> Optional[str]:
    """What every number of a report depends on beside the models, in one line; the metric stands where
    the number does."""
    found = report.get("signature")
    if not found:
        return None
    values = {
        "normalization": found["normalization"],
        "test": found["test_set"],
        "S": ",".join(map(str, found["seeds"])),
        "N": found["lines"],
        **({"groups": found["groups"]} if found["groups"] else {}),
        **({"paired": "by seed"} if found.get("paired") else {}),
        "generator": found["generator_seed"],
        "version": found["version"],
    }
    return "|".join(f"{name}:{value}" for name, value in values.items())


def size(report: Mapping[str, Any]) -> str:
    """With how much: 1,000 lines and 5 seeds of each."""
    seeds = sorted({len(condition["seeds"]) for condition in report["conditions"]})
    signed = report.get("signature") or {}
    groups, paired = signed.get("groups"), ", paired" if signed.get("paired") else ""
    lines = counted(lines_of(report), "line") + (f" in {groups:,} groups" if groups else "")
    if len(seeds) > 1:
        return f"{lines} and {seeds[0]} to {seeds[-1]} seeds"
    return f"{lines} and {counted(seeds[0], 'seed')} of each{paired}"


def lines_of(report: Mapping[str, Any]) -> int:
    return report["test"]["lines"] if "test" in report else len(report["lines"])


def verdict(report: Mapping[str, Any]) -> Optional[Verdict]:
    """The headline in words; None where nothing was compared."""
    pair = headline(report)
    if pair is None:
        return None
    decided = decision(report, pair)
    return Verdict(
        a=pair["a"],
        b=pair["b"],
        better=decided.better,
        title=_title(decided),
        lead=_lead(report, pair, decided),
        sensitivity=sensitivity(pair),
        few=None if decided.better else _few(report, pair),
        otherwise=_otherwise(report, pair, decided),
        no_mcnemar=_no_mcnemar(pair),
        pairing=_pairing(pair),
        targets=[_recipes(pair, decided), _models(pair, decided)],
        others=[_other(other, decision(report, other)) for other in compared(report)[1:]],
    )


def three_lines(report: Mapping[str, Any]) -> list[str]:
    """The answer for a terminal, in ASCII but for the names."""
    said = verdict(report)
    if said is None:
        return ["nothing was compared"]
    recipes, models = said.targets
    pair = headline(report) or {}
    recipe, model = (_seen(pair) if target.headline else "" for target in said.targets)
    more = f"; {counted(len(said.others), 'other pair')}: see the report" if said.others else ""
    otherwise = " Other metrics would say otherwise: see the report." if said.otherwise else ""
    lines = (
        f"{said.title}: {_rates(report, pair)} with {size(report)}",
        f"These recipes: {said.a} - {said.b} = {_numbers(recipes)}{recipe}",
        f"These trained models: {_numbers(models)}{model}{more}. "
        f"Of other data, budgets and encoders: nothing.{otherwise}",
    )
    return [line.replace(MINUS, "-").replace(SPACE, " ") for line in lines]


def _seen(pair: Mapping[str, Any]) -> str:
    """Behind the interval that decides."""
    detectable = _detectable(pair)
    if detectable:
        return f"; smallest detectable difference {formatting.width(detectable)}"
    few = pair.get("too_small")
    return f"; it rests on few lines: {few}" if few else ""


def sensitivity(pair: Mapping[str, Any]) -> str:
    """What the comparison could have seen, and what more would."""
    detectable = _detectable(pair)
    if detectable is None:
        reason = pair["recipes"]["withheld"] or pair.get("too_small") or "nothing varies"
        return f"What it could have seen cannot be said: {reason}."
    alone = ", were this pair the only one" if pair.get("holm") else ""
    said = (
        f"A true difference of {formatting.width(detectable)} is found by four in five comparisons of "
        f"this size{alone}; a smaller one would often be missed."
    )
    more = pair.get("more")
    if more:
        said += (
            f" With twice the seeds that would be {formatting.width(more['seeds']['difference'])}, with "
            f"twice the {_unit(pair)}s {formatting.width(more['lines']['difference'])}."
        )
    return said


def parts(pair: Mapping[str, Any]) -> Optional[list[tuple[str, float]]]:
    """What the uncertainty is made of: its parts with their variances, squared fractions."""
    detectable = pair.get("detectable")
    if not detectable or detectable["target"] == MODELS:
        return None
    return [
        ("lines", detectable["from_lines"]),
        ("seeds", detectable["from_seeds"]),
        ("seeds × lines", detectable["from_residual"]),
    ]


def would_help(pair: Mapping[str, Any]) -> Optional[str]:
    """What the uncertainty is made of, and whether more seeds or more lines would lessen it."""
    found = parts(pair)
    total = sum(variance for _, variance in found) if found else 0.0
    if not found or not total:
        return None
    shares = {name: variance / total for name, variance in found}
    told = formatting.listed(
        [f"{100 * share:.0f}{SPACE}% from {name}" for name, share in shares.items()]
    )
    return f"Of the variance of the difference {told}.{_advice(pair)}"


def _advice(pair: Mapping[str, Any]) -> str:
    """What twice the seeds, or twice the lines, would detect."""
    now, more = _detectable(pair), pair.get("more")
    if not now or not more:
        return ""
    seeds, lines = (round(100 * (1 - more[of]["difference"] / now)) for of in ("seeds", "lines"))
    most = f"more {'seeds' if seeds > lines else f'test {_unit(pair)}s'} would help most"
    return (
        f" Twice the seeds would lower the smallest detectable difference by {seeds}{SPACE}%, twice "
        f"the {_unit(pair)}s by {lines}{SPACE}%: "
        f"{'either would help as much' if seeds == lines else most}."
    )


def decision(report: Mapping[str, Any], pair: Mapping[str, Any]) -> Decision:
    """Who is better, if that can be told."""
    holm, found = pair.get("holm"), pair["verdict"]
    target = MODELS if pair.get("as_trained") else RECIPES
    if not holm and target == RECIPES:
        ends = found["low"], found["high"]
        return Decision(
            target, found["better"], found["outcome"], found["value"], *ends, found["p"], 1
        )
    pairs = len(compared(report)) if holm else 1
    together = holm["comparison"] if holm else pair[target]
    p = holm["p_holm"] if holm else together["p"]
    better = None
    if p is not None and p <= ALPHA:
        better = pair["a"] if together["value"] < 0 else pair["b"]
    outcome = f"{better} better" if better else WITHHELD if p is None else TIED
    if target == MODELS:
        outcome += " (these trained models)"
    ends = together["low"], together["high"]
    return Decision(target, better, outcome, together["value"], *ends, p, pairs)


def _detectable(pair: Mapping[str, Any]) -> Optional[float]:
    detectable = pair.get("detectable")
    return detectable["difference"] if detectable else None


def _title(decided: Decision) -> str:
    if decided.target == MODELS:
        if decided.better:
            return f"Of these trained models {decided.better} makes fewer errors"
        return "These trained models are tied at this size"
    if decided.better:
        return f"{decided.better} makes fewer errors"
    return "Tied at this size" if decided.outcome == TIED else "No verdict"


def _rates(report: Mapping[str, Any], pair: Mapping[str, Any]) -> str:
    name = name_of(pair["metric"])
    first, second = pair["recipes"]["rate_a"], pair["recipes"]["rate_b"]
    return f"{pair['a']} {percent(first)}, {pair['b']} {percent(second)} {name}"


def _lead(report: Mapping[str, Any], pair: Mapping[str, Any], decided: Decision) -> str:
    metric = name_of(pair["metric"])
    a, b = ((pair[c], percent(pair["recipes"][f"rate_{c}"])) for c in "ab")
    only, others = "", "other seeds and other such lines"
    if decided.target == MODELS:
        only = f" That is about these trained models alone: {pair['recipes']['withheld']}."
        others = "other such lines"
    if decided.better:
        better, worse = (a, b) if decided.better == a[0] else (b, a)
        apart = formatting.width(abs(decided.value))
        return (
            f"{better[0]} has a {metric} of {better[1]} and {worse[0]} one of {worse[1]}, measured with "
            f"{size(report)}: {apart} apart, which is more than {others} would explain.{only}"
        )
    if decided.outcome.startswith(TIED):
        return (
            f"{a[0]} ({metric} {a[1]}) and {b[0]} ({b[1]}) cannot be told apart by {metric} with "
            f"{size(report)}. A tie at this size is no sign that they are equal.{only}"
        )
    return (
        f"{a[0]} has a {metric} of {a[1]} and {b[0]} one of {b[1]}, measured with {size(report)}. "
        f"How sure the difference is cannot be said: {pair['recipes']['withheld']}."
    )


def _units(found: Mapping[str, Any]) -> str:
    """N = 1,000, or N = 24 groups."""
    return f"N = {found['units']:,}" + (" groups" if found["signature"]["groups"] else "")


def _unit(pair: Mapping[str, Any]) -> str:
    """What is drawn independently."""
    return "group" if pair["recipes"]["signature"]["groups"] else "line"


def _few(report: Mapping[str, Any], pair: Mapping[str, Any]) -> Optional[str]:
    """That hardly anything is left to tell the conditions apart: nearly everything is read, or there is
    little to read."""
    rates = report["rates"][checkpoint(report)]
    rows = [row for name in (pair["a"], pair["b"]) for row in rates[name]]
    wrong = [row["insertions"] + row["deletions"] + row["substitutions"] for row in rows]
    if max(wrong) >= FEW:
        return None
    most, least = max(wrong), min(wrong)
    some = (
        f"{least} to {counted(most, 'wrong symbol')}"
        if most > least
        else counted(most, "wrong symbol")
    )
    missed = [row["lines"] - row["exact_lines"] for row in rows]
    apart = f"{min(missed)} to {max(missed)}" if max(missed) > min(missed) else str(max(missed))
    length, lines = rows[0]["length"], counted(rows[0]["lines"], "line")
    if most >= LOW * length:
        return (
            f"The test set is too small: {counted(length, 'symbol')} in {lines}, of which a model has "
            f"{some}. So little cannot separate the two, whichever is better: that takes more lines."
        )
    return (
        f"Every model reads nearly all of it: {some} of {length:,}, in "
        f"{apart} of {lines}. So few errors cannot separate the two, "
        "whichever is better: that takes more lines, or harder ones."
    )


def _otherwise(
    report: Mapping[str, Any], pair: Mapping[str, Any], decided: Decision
) -> Optional[str]:
    others = [
        f"by {other.metric} {other.better} would make fewer errors ({formatting.points(other.value)}, "
        f"95{SPACE}% interval {interval(other.low, other.high)}, {probability(other.p)})"
        for other in beside(report)
        if (other.a, other.b) == (pair["a"], pair["b"])
        and other.better not in (None, decided.better)
    ]
    if not others:
        return None
    return (
        f"By metrics that were not declared it would look otherwise: {formatting.listed(others)}; each by "
        "itself, without a correction for looking at several."
    )


def _pairing(pair: Mapping[str, Any]) -> Optional[str]:
    """What the interval is with pairs of seeds and without; the narrower is no reason to choose it."""
    found = pair.get("paired_by_seed")
    if not found:
        return None
    declared = pair["recipes"]["paired"]
    ours, other = pair["recipes"], found["crossed" if declared else "comparison"]
    if ours["low"] is None or other["low"] is None:
        return None
    wider = other["high"] - other["low"] > ours["high"] - ours["low"]
    said = (
        f"{'Without pairing' if declared else 'Paired by seed'} the interval would be "
        f"{interval(other['low'], other['high'])}, {'wider' if wider else 'narrower'} than "
        f"{interval(ours['low'], ours['high'])}."
    )
    if found["correlation"] is not None:
        said += (
            f" The seeds’ rates correlate by {found['correlation']:.2f}".replace("-", MINUS)
            + f"; were seeds all that varies, pairing would pay above {found['pays_above']:.2f}, but "
            "lines vary too."
        )
    if declared:
        return f"{said} The seeds are paired because that was declared beforehand."
    return (
        f"{said} Pairing counts only where it was declared beforehand (--study.paired, or --paired of "
        f"{command_name('compare')}); here it was not."
    )


def _no_mcnemar(pair: Mapping[str, Any]) -> Optional[str]:
    if pair.get("mcnemar"):
        return None
    left_out = "McNemar’s test of each seed is left out: it takes "
    if pair["recipes"]["signature"]["groups"]:
        return left_out + "independent lines, and these come in groups."
    return left_out + "two models of one seed, and the conditions do not have the same seeds."


def _recipes(pair: Mapping[str, Any], decided: Decision) -> Target:
    found = pair["recipes"]
    decides = decided.target == RECIPES
    low, high, p = _ends(found, decided if decides else None)
    counts = formatting.listed([str(n) for n in found["seed_counts"]])
    by_seed = ", paired by seed" if found["paired"] else ""
    return Target(
        "These recipes",
        decides,
        f"had other seeds and other lines like these been drawn; S = {counts}{by_seed}, "
        f"{_units(found)}{_together(decided) if decides else ''}",
        points(found["value"]),
        _interval(low, high),
        probability(p),
        found["withheld"],
        _rests(pair, low),
    )


def _models(pair: Mapping[str, Any], decided: Decision) -> Target:
    found = pair["models"]
    decides = decided.target == MODELS
    low, high, p = _ends(found, decided if decides else None)
    return Target(
        "These trained models",
        decides,
        f"had other lines like these been drawn, the models being these; {_units(found)}; p by "
        f"permutation{_together(decided) if decides else ''}",
        points(found["value"]),
        _interval(low, high),
        probability(p),
        found["withheld"],
        _rests(pair, low),
    )


def _ends(
    found: Mapping[str, Any], decided: Optional[Decision]
) -> tuple[Optional[float], Optional[float], Optional[float]]:
    """Low and high end and p: those that decide, or a target's own."""
    if decided:
        return decided.low, decided.high, decided.p
    return found["low"], found["high"], found["p"]


def _together(decided: Decision) -> str:
    return f"; of {decided.pairs} pairs, by Holm and Bonferroni" if decided.pairs > 1 else ""


def _rests(pair: Mapping[str, Any], low: Optional[float]) -> Optional[str]:
    """Beside an interval."""
    few = pair.get("too_small")
    return f"The interval rests on few lines: {few}." if few and low is not None else None


def _interval(low: Optional[float], high: Optional[float]) -> Optional[str]:
    return None if low is None else interval(low, high)


def _numbers(target: Target) -> str:
    said = [target.value]
    if target.interval:
        said.append(f"95 % interval {target.interval}")
    if target.p != formatting.NOTHING:
        said.append(target.p)
    return ", ".join(said + ([target.withheld] if target.withheld else []))


def _other(pair: Mapping[str, Any], decided: Decision) -> str:
    said = [f"{pair['a']} {MINUS} {pair['b']} = {points(decided.value)}"]
    if decided.low is not None:
        said.append(interval(decided.low, decided.high))
    if decided.p is not None:
        said.append(probability(decided.p))
    if pair.get("too_small") and decided.low is not None:
        said.append(pair["too_small"])
    return f"{decided.outcome}: {', '.join(said)}"

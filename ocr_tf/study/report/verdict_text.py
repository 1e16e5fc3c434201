"""The verdict in words: its target, interval and limits.

Who is better is decided in `ocr_tf.metrics.paired.verdict`; nothing here decides. Two conditions that
cannot be told apart are never called equal: they are tied at this size. Where every training of a condition
failed, that is what is said, and nobody is called better.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from ocr_tf.experiment.config.program import command_name
from ocr_tf.metrics import paired
from ocr_tf.metrics.failures import did_fail
from ocr_tf.metrics.paired import MODELS
from ocr_tf.metrics.registry import metric_of
from ocr_tf.study.comparison.statistics import ComparedPair
from ocr_tf.study.report import cautions, detectable_text, failure_text, formatting
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.formatting import (
    MINUS,
    SPACE,
    counted,
    interval,
    percent,
    points,
    probability,
)

# The two questions, in the words that stand where they first appear.
RECIPES_MEANING = "the training procedure, over seeds and lines"
MODELS_MEANING = "these checkpoints, over lines"

NOT_SHOWN = (
    "This says nothing of other data or languages, of other budgets (steps, training lines, tuning), "
    "of other encoders or of other searches."
)

# Wrong symbols a seed below which a tie says more of the lines than of the conditions; and the rate
# below which nearly all is read.
FEW, LOW = 30, 0.05


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
    sure: str  # the confidence of the interval


class Beside(NamedTuple):
    """A pair by a metric that the verdict is not about."""

    a: str
    b: str
    metric: str
    rates: tuple[float, float]
    value: float
    low: Optional[float]  # None: withheld
    high: Optional[float]
    p: Optional[float]
    untrained: bool  # every training of one of the two failed

    @property
    def better(self) -> Optional[str]:
        """The condition with fewer errors, if both were trained and the interval excludes 0."""
        if self.untrained or self.low is None or self.high is None or self.low <= 0 <= self.high:
            return None
        return self.a if self.high < 0 else self.b


class VerdictText(NamedTuple):
    """The headline, for the page."""

    a: str
    b: str
    better: Optional[str]  # a or b; None where they are tied or nothing can be said
    title: str
    lead: str
    sensitivity: str  # the smallest detectable difference
    few: Optional[str]  # that there are too few errors or lines to tell
    otherwise: Optional[str]  # that another metric would say otherwise
    no_mcnemar: Optional[str]  # why there is no test of each seed
    pairing: Optional[str]  # what pairing the seeds changes, or why they are paired
    targets: tuple[Target, Target]  # recipes, models
    others: list[str]  # the other pairs


def name_of(metric: str) -> str:
    """Names a metric's rate of errors."""
    return metric_of(metric).errors_title


def beside(report: Report) -> list[Beside]:
    """Lists all pairs by the metrics that the verdict is not about."""
    untrained = {(pair.a, pair.b) for pair in report.pairs if pair.verdict.untrained}
    return [
        Beside(
            other.a,
            other.b,
            name_of(other.metric),
            (other.recipes.rate_a, other.recipes.rate_b),
            other.recipes.value,
            other.recipes.low,
            other.recipes.high,
            other.recipes.p,
            (other.a, other.b) in untrained,
        )
        for other in report.by_metric
    ]


def signature(report: Report) -> str:
    """Names in one line what every number depends on beside the models and the metric."""
    signed = report.signature
    values = {
        "normalization": signed.normalization,
        "test": signed.test_set,
        "S": ",".join(map(str, signed.seeds)),
        "N": signed.lines,
        **({"groups": signed.groups} if signed.groups else {}),
        **({"paired": "by seed"} if signed.paired else {}),
        "generator": signed.generator_seed,
        "version": signed.version,
    }
    return "|".join(f"{name}:{value}" for name, value in values.items())


def size(report: Report) -> str:
    """Says with how much: 1,000 lines and 5 seeds of each."""
    seeds = sorted({len(condition.seeds) for condition in report.conditions})
    groups = report.signature.groups
    paired_seeds = ", paired" if report.signature.paired else ""
    long = report.test_set.longer_than
    lines = counted(report.test_set.lines, "line") + (f" in {groups:,} groups" if groups else "")
    lines += f" of more than {counted(long, 'symbol')}" if long else ""
    if len(seeds) > 1:
        return f"{lines} and {seeds[0]} to {seeds[-1]} seeds"
    return f"{lines} and {counted(seeds[0], 'seed')} of each{paired_seeds}"


def verdict(report: Report) -> Optional[VerdictText]:
    """Words the headline; None where nothing was compared."""
    pair = report.headline
    if pair is None:
        return None
    return VerdictText(
        a=pair.a,
        b=pair.b,
        better=pair.verdict.better,
        title=_title(pair.verdict),
        lead=_lead(report, pair),
        sensitivity=detectable_text.sensitivity(pair),
        few=None if pair.verdict.better or pair.verdict.untrained else _few(report, pair),
        otherwise=_otherwise(report, pair),
        no_mcnemar=_no_mcnemar(pair),
        pairing=None if pair.verdict.untrained else _pairing(pair),
        targets=(_recipes(pair), _models(pair)),
        others=[_other(other) for other in report.pairs[1:]],
    )


def three_lines(report: Report) -> list[str]:
    """Gives the answer for a terminal, in ASCII but for the names."""
    said, pair = verdict(report), report.headline
    if said is None or pair is None:
        return ["nothing was compared"]
    recipes, models = said.targets
    recipe, model = (_seen(pair) if target.headline else "" for target in said.targets)
    more = f"; {counted(len(said.others), 'other pair')}: see the report" if said.others else ""
    otherwise = " Other metrics would say otherwise: see the report." if said.otherwise else ""
    first = f"{said.title}: {_rates(pair)} with {size(report)}"
    last = (
        f"Of other data, budgets and encoders: nothing.{otherwise}{_spaced(cautions.caution(pair))}"
    )
    untrained = pair.verdict.untrained
    if untrained:
        first = (
            f"{said.title}. {failure_text.compares(untrained)}: {_rates(pair)} with {size(report)}"
        )
        last = failure_text.remedy(report, untrained)
    lines = (
        first,
        f"These recipes ({RECIPES_MEANING}): {said.a} - {said.b} = {_numbers(recipes)}{recipe}",
        f"These trained models ({MODELS_MEANING}): {_numbers(models)}{model}{more}. {last}",
    )
    return [line.replace(MINUS, "-").replace(SPACE, " ") for line in lines]


def _seen(pair: ComparedPair) -> str:
    """Follows the interval that decides."""
    if pair.detectable:
        return f"; smallest detectable difference {detectable_text.estimated(pair)}"
    return f"; it rests on few lines: {pair.too_small}" if pair.too_small else ""


def outcome(verdict: paired.Verdict) -> str:
    """Words a pair's outcome for a table; names whose trainings failed, and an unusual target."""
    failed = f" ({failure_text.phrases(verdict.failures)})" if verdict.failures else ""
    only = " (these trained models)" if verdict.target == MODELS and not verdict.untrained else ""
    return f"{verdict.outcome}{only}{failed}"


def _title(verdict: paired.Verdict) -> str:
    if verdict.untrained:
        return did_fail(verdict.untrained)
    failed = f"; {failure_text.phrases(verdict.failures)}" if verdict.failures else ""
    return f"{_decision(verdict)}{failed}"


def _decision(verdict: paired.Verdict) -> str:
    models = verdict.target == MODELS
    if verdict.better:
        fewer = f"{verdict.better} makes fewer errors"
        return f"Of these trained models {fewer}" if models else fewer
    if not verdict.tied:
        return "No verdict"
    return f"These trained models are {verdict.outcome}" if models else verdict.outcome.capitalize()


def _rates(pair: ComparedPair) -> str:
    first, second = percent(pair.recipes.rate_a), percent(pair.recipes.rate_b)
    return f"{pair.a} {first}, {pair.b} {second} {name_of(pair.metric)}"


def _lead(report: Report, pair: ComparedPair) -> str:
    decided = pair.verdict
    if decided.untrained:
        return failure_text.lead(report, decided.untrained)
    failed = ""
    if decided.failures:
        failed = f" {failure_text.counted(decided.failures)} {failure_text.apart(report, pair)}"
    return f"{_measured(report, pair)}{failed}"


def _measured(report: Report, pair: ComparedPair) -> str:
    """Says what was measured, and how sure the difference is."""
    metric, decided = name_of(pair.metric), pair.verdict
    a, b = (pair.a, percent(pair.recipes.rate_a)), (pair.b, percent(pair.recipes.rate_b))
    only, others = "", "other seeds and other such lines"
    if decided.target == MODELS:
        only = f" That is about these trained models alone: {pair.recipes.withheld}."
        others = "other such lines"
    if decided.better:
        better, worse = (a, b) if decided.better == pair.a else (b, a)
        apart = formatting.width(abs(decided.value))
        return (
            f"{better[0]} has a {metric} of {better[1]} and {worse[0]} one of {worse[1]}, measured with "
            f"{size(report)}: {apart} apart, which is more than {others} would explain."
            f"{_spaced(_within(pair))}{only}{_spaced(cautions.caution(pair))}"
        )
    if decided.tied:
        return (
            f"{a[0]} ({metric} {a[1]}) and {b[0]} ({b[1]}) cannot be told apart by {metric} with "
            f"{size(report)}. A tie at this size is no sign that they are "
            f"equal.{_spaced(_within(pair) or _ruled_out(pair))}{only}"
        )
    return (
        f"{a[0]} has a {metric} of {a[1]} and {b[0]} one of {b[1]}, measured with {size(report)}. "
        f"How sure the difference is cannot be said: {pair.recipes.withheld}."
    )


def _within(pair: ComparedPair) -> Optional[str]:
    """Says of a margin whether the two are equivalent within it; None without one."""
    shown = pair.verdict.equivalence
    if shown is None:
        return None
    together = f", for {shown.tests} pairs together" if shown.tests > 1 else ""
    tests = f"two one-sided tests, {probability(shown.p)}{together}"
    margin = formatting.width(shown.margin)
    if shown.equivalent:
        return f"The difference is smaller than {margin}, the margin that was given ({tests})."
    return f"That it is smaller than {margin}, the margin that was given, is not shown ({tests})."


def _ruled_out(pair: ComparedPair) -> Optional[str]:
    """Says of a tie how large an advantage it leaves to either; None where too few lines say anything."""
    decided = pair.verdict
    if pair.too_small or decided.low is None or decided.high is None:
        return None
    sure = formatting.level(decided.confidence)
    return (
        f"At a confidence of {sure} it rules out that {pair.a} is better by more than "
        f"{formatting.width(-decided.low)}, or {pair.b} by more than {formatting.width(decided.high)}."
    )


def _spaced(sentence: Optional[str]) -> str:
    return f" {sentence}" if sentence else ""


def _units(comparison: paired.Comparison) -> str:
    """N = 1,000, or N = 24 groups and what they are worth."""
    if not comparison.signature.groups:
        return f"N = {comparison.units:,}"
    effect = comparison.design_effect
    return (
        f"N = {comparison.units:,} groups, in degrees of freedom {comparison.effective_units:.1f} for their "
        "unequal sizes" + ("" if effect is None else f" (design effect {effect:.1f})")
    )


def _few(report: Report, pair: ComparedPair) -> Optional[str]:
    """Says so where nearly everything is read, or there is little to read."""
    rates = report.rates[report.checkpoint]
    rows = [row for name in (pair.a, pair.b) for row in rates[name]]
    wrong = [row.edits for row in rows]
    if max(wrong) >= FEW:
        return None
    most, least = max(wrong), min(wrong)
    some = (
        f"{least} to {counted(most, 'wrong symbol')}"
        if most > least
        else counted(most, "wrong symbol")
    )
    missed = [row.lines - row.exact_lines for row in rows]
    apart = f"{min(missed)} to {max(missed)}" if max(missed) > min(missed) else str(max(missed))
    length, lines = rows[0].length, counted(rows[0].lines, "line")
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


def _otherwise(report: Report, pair: ComparedPair) -> Optional[str]:
    others = [
        f"by {other.metric} {other.better} would make fewer errors ({formatting.points(other.value)}, "
        f"{formatting.level(report.confidence)} interval {interval(other.low, other.high)}, "
        f"{probability(other.p, 1 - report.confidence)})"
        for other in beside(report)
        if (other.a, other.b) == (pair.a, pair.b)
        and other.better not in (None, pair.verdict.better)
    ]
    if not others:
        return None
    return (
        f"By metrics that the verdict is not about it would look otherwise: {formatting.listed(others)}; "
        "each by itself, without a correction for looking at several."
    )


def _pairing(pair: ComparedPair) -> Optional[str]:
    """Compares the interval with and without pairs of seeds; the narrower is no reason to choose it."""
    if pair.same_networks:
        return (
            f"{pair.a} and {pair.b} are readings of the same trained networks, so that the two are "
            "compared within each seed."
        )
    seeds = pair.paired_by_seed
    if not seeds:
        return None
    ours, other = pair.recipes, seeds.crossed or seeds.comparison
    if ours.low is None or ours.high is None or other.low is None or other.high is None:
        return None
    wider = other.high - other.low > ours.high - ours.low
    said = (
        f"{'Without pairing' if ours.paired else 'Paired by seed'} the interval would be "
        f"{interval(other.low, other.high)}, {'wider' if wider else 'narrower'} than "
        f"{interval(ours.low, ours.high)}."
    )
    if seeds.correlation is not None:
        said += (
            f" The seeds’ rates correlate by {seeds.correlation:.2f}".replace("-", MINUS)
            + f"; were seeds all that varies, pairing would pay above {seeds.pays_above:.2f}, but "
            "lines vary too."
        )
    flag = f"--study.paired, or --paired of {command_name('compare')}"
    if ours.paired:
        return f"{said} The seeds are paired because that was chosen ({flag})."
    return f"{said} The seeds are paired only where that is chosen ({flag}); here it was not."


def _no_mcnemar(pair: ComparedPair) -> Optional[str]:
    if pair.mcnemar:
        return None
    left_out = "McNemar’s test of each seed is left out: it takes "
    if pair.recipes.signature.groups:
        return left_out + "independent lines, and these come in groups."
    return left_out + "two models of one seed, and the conditions do not have the same seeds."


def _recipes(pair: ComparedPair) -> Target:
    counts = formatting.listed([str(n) for n in pair.recipes.seed_counts])
    by_seed = ", paired by seed" if pair.recipes.paired else ""
    return _target(
        pair,
        pair.recipes,
        "These recipes",
        f"{RECIPES_MEANING}: had other seeds and other lines like these been drawn; "
        f"S = {counts}{by_seed}, {_units(pair.recipes)}",
    )


def _models(pair: ComparedPair) -> Target:
    return _target(
        pair,
        pair.models,
        "These trained models",
        f"{MODELS_MEANING}: had other lines like these been drawn, the models being these; "
        f"{_units(pair.models)}; by permutation {probability(pair.permutation.p)}",
    )


def _target(pair: ComparedPair, own: paired.Comparison, name: str, meaning: str) -> Target:
    """Words a target: by the numbers that decide if the verdict is about it, otherwise by its own."""
    decides = pair.verdict.target == own.target
    low, high, p = own.low, own.high, own.p
    if decides:
        low, high, p = pair.verdict.low, pair.verdict.high, pair.verdict.p
        if pair.verdict.pairs > 1:
            meaning += (
                f"; interval and p hold for all {pair.verdict.pairs} pairs together (Games-Howell)"
            )
    return Target(
        name,
        decides,
        meaning,
        points(own.value),
        None if low is None else interval(low, high),
        probability(p, 1 - pair.verdict.confidence),
        own.withheld,
        f"The interval rests on few lines: {pair.too_small}."
        if pair.too_small and low is not None
        else None,
        formatting.level(pair.verdict.confidence),
    )


def _numbers(target: Target) -> str:
    said = [target.value]
    if target.interval:
        said.append(f"{target.sure} interval {target.interval}")
    if target.p != formatting.NOTHING:
        said.append(target.p)
    return ", ".join(said + ([target.withheld] if target.withheld else []))


def _other(pair: ComparedPair) -> str:
    decided = pair.verdict
    said = [f"{pair.a} {MINUS} {pair.b} = {points(decided.value)}"]
    if decided.low is not None:
        said.append(interval(decided.low, decided.high))
    if decided.p is not None:
        said.append(probability(decided.p, 1 - decided.confidence))
    if pair.too_small and decided.low is not None:
        said.append(pair.too_small)
    return f"{outcome(decided)}: {', '.join(said)}."

"""The analysis of a study that nobody trained."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from ocr_tf.metrics import paired
from ocr_tf.study.analysis import calibration, error_types, search_errors, slices
from ocr_tf.study.analysis.content import (
    AlignmentMeasure,
    Alignments,
    Analysis,
    Control,
    Distance,
    EmptySpans,
    Probe,
    ProbeLevel,
    ProbeRates,
    ProbeReading,
    SeedSpread,
    Spread,
)
from ocr_tf.study.comparison import estimates
from ocr_tf.study.comparison.results import Grid


def analysis(
    of: Grid, metric: str, trained: Sequence[str], images: Sequence[np.ndarray]
) -> Analysis:
    """Everything of the readings as it is computed; what networks would tell is made up.

    Args:
        trained: texts of the training lines.
        images: [N] of the grid's lines.
    """
    features = [slices.features(image) for image in images]
    return Analysis(
        slices=slices.compare(of, slices.members(of.references, trained, features), metric),
        edits=error_types.edits(of),
        failures=error_types.failures(of),
        confusions=error_types.confused(of),
        calibration=calibration.calibration(of),
        search_errors=search_errors.SearchErrors(
            search_errors.errors(of), search_errors.choices(of, _scores(of))
        ),
        alignments=_alignments(of),
        probes=_probes(of),
    )


def _scores(of: Grid) -> dict[tuple[str, str, int], list[float]]:
    """How probable every network finds every other one's readings."""
    generator = np.random.default_rng(11)
    return {
        (a, b, seed): (-generator.exponential(2, len(of.ids))).tolist()
        for a in of.conditions
        for b in of.conditions
        for seed in of.seeds(a)
        if a != b
    }


def _alignments(of: Grid) -> Alignments:
    generator = np.random.default_rng(12)
    size = {c: (len(of.seeds(c)), len(of.ids)) for c in of.conditions}
    shares = {c: generator.beta(9, 1 + i, size[c]) for i, c in enumerate(of.conditions)}
    counts = {c: generator.poisson(0.02 * (1 + i), size[c]) for i, c in enumerate(of.conditions)}
    spread = Spread(mean=8.1, low=4.2, median=7.5, high=11.0)
    order = estimates.compare(
        {c: estimates.counted(of, c, "monotonicity", v) for c, v in shares.items()}, of.paired
    )
    empty = estimates.occurrences(of, "empty spans", "a span holds no ink", counts)
    a, b = of.conditions[:2]
    return Alignments(
        indices=tuple(range(len(of.ids))),
        measures={
            "monotonicity": AlignmentMeasure(
                order.rates,
                order.differences,
                "share of neighboring symbols whose centers follow one another",
                {c: tuple(SeedSpread(seed, spread) for seed in of.seeds(c)) for c in of.conditions},
            )
        },
        events={
            name: estimates.occurrences(of, name, meaning, counts, of.lengths("cer"))
            for name, meaning in (
                ("skips", "symbols ahead of all before"),
                ("returns", "symbols further back than one before"),
                ("overlaps", "symbols where others had theirs"),
            )
        },
        distances=tuple(
            Distance(
                a=b,
                b=a,
                seed=seed,
                pixels=spread,
                symbols=Spread(0.7, 0.35, 0.6, 0.9),
                offset=-1.25,
                drifted=tuple(i for i in range(len(of.ids)) if (i + seed) % 17 == 0),
            )
            for seed in of.seeds(a)
        ),
        empty_spans=EmptySpans(
            lines=empty,
            symbols=empty,
            first_or_last={**dict.fromkeys(of.conditions), a: 0.96},
            distances={**dict.fromkeys(of.conditions), a: Spread(47.3, 40.0, 46.0, 55.0)},
        ),
    )


def _probes(of: Grid) -> dict[str, Probe]:
    generator = np.random.default_rng(13)

    def level(name: str, cer: float, reference: str, control: str = "") -> ProbeLevel:
        """Eighty lines: the probe, and its control of half the errors."""
        some = estimates.part(of, np.arange(80) % len(of.ids))
        some = dataclasses.replace(some, ids=[f"{name}/{i}" for i in range(80)])
        shares = {c: cer * (1 + i) * np.repeat([1, 0.5], 40) for i, c in enumerate(of.conditions)}
        errors = {
            c: generator.binomial(10, np.minimum(share, 1), (len(of.seeds(c)), 80))
            for c, share in shares.items()
        }
        symbols = np.full(80, 10)
        outcomes = {c: estimates.counted(some, c, "cer", e, symbols) for c, e in errors.items()}
        exact = {c: estimates.counted(some, c, "exact", e > 0) for c, e in errors.items()}
        return ProbeLevel(
            level=name,
            lines=80,
            short=dict.fromkeys(of.conditions, 0),
            cer=estimates.compare(outcomes, of.paired),
            exact=estimates.compare(exact, of.paired),
            by_seed={
                c: ProbeRates(tuple(outcomes[c].rates), tuple(exact[c].rates))
                for c in of.conditions
            },
            failures={},
            shown=(
                ProbeReading(
                    reference,
                    {
                        c: tuple(reference[: len(reference) - (s % 2)] for s in of.seeds(c))
                        for c in of.conditions
                    },
                ),
            ),
            control=Control(control, name, _against_rest(outcomes)) if control else None,
        )

    def family(meaning: str, levels: Sequence[ProbeLevel], left_out: Sequence[str] = ()) -> Probe:
        short = {name: dict.fromkeys(of.conditions, 40) for name in left_out}
        return Probe(meaning, tuple(levels), short)

    sizes = (2, 3, 4, 6, 8)
    return {
        "repeats": family(
            "one symbol, so many times",
            [level(str(n), 0.05 * n, "a" * n, "no repeats") for n in sizes],
        ),
        "no repeats": family(
            "so many symbols, none next to itself",
            [level(str(n), 0.04, "abcdefgh"[:n]) for n in sizes],
        ),
        "words": family("words of the training lines", [level("as they are", 0.02, "coffee")]),
        "shuffled words": family("the same symbols", [level("shuffled", 0.05, "feofce")]),
        "lengths": family(
            "so many random symbols",
            [level(str(n), 0.004 * n, "x1y2z3" * 8) for n in (8, 16, 24)],
            left_out=["32"],
        ),
        "joined": family(
            "so many test lines side by side",
            [level(str(n), 0.03 * n, "the of") for n in (1, 2, 3)],
        ),
    }


def _against_rest(outcomes: Mapping[str, paired.Outcomes]) -> tuple[paired.Slice, ...]:
    """Every pair on the first half of the lines, against the second half."""
    half = {"level": np.arange(80) < 40}
    return tuple(
        slice_
        for a, b in itertools.combinations(outcomes.values(), 2)
        for slice_ in paired.slices(a, b, half, estimates.target(a, b))
    )

"""A study that nobody trained: readings drawn at random, compared by the real functions.

    report = fake.report(fake.grid(lines=60))     the Report that ocr_tf.study.report.write takes
    images = fake.LineImages(report)              its images and alignments
    python -m tests.study.fake FOLDER [LINES [SEEDS [CONDITION ...]]]     writes a report to look at

Everything is a function of its arguments.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

import cv2
import numpy as np

from ocr_tf import alignment_plot
from ocr_tf.experiment.inference.evaluated import rates_of
from ocr_tf.experiment.runs.predictions import EvaluationResults, Prediction, RateFigures
from ocr_tf.metrics.failures import NOT_ALIGNED, FailedRun, Failures
from ocr_tf.study.comparison import failures, plain, statistics
from ocr_tf.study.comparison import lines as comparison_lines
from ocr_tf.study.comparison.controls import Code, Controls, DataFingerprints, TrainingLines
from ocr_tf.study.comparison.curves import CurveTiming, LearningCurve, Point
from ocr_tf.study.comparison.rate_intervals import rate_intervals
from ocr_tf.study.comparison.results import Cell, Grid
from ocr_tf.study.config import Pairs
from ocr_tf.study.report.content import About, Condition, Report, Reproduction
from ocr_tf.study.report.findings import summarize
from ocr_tf.study.report.verdict_text import name_of
from tests.study import fake_analysis, fake_cost

WORDS = (
    "the of and street little Goods coffee 1889 book hallo ballot account 4711 Misses summer "
    "letter passage Römer rosé über née Kipling's No.5 apples, willow committee bookkeeper 10000 "
    "running shop Station hotel Zürich Mississippi allee 22 77 Wool-Mill (1st) parking exit open"
).split()
FINGERPRINT = "c0ffee" * 10 + "beef"
TAKEN = dict(zip("oOlI1e5Sarnu2Zc", "0Ol1lcS5onru72e"))  # read for what they look like


def texts(lines: int, generator: np.random.Generator) -> list[str]:
    return [" ".join(generator.choice(WORDS, generator.integers(1, 4))) for _ in range(lines)]


def grid(
    lines: int = 60,
    seeds: int = 3,
    conditions: Sequence[str] = ("ctc", "attention"),
    rate: float = 0.04,
    step: float = 0.25,
    first: Optional[str] = None,
    key: int = 0,
) -> Grid:
    """A grid of random readings.

    Args:
        rate: share of symbols misread by the first condition, about.
        step: log of the rate of each condition over that of the one before it.
        first: the first line's reference.
    """
    generator = np.random.default_rng(key)
    references = texts(lines, generator)
    if first is not None:
        references[0] = first
    ids = [f"test/{i:05d}.png" for i in range(lines)]
    difficulty = generator.normal(size=lines) * 1.2
    cells: dict[str, list[Cell]] = {}
    for c, condition in enumerate(conditions):
        own = generator.normal(size=lines) * 0.5
        cells[condition] = []
        for seed in range(seeds):
            shift = generator.normal() * 0.12 + c * step
            chance = 1 / (1 + np.exp(-(np.log(rate / 2) + difficulty + own + shift)))
            readings = [
                _read(name, text, p, generator, condition)
                for name, text, p in zip(ids, references, chance)
            ]
            results = EvaluationResults(
                condition,
                ("lines/test.tsv",),
                FINGERPRINT,
                RateFigures.from_rates(rates_of(readings, "none")),
                run=f"runs/{condition}/seed-{seed}",
            )
            cells[condition].append(Cell(condition, seed, Path("runs"), results, readings))
    return Grid(cells, ids, references, "none", FINGERPRINT)


def _read(
    name: str, text: str, chance: float, generator: np.random.Generator, condition: str
) -> Prediction:
    read, wrong = "", 0
    for i, symbol in enumerate(text):
        doubled = i and text[i - 1] == symbol
        if generator.random() >= chance * (2 if doubled and "ctc" in condition else 1):
            read += symbol
            continue
        wrong += 1
        kind = generator.random()
        if kind < 0.6:
            read += TAKEN.get(symbol, "e" if symbol != "e" else "c")
        elif kind < 0.8 and not doubled:
            read += symbol + symbol
    if "attention" in condition and generator.random() < chance / 2:
        read += read[-4:] * 2
    log_prob = -float(generator.exponential(0.05 + wrong))
    worse = -float(generator.exponential(1 + wrong)) if read != text else 0.0
    ended = not ("attention" in condition and generator.random() < 0.002)
    return Prediction(name, read, text, log_prob, log_prob + worse, ended)


def report(of: Grid, metric: str = "cer", **settings: Any) -> Report:
    """A whole report, its trainings and measurements made up; settings as of `answer`."""
    answered = answer(of, metric, **settings)
    analysis = fake_analysis.analysis(
        of,
        metric,
        trained=[word for i, word in enumerate(WORDS) if i % 3] * 5,
        images=[image(text, i) for i, text in enumerate(of.references)],
    )
    costs = fake_cost.cost(of, metric)
    summary = summarize(answered.headline, name_of(metric), analysis, costs)
    return dataclasses.replace(answered, analysis=analysis, cost=costs, summary=summary)


def answer(
    of: Grid,
    metric: str = "cer",
    last: Optional[Grid] = None,
    contrasts: Optional[Mapping[str, Pairs]] = None,
    by_seed: bool = False,
    systems: Sequence[str] = (),
    failed: Mapping[str, Sequence[int]] = {},
) -> Report:
    """A report without analysis and cost; `failed` are the seeds whose alignment never formed."""
    of = dataclasses.replace(of, paired=by_seed)
    grids = {name: dataclasses.replace(one, paired=by_seed) for name, one in _checkpoints(of, last)}
    counted = {
        name: Failures.of(
            name,
            len(of.seeds(name)),
            (FailedRun(seed, NOT_ALIGNED, 0.76, 0.93) for seed in failed.get(name, ())),
        )
        for name in of.conditions
        if name not in systems
    }
    return Report(
        study=About("ctc_vs_attention", metric, of.normalization, paired=by_seed),
        conditions=tuple(
            Condition(
                name,
                tuple(of.seeds(name)),
                training=name,
                searches=("greedy",),
                head="ctc" if "ctc" in name else "attention",
                encoder="crnn",
                layers=2,
            )
            for name in of.conditions
        ),
        test_set=comparison_lines.test_set(of),
        signature=statistics.signature(of, metric),
        rates={name: statistics.rates(one) for name, one in grids.items()},
        comparisons={
            name: statistics.comparisons(one, metric, systems, counted)
            for name, one in grids.items()
        },
        by_metric=statistics.by_metric(of, metric),
        contrasts={
            name: statistics.contrasts(one, metric, contrasts, counted)
            for name, one in grids.items()
            if contrasts
        },
        controls=_controls(of),
        curves={condition: _curves(c, of.seeds(condition)) for c, condition in enumerate(of.cells)},
        plain=plain.plain(of, metric, systems),
        intervals={name: rate_intervals(one) for name, one in grids.items()},
        aligned_at={
            name: {s: None if s in failed.get(name, ()) else 1250 + s for s in of.seeds(name)}
            for name in of.conditions
            if name not in systems
        },
        failures=tuple(counted.values()),
        among_trained=failures.among_trained(of, metric, counted, systems),
        lines=comparison_lines.lines(of),
        reproduce=Reproduction(
            command=(
                "python -m experiments.ctc_vs_attention --workdir=runs/study",
                "--data.train=lines/train.tsv",
                "--data.test=lines/test.tsv",
                f"--study.seeds={len(of.seeds(of.conditions[0]))}",
            ),
            trained=(Code({"ocr_tf": "0.1.0"}, "c904029", True),),
            compared=Code({"python": "3.11.7", "ocr_tf": "0.1.0"}, "c904029f1d1d2f0e8f2f", False),
            processor="AMD EPYC",
            searches=("greedy",),
        ),
    )


def edited(report: Report, **changes: object) -> Report:
    """The report with other fields of its headline's pair."""
    first, *others = report.pairs
    pairs = (dataclasses.replace(first, **changes), *others)
    return dataclasses.replace(report, comparisons={**report.comparisons, report.checkpoint: pairs})


def _checkpoints(of: Grid, last: Optional[Grid]) -> list[tuple[str, Grid]]:
    return [("best", of)] + ([("last", last)] if last else [])


def _controls(of: Grid) -> Controls:
    seeds = sorted({seed for c in of.conditions for seed in of.seeds(c)})
    prints = DataFingerprints("ab" * 32, "cd" * 32)
    return Controls(
        seeds={c: tuple(of.seeds(c)) for c in of.conditions},
        first_weights={
            seed: {
                part: {c: f"{17 * seed + len(part):02x}" * 32 for c in of.conditions}
                for part in ("encoder", "sequence")
            }
            for seed in seeds
        },
        batches={
            seed: {c: f"{91 * seed + 5:02x}"[:2] * 32 for c in of.conditions} for seed in seeds
        },
        lines={c: TrainingLines(prints, 9000) for c in of.conditions},
        data=(prints,),
        steps={c: tuple(1500 for _ in of.seeds(c)) for c in of.conditions},
        planned=(1500,),
        threads=({"cores": 2},),
        versions=(Code({"ocr_tf": "0.1.0"}, "c904029", True),),
        processors=("AMD EPYC",),
        clipped={c: tuple(0.5 for _ in of.seeds(c)) for c in of.conditions},
        options={"train.learning_rate": {c: 0.001 * (1 + i) for i, c in enumerate(of.conditions)}},
        same=("Every run took 1500 steps; none stopped early.",),
        differs=("--train.learning_rate differs: ctc 0.001, attention 0.002.",),
    )


def _curves(number: int, seeds: Sequence[int]) -> tuple[LearningCurve, ...]:
    """Of the condition of a number."""
    curves = []
    for seed in seeds:
        generator = np.random.default_rng([number, seed])
        steps = np.arange(10, 1501, 10)
        slow = 150 + 80 * number + 40 * generator.random()
        loss = 0.4 + 60 * np.exp(-steps / slow) * np.exp(0.15 * generator.normal(size=len(steps)))
        validated = steps[9::10]
        cer = np.clip(0.03 + 1.1 * np.exp(-validated / slow), 0, 1)
        cer = cer * np.exp(0.1 * generator.normal(size=len(validated)))
        curves.append(
            LearningCurve(
                seed,
                tuple(map(Point, steps.tolist(), loss.tolist())),
                tuple(map(Point, validated.tolist(), cer.tolist())),
                CurveTiming(tuple((validated * 0.12).tolist())),
            )
        )
    return tuple(curves)


# Analysis and cost


@functools.lru_cache(maxsize=4096)
def image(text: str, i: int) -> np.ndarray:
    """[H, W] uint8: the text, dark on uneven paper, in one of a few sizes."""
    generator = np.random.default_rng([7, i])
    size = float(generator.uniform(0.7, 1.3))
    thick = int(generator.integers(1, 3))
    (width, height), base = cv2.getTextSize(text or " ", cv2.FONT_HERSHEY_COMPLEX, size, thick)
    pixels = np.full([height + base + 16, width + 24], 225, np.uint8)
    cv2.putText(
        pixels, text, (12, height + 8), cv2.FONT_HERSHEY_COMPLEX, size, 40, thick, cv2.LINE_AA
    )
    noise = generator.normal(0, generator.uniform(2, 14), pixels.shape)
    shade = np.linspace(0, generator.uniform(-40, 25), pixels.shape[1])
    return np.clip(pixels + noise + shade, 0, 255).astype(np.uint8)


class LineImages:
    """Images and alignments of a report's lines, as far as anything can align what nobody trained."""

    def __init__(self, report: Report, unreadable: Sequence[int] = ()):
        self.lines, self.unreadable = report.lines, set(unreadable)

    def image(self, i: int) -> Optional[np.ndarray]:
        return None if i in self.unreadable else image(self.lines[i].reference, i)

    def alignment(self, i: int) -> Optional[np.ndarray]:
        pixels = self.image(i)
        if pixels is None:
            return None
        panels = [
            self._panel(condition, readings[0].text, pixels.shape[1])
            for condition, readings in self.lines[i].readings.items()
        ]
        return alignment_plot.alignments(pixels, panels)

    def _panel(self, condition: str, text: str, width: int) -> alignment_plot.Alignment:
        steps = max(2, width // 8)
        at = (np.arange(steps) + 0.5) / steps * max(1, len(text))
        spread = 0.25 if "ctc" in condition else 0.6
        weights = np.exp(-(((at - np.arange(len(text))[:, None] - 0.5) / spread) ** 2))
        edges = np.linspace(0, width, steps + 1)
        return alignment_plot.Alignment(f"{condition}  {text!r}", tuple(text), weights, edges)


if __name__ == "__main__":
    from ocr_tf.study.report import write

    folder, *sizes = sys.argv[1:]
    lines_, seeds_ = (int(sizes[k]) if len(sizes) > k else n for k, n in ((0, 1000), (1, 5)))
    made = grid(lines_, seeds_, sizes[2:] or ("ctc", "attention"))
    later = grid(lines_, seeds_, made.conditions, 0.042, key=1)
    # Four conditions or more are two heads in several settings.
    c = made.conditions
    asked = {
        f"the gain of {c[1]}, to {c[i + 1]}": ((c[0], c[1]), (c[i], c[i + 1]))
        for i in range(2, len(c) - 1, 2)
    }
    built = report(made, last=later, contrasts=asked)
    print(write(built, Path(folder), LineImages(built)))

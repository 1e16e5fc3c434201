"""What a study that nobody trained cost."""

from __future__ import annotations

from typing import Optional

from ocr_tf.study.analysis import cost_content
from ocr_tf.study.analysis.cost_content import (
    Cost,
    Latencies,
    Latency,
    Machine,
    Memory,
    ParetoPoint,
    SampleLine,
    Seconds,
    Size,
    Timing,
)
from ocr_tf.study.analysis.pareto import front
from ocr_tf.study.comparison import estimates, statistics
from ocr_tf.study.comparison.results import Grid


def cost(of: Grid, metric: str) -> Cost:
    """Errors as they are; what they cost is made up."""
    rates = {c: estimates.rate(statistics.outcomes(of, c, metric)) for c in of.conditions}
    lengths = (4, 6, 9, 12, 15, 20, 28)

    def against(base: float, step: float) -> tuple[ParetoPoint, ...]:
        return front(rates, {c: base + step * i for i, c in enumerate(of.conditions)})

    def seconds(median: float) -> Seconds:
        return Seconds(median=median, low=0.95 * median, high=1.1 * median)

    def latency(i: int, slow: float) -> Latency:
        each = tuple(seconds(0.003 + slow * (0.5 + i) * 1e-4 * n) for n in lengths)
        return Latency(each, seconds(0.03 * (1 + i)), 32)

    def reached(first: float, second: float) -> dict[str, dict[str, tuple[Optional[float], ...]]]:
        return {
            c: {
                "0.5": tuple(first for _ in of.seeds(c)),
                "0.1": tuple(second + s for s in of.seeds(c)),
                "0.05": (None,),
            }
            for c in of.conditions
        }

    return Cost(
        sample=tuple(SampleLine(i, 12 * n, n) for i, n in enumerate(lengths)),
        conditions={
            c: Size(
                parameters={
                    "encoder": 5_500_000,
                    "sequence": 2_600_000,
                    "head": 40_000 * (1 + i),
                },
                flops={
                    part: tuple(int(2e8 * n) for n in lengths)
                    for part in ("encoder", "sequence", "head")
                },
                training_flops={"encoder": 1e10, "sequence": 4e9, "head": 1e8},
                read=lengths,
            )
            for i, c in enumerate(of.conditions)
        },
        steps_to_cer=reached(100, 500),
        pareto={
            cost_content.PARAMETERS: against(8.1e6, 4e4),
            cost_content.FLOPS: against(5e9, 3e8),
        },
        timing=Timing(
            machine=Machine("AMD EPYC", 2, {"tensorflow": "2.15.1"}, "c904029", False),
            latency={
                c: Latencies("greedy", own=latency(i, 2), to_the_bound=latency(i, 5))
                for i, c in enumerate(of.conditions)
            },
            seconds_to_cer=reached(30.0, 150.0),
            training_seconds={c: tuple(600.0 for _ in of.seeds(c)) for c in of.conditions},
            memory={c: Memory(imported=300 * 2**20, training=900 * 2**20) for c in of.conditions},
            pareto={
                cost_content.SECONDS_ALONE: against(0.004, 0.0015),
                cost_content.SECONDS_IN_BATCH: against(0.0007, 0.0002),
                cost_content.TRAINING_SECONDS: against(600.0, -40.0),
            },
        ),
    )

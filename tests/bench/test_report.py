"""Tables of figures that are known."""

from __future__ import annotations

import numpy as np
import pytest

from ocr_tf.bench import memory, report
from ocr_tf.bench.export import Answers
from ocr_tf.bench.gemm_peak import Peak
from ocr_tf.bench.networks import Measured, Row, Session
from ocr_tf.encoders import CRNN, Compact
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.heads import Attention

DRIFT = np.array([1.0, 2, 4])  # a machine that halves its speed twice


def measured(name: str, milliseconds: float, dtype: str = "float32", **parts: object) -> Measured:
    seconds = milliseconds / 1e3 * DRIFT
    rows = [Row("training step", seconds, int(1e9), int(3e9)), Row("inference", seconds / 2)]
    return Measured(name, Experiment(name=name, **parts), dtype, 7, rows, None, {})


def lines(*networks: Measured) -> list[str]:
    rates = Peak([(8, 8, 8)], np.array([100e9 / DRIFT]))
    return list(
        report.network_lines(Session({"float32": rates, "bfloat16": rates}, list(networks), []), 10)
    )


def test_shares_and_ratios_are_taken_round_by_round():
    shown = lines(measured("a", 40), measured("b", 50, head=Attention()))
    (a, b) = [line.split() for line in shown if line.startswith("  training step")]
    # 3 GFLOP in 40 ms are 75 GFLOP/s where 100 are the peak, in each round, whatever its speed.
    assert a == [
        "training",
        "step",
        "1.00",
        "3.00",
        "80.00",
        "60.00",
        "-",
        "120.00",
        "125.0",
        "0.75",
    ]
    assert b[-1] == "0.60"
    assert "  b / a, training step: 1.250 (quartiles 1.250 to 1.250)" in shown
    assert sum("/ a" in line for line in shown) == 2


@pytest.mark.parametrize(
    "other",
    [
        measured("b", 50, dtype="bfloat16", encoder=Compact()),
        measured("b", 50, encoder=CRNN()),
    ],
)
def test_only_heads_over_the_same_network_are_compared(other):
    assert not any("b / a" in line for line in lines(measured("a", 40), other))


def test_percentiles_of_requests():
    seconds = np.arange(1, 102) / 1e3  # 1 to 101 ms
    answers = [
        Answers("one", "text", seconds, np.array([0.5, 0.25, 1])),
        Answers("another", "text", 2 * seconds, np.array([1.0])),
    ]
    shown = list(report.export_lines(answers, 32))
    assert [line.split() for line in shown[3:5]] == [
        ["one", "51.00", "100.00", "101.00", "64.0", "text"],
        ["another", "102.00", "200.00", "202.00", "32.0", "text"],
    ]
    assert "  another / one, 1 image: 2.000 (quartiles 2.000 to 2.000)" in shown


def test_what_the_system_does_not_tell_is_unknown():
    network = measured("a", 40)._replace(memory={"ours": memory.Peak(None, None)})
    assert any("training, ours: unknown (unknown before" in line for line in lines(network))

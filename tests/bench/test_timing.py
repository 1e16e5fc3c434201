from __future__ import annotations

import numpy as np
import pytest

from ocr_tf.bench import gemm_peak, timing


def test_every_round_calls_everything_once_in_turn():
    calls = []
    contestants = {name: (lambda name=name: calls.append(name)) for name in "abc"}
    timing.alternate(contestants, 4)
    assert "".join(calls) == "abc" * (timing.WARM_UP + 4)


def test_a_contestant_gets_its_own_time_of_its_own_round():
    now, costs = [0.0], {"quick": 1.0, "slow": 10.0}
    called = {name: 0 for name in costs}

    def contestant(name: str):
        def run() -> None:
            # A machine that slows down by one part in each round.
            now[0] += costs[name] * (1 + called[name])
            called[name] += 1

        return run

    seconds = timing.alternate({name: contestant(name) for name in costs}, 3, clock=lambda: now[0])
    rounds = 1 + timing.WARM_UP + np.arange(3)
    np.testing.assert_allclose(seconds["quick"], rounds)
    np.testing.assert_allclose(seconds["slow"], 10 * rounds)
    np.testing.assert_allclose(seconds["slow"] / seconds["quick"], 10)  # whatever the drift


def test_an_error_is_not_swallowed():
    def fails() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        timing.alternate({"a": fails}, 1)


def test_the_spread_of_known_samples():
    assert timing.spread(np.array([5.0, 1, 2, 4, 3])) == (3, 2, 4)
    assert timing.spread(np.array([7.0])) == (7, 7, 7)


def test_a_rounds_peak_is_its_fastest_product():
    small, large = (gemm_peak.Product(shape, lambda: None) for shape in ((1, 2, 3), (10, 20, 30)))
    assert (small.flops, large.flops) == (12, 12000)
    found = gemm_peak.peak(
        {small: np.array([1.0, 2, 0.001]), large: np.array([1000.0, 3000, 6000])}
    )
    assert found.each_round.tolist() == [12, 6, 12000]
    assert found.fastest == (1, 2, 3)


def test_products_multiply_what_they_say(monkeypatch):
    monkeypatch.setattr(gemm_peak, "SHAPES", ((2, 3, 4), (5, 1, 2)))
    for product in gemm_peak.products("bfloat16"):
        m, _, n = product.shape
        assert product.run().shape == (m, n)

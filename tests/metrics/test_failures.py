"""How many trainings failed, and which shares of failures that leaves open."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from ocr_tf.metrics.failures import (
    DIVERGED,
    NOT_ALIGNED,
    NOT_LEARNED,
    FailedRun,
    Failures,
    bounds,
    did_fail,
)


@pytest.mark.parametrize("runs", [1, 3, 5, 20])
def test_at_a_bound_so_many_failures_or_more_have_a_probability_of_five_percent(runs):
    for failed in range(runs + 1):
        low, high = bounds(failed, runs)
        assert 0 <= low < high <= 1
        if failed:  # so many or more
            assert 1 - binom.cdf(failed - 1, runs, low) == pytest.approx(0.05)
        if failed < runs:  # so many or fewer
            assert binom.cdf(failed, runs, high) == pytest.approx(0.05)
    assert bounds(0, runs)[0] == 0 and bounds(runs, runs)[1] == 1


def test_none_of_three_leaves_up_to_63_percent():
    assert bounds(0, 3)[1] == pytest.approx(0.632, abs=5e-4)


def test_kinds_are_named_and_several_kinds_have_failed():
    stuck = FailedRun(1, NOT_ALIGNED, 0.765, 0.9)
    lost = FailedRun(2, DIVERGED, step=13, read_at=8)
    none = FailedRun(0, DIVERGED, step=1)
    one = Failures.of("ctc", 3, [stuck, lost])
    assert one.sentence == (
        "ctc failed under 2 of 3 seeds: seed 1 (best validation CER 76.50 %, alignment entropy 0.90 of 1), "
        "seed 2 (loss not finite at step 13, last checkpoint of step 8)"
    )
    assert not one.total and Failures.of("ctc", 1, [none]).total
    assert str(none).endswith("no checkpoint: every line counts as read as empty text)")
    other = Failures.of("attention", 1, [FailedRun(0, NOT_LEARNED, 0.97)])
    assert other.phrase == "attention did not learn under 1 of 1 seed"
    assert did_fail([other, other]) == "attention and attention did not learn"
    assert did_fail([one, other]) == "ctc and attention failed"

"""How often equal conditions are told apart whose seeds vary unequally or are not as many.

`pytest -s -m slow` prints the rates. Every draw is keyed: a rate is the same in every run.
"""

import pytest

from ocr_tf.metrics.paired.variance_components import effects
from tests.metrics.simulated import Model, alarms, crossed

# The most that is allowed to be told apart, by the fewest seeds of a condition.
MOST = {2: 0.15, 3: 0.09, 5: 0.06}


@pytest.mark.slow
@pytest.mark.parametrize("counts", [(2, 2), (3, 3), (5, 5), (2, 10), (3, 10), (5, 10)])
def test_false_alarms(counts):
    print(f"\nS = {counts}, 2000 replicates, 100 lines: false alarms at 5 %")
    for spreads in ((0.0, 0.0), (0.5, 0.5), (0.8, 0.0), (0.0, 0.8), (1.0, 0.2), (0.2, 1.0)):
        draws = Model(seed=spreads).draw([14], 2000, max(counts), 100)
        some = [
            effects(errors[:, :count], draws.lengths)
            for errors, count in zip((draws.a, draws.b), counts)
        ]
        rate = alarms(crossed(*some))
        print(f"seed sd {spreads}: {rate:.3f}")
        assert 0.01 <= rate <= MOST[min(counts)]

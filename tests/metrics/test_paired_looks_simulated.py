"""How often a study that is looked at again and again tells conditions apart that do not differ.

`pytest -s --slow` prints the rates. Every draw is keyed: a rate is the same in every run.
"""

import numpy as np
import pytest

from ocr_tf.metrics.paired.spending import ALPHA, EXTRA
from ocr_tf.metrics.paired.variance_components import effects
from ocr_tf.study.comparison.interim_looks import InterimLook, charge
from tests.metrics.simulated import Model, alarms, crossed

PLANNED = 3, 5, 10
EACH = tuple(range(3, 11))


def levels(seen, looks):
    """The level of each look of a study, at so many seeds, where `looks` are planned."""
    taken = []
    for seeds in seen:
        cost = charge(taken, seeds, looks, as_planned=True)
        taken.append(InterimLook("", seeds, 0, "cer", cost.planned, cost.level, "", ""))
    return np.array([look.level for look in taken])


def p_of_looks(draws, seen):
    """p [looks, R], each look at the first seeds of the same study."""
    pairs = (
        (effects(own[:, :seeds], draws.lengths) for own in (draws.a, draws.b)) for seeds in seen
    )
    return np.array([crossed(*pair) for pair in pairs])


def any_alarm(p, allowed):
    return float((p <= allowed[:, None]).any(axis=0).mean())


def table(lines, replicates, key, models):
    """Alarms at any look by rule, for each model; printed."""
    rows = {}
    print(f"\n{replicates} replicates, {lines} lines: told apart at any look, of equal conditions")
    for model in models:
        draws = model.draw([key], replicates, EACH[-1], lines)
        p = p_of_looks(draws, EACH)
        at = [EACH.index(seeds) for seeds in PLANNED]
        rows[model] = {
            "planned": any_alarm(p[at], levels(PLANNED, PLANNED)),
            "unplanned": any_alarm(p, levels(EACH, ())),
            "three of them unplanned": any_alarm(p[at], levels(PLANNED, ())),
            "not charged": any_alarm(p, np.full(len(EACH), ALPHA)),
            "one look": alarms(p[-1]),
        }
        print(model, {name: round(rate, 4) for name, rate in rows[model].items()})
    return rows


MODELS = (
    Model(),
    Model(seed=0.2),
    Model(seed=0.5),
    Model(seed=0.5, condition_line=0.1),
    Model(seed=0.3, base=-1.0),
)


def test_simulations_take_the_levels_of_studies():
    assert levels(PLANNED, PLANNED).sum() == pytest.approx(ALPHA, abs=1e-3)
    assert ALPHA < levels(EACH, ()).sum() <= ALPHA + EXTRA


def test_alarms_of_looks():
    (rates,) = table(60, 600, 20, [Model(seed=0.5)]).values()
    assert max(rates["planned"], rates["unplanned"]) <= 0.065
    assert rates["not charged"] > 0.07


@pytest.mark.slow
@pytest.mark.parametrize("lines", [100, 300])
def test_alarms_of_looks_in_full(lines):
    rows = table(lines, 2000, 21, MODELS)
    for model, rates in rows.items():
        assert 0.01 <= rates["planned"] <= 0.06, model
        assert 0.01 <= rates["unplanned"] <= 0.06, model
    assert max(rates["not charged"] for rates in rows.values()) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("model", [Model(seed=0.1), Model(seed=0.3)])
def test_power_of_looks_beside_a_single_one(model):
    print(f"\n{model}, 300 lines, 2000 replicates: a planted difference is found")
    draws = model.draw([22], 2000, EACH[-1], 300, shift=0.35)
    p = p_of_looks(draws, PLANNED)
    planned = levels(PLANNED, PLANNED)
    found = {
        "one look at 10": alarms(p[-1]),
        "looks at 3, 5, 10, planned": any_alarm(p, planned),
        "of these at 3 or 5": any_alarm(p[:2], planned[:2]),
        "looks at 3, 5, 10, unplanned": any_alarm(p, levels(PLANNED, ())),
        "one look at 3": alarms(p[0]),
    }
    print({name: round(rate, 3) for name, rate in found.items()})
    assert found["looks at 3, 5, 10, planned"] > found["one look at 10"] - 0.05
    assert found["looks at 3, 5, 10, planned"] > found["looks at 3, 5, 10, unplanned"]

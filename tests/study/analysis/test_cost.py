import dataclasses
import json
import math

import numpy as np
import pytest

from ocr_tf.data.dataset import open_source
from ocr_tf.encoders import Compact
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import PARTS
from ocr_tf.experiment.inference.load import restore
from ocr_tf.study.analysis import cost, cost_content
from ocr_tf.study.analysis.contestant import even_by_length
from ocr_tf.study.analysis.pareto import pareto
from ocr_tf.study.comparison.inputs import Inputs, open_inputs
from ocr_tf.study.comparison.models import Networks
from tests.study.analysis.grids import grid


@pytest.mark.parametrize(
    "points, on_it",
    [
        ([(1, 9), (2, 5), (3, 7), (4, 1)], [True, True, False, True]),
        ([(1, 1), (1, 2), (2, 1)], [True, False, False]),
        ([(1, 1), (1, 1), (2, 2)], [True, True, False]),  # equals stand side by side
        ([(5, 5)], [True]),
        ([], []),
    ],
)
def test_the_front_is_what_nothing_beats(points, on_it):
    assert pareto(points) == on_it


def test_every_point_off_the_front_is_beaten_by_one_on_it():
    points = [tuple(p) for p in np.random.default_rng(0).integers(0, 30, (200, 2)).tolist()]
    on_it = pareto(points)
    front = [p for p, on in zip(points, on_it) if on]
    assert 0 < len(set(front)) < len(set(points))
    for point, on in zip(points, on_it):
        better = [f for f in front if f != point and f[0] <= point[0] and f[1] <= point[1]]
        assert bool(better) != on


def validations(run, records):
    for step, cer, seconds in records:
        timed = {} if seconds is None else {"elapsed": seconds}
        run.metrics.append({"step": step, "val/cer": cer, **timed})
        run.metrics.append({"step": step, "train/loss": 0.1})


def test_when_a_training_first_came_to_a_cer(evaluated):
    run = restore(open_inputs(evaluated).runs["ctc", 0]).folder
    validations(run, [(10, 0.9, 1.0), (20, 0.1, 2.0), (30, 0.3, 3.0), (40, 0.04, None)])
    try:
        (one,) = cost.times_to_cer({"ctc": [run.path]})["ctc"]
        both = cost.times_to_cer({"ctc": [run.path], "other": [run.path.parent / "none"]})
    finally:
        run.metrics.path.unlink()
    assert list(one) == [0.5, 0.2, 0.1, 0.05, 0.04, 0.02, 0.01]
    assert one[0.5] == one[0.1] == (20, 2.0) and one[0.05] == one[0.04] == (40, None)
    assert one[0.01] == (None, None)
    assert 0.04 not in both["ctc"][0] and both["other"][0][0.5] == (None, None)


@pytest.fixture(scope="module")
def measured(evaluated):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "SAMPLE", 2)
        effort = cost.Effort(rounds=2, batch=3, memory=False)
        given = open_inputs(evaluated)
        return cost.measure(evaluated, given, Networks(evaluated, given.runs), effort=effort)


def test_parameters_are_all_that_is_learnt(measured, evaluated):
    for condition, run in open_inputs(evaluated).runs.items():
        model = restore(run).model
        learnt = sum(math.prod(v.shape) for v in model.trainable_variables)
        told = measured.conditions[condition[0]].parameters
        assert sum(told.values()) == learnt and list(told) == list(PARTS)


def test_flops_of_the_shared_parts_are_the_same_and_heads_differ(measured):
    ctc, attention = (measured.conditions[c].flops for c in ("ctc", "attention"))
    assert ctc["encoder"] == attention["encoder"] and ctc["sequence"] == attention["sequence"]
    assert all(a > c > 0 for a, c in zip(attention["head"], ctc["head"]))
    # CTC's head is one product a step: 32 features, ten digits and the blank.
    steps = [Compact().steps(line.width) for line in measured.sample]
    assert ctc["head"] == tuple(2 * 32 * 11 * count for count in steps) and steps[0] < steps[1]
    for part in PARTS:
        for condition in measured.conditions.values():
            assert condition.training_flops[part] > 0


def test_latency_of_every_line_and_of_a_batch_with_and_without_stopping_early(measured):
    for latency in measured.timing.latency.values():
        for search in (latency.own, latency.to_the_bound):
            assert len(search.each) == 2 and search.batch_lines == 3
            for seconds in (*search.each, search.batch):
                assert 0 < seconds.low <= seconds.median <= seconds.high


def test_the_report_takes_it_as_json(measured):
    json.dumps(dataclasses.asdict(measured), allow_nan=False)
    fronts = {**measured.pareto, **measured.timing.pareto}
    assert all(any(point.front for point in points) for points in fronts.values())
    # What no clock has told.
    assert set(measured.pareto) == {cost_content.PARAMETERS, cost_content.FLOPS}
    assert measured.steps_to_cer["ctc"] == {f"{t:g}": (None,) for t in cost.TARGETS}


def test_lines_are_chosen_at_even_places_of_their_order_by_length(evaluated):
    there = open_inputs(evaluated)
    networks = Networks(evaluated, there.runs)
    lengths = [len(s.text) for s in there.source.samples]
    chosen = even_by_length(networks, there.source, 3)
    found = [lengths[i] for i in chosen]
    assert found[0] == min(lengths) and found[-1] == max(lengths) and found == sorted(found)
    assert len(even_by_length(networks, there.source, 1000)) == len(lengths)
    with pytest.raises(InputError, match="no line that every condition can read"):
        even_by_length(networks, open_source("synthetic:words:count=2"), 3)


def test_without_runs_there_is_nothing_to_measure():
    there = grid(["a", "b"], {"a": [["a", "b"]], "b": [["a", "b"]]})
    with pytest.raises(InputError, match="no runs"):
        cost.measure(there, Inputs(missing=("no runs",)), None)

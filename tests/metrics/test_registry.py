from __future__ import annotations

import random

import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.metrics.edits import edits, word_edits
from ocr_tf.metrics.error_rates import measure
from ocr_tf.metrics.registry import METRICS, Metric, metric_of
from ocr_tf.study.config import Compare

PAIRS = [("abcd", "abxd"), ("", "zz"), ("one two", "one"), ("", ""), ("ok", "ok"), ("a b c", "a c")]


def test_errors_and_lengths_of_each_line_by_hand():
    errors = {name: [metric.errors(*pair) for pair in PAIRS] for name, metric in METRICS.items()}
    assert errors == {
        "cer": [1, 2, 4, 0, 0, 2],
        "wer": [1, 1, 1, 0, 0, 1],
        "exact": [1, 1, 1, 0, 0, 1],
        "one_minus_ned": [1 / 4, 1, 4 / 7, 0, 0, 2 / 5],
    }
    lengths = {name: [metric.length(pair[0]) for pair in PAIRS] for name, metric in METRICS.items()}
    assert lengths == {
        "cer": [4, 0, 7, 0, 2, 5],
        "wer": [1, 0, 2, 0, 1, 3],
        "exact": [1] * 6,
        "one_minus_ned": [1] * 6,
    }


def test_errors_are_the_distances_of_the_counted_edits():
    draw = random.Random(0)
    for _ in range(200):
        pair = ["".join(draw.choices("ab c", k=draw.randrange(8))) for _ in range(2)]
        counted = {"cer": edits(*pair), "wer": word_edits(*pair)}
        for name, count in counted.items():
            assert METRICS[name].errors(*pair) == count.distance
            assert METRICS[name].length(pair[0]) == count.length


@pytest.mark.parametrize("name", METRICS)
def test_a_figure_and_its_error_rate_belong_together(name):
    metric = METRICS[name]
    assert metric.figure(3, 0) is None and metric.error_rate(None) is None
    assert metric.error_rate(metric.figure(3, 4)) == pytest.approx(3 / 4)
    perfect = measure([("a b", "a b")]).figure(name)
    assert perfect == (1 if metric.higher_is_better else 0)


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(
        InputError, match="the metrics are cer, wer, exact, one_minus_ned; name one"
    ):
        metric_of("cre")


def test_one_entry_is_all_that_a_metric_needs(monkeypatch):
    def errors(reference: str, hypothesis: str) -> float:
        return reference[:1] != hypothesis[:1]

    first = Metric("first", "first wrong", "first symbols read", errors, lambda text: 1, True)
    monkeypatch.setitem(METRICS, "first_symbol", first)
    rates = measure(PAIRS)
    assert rates.as_dict()["first_symbol"] == rates.figure("first_symbol") == pytest.approx(5 / 6)
    assert "first   83.33%" in rates.table()


def test_a_metric_is_registered_from_outside(tmp_path):
    file = tmp_path / "own_metric.py"
    file.write_text(
        """import ocr_tf
from ocr_tf.metrics.registry import Metric

def errors(reference, hypothesis):
    return len(reference) != len(hypothesis)

ocr_tf.register("metric", "same_length")(
    Metric("length", "wrong length", "lines of another length", errors, lambda text: 1)
)
"""
    )
    try:
        argv = ["--metric=same_length", f"--parts={file}"]
        given = flags.parse(Compare(), argv, program="p", description="d").config
        assert given.metric == "same_length"
        assert measure([("ab", "cd"), ("ab", "c")]).figure("same_length") == 0.5
        assert METRICS.outside["same_length"].file == str(file)
        with pytest.raises(InputError, match=r"not 'same_lenth' \(did you mean same_length\?\)"):
            flags.parse(Compare(), ["--metric=same_lenth"], program="p", description="d")
    finally:
        del METRICS["same_length"], METRICS.outside["same_length"]

"""Whether a training failed, by its run's own records."""

from __future__ import annotations

import pytest

from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.failure import (
    DIVERGENCE,
    Divergence,
    divergence,
    failure,
    forget_divergence,
    record_divergence,
)
from ocr_tf.experiment.runs.run_folder import RunFolder


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


@pytest.mark.parametrize(
    "validations, kind, cer",
    [
        ([(0.95, False), (0.2, True)], None, None),
        ([(0.95, False), (0.92, False)], "not aligned", 0.92),  # the first that holds
        ([(0.95, True), (0.92, True)], "not learned", 0.92),
        ([(0.95, None), (0.91, None)], "not learned", 0.91),  # nobody looked at alignments
        ([(0.95, None), (0.89, None), (0.99, None)], None, None),  # the best counts, not the last
        ([], None, None),
    ],
)
def test_the_rule(run, validations, kind, cer):
    for step, (value, formed) in enumerate(validations, 1):
        told = {} if formed is None else {"formed": formed}
        run.metrics.append({"step": step, "val/cer": value, **told})
    found = failure(run, 4)
    assert (found and found.kind, found and found.cer) == (kind, cer)
    assert found is None or found.seed == 4


def test_a_loss_that_was_not_finite_comes_before_all_else_until_it_is_forgotten(run):
    run.metrics.append({"step": 5, "val/cer": 0.1, "formed": True})
    record_divergence(run.path, Divergence(9, "the loss is not finite"))
    found = failure(run, 0)
    assert (found.kind, found.step, found.cer, found.read_at) == ("diverged", 9, 0.1, None)
    forget_divergence(run.path)
    assert failure(run, 0) is None and divergence(run.path) is None


def test_a_damaged_record_is_named(run):
    (run.path / DIVERGENCE).write_text('{"step": 3}')
    with pytest.raises(InputError, match="diverged.json: damaged; delete it"):
        failure(run, 0)

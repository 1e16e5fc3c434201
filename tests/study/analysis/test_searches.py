"""Two searches of the same networks: each measured by itself, and the networks made once."""

from __future__ import annotations

import dataclasses

import pytest

from ocr_tf.decode import Beam, Greedy
from ocr_tf.experiment.config.common import TestData
from ocr_tf.experiment.inference import evaluate
from ocr_tf.experiment.inference.config import Evaluate
from ocr_tf.study.analysis import analyze, cost, probes
from ocr_tf.study.analysis.line_images import LineImages
from ocr_tf.study.comparison import models
from ocr_tf.study.comparison.inputs import open_inputs, run_of
from ocr_tf.study.comparison.models import Networks
from ocr_tf.study.comparison.results import join
from tests.study.analysis import runs
from tests.study.analysis.test_analysis import less

NAMES = ["ctc, greedy", "attention, greedy", "ctc, beam:3", "attention, beam:3"]
BOTH = [NAMES[1], NAMES[3]]  # of one network


@pytest.fixture(scope="module")
def searched(evaluated):
    """The package's runs, read by a beam too."""
    folders = {}
    for head in evaluated.conditions:
        run = run_of(evaluated.cells[head][0])
        beam = Evaluate(name="test-2", search="beam:3", data=TestData((runs.TEST,)))
        evaluate.run(beam, str(run), quiet=True)
        for name, folder in (("greedy", "test"), ("beam:3", "test-2")):
            folders[f"{head}, {name}"] = {0: run / "evaluations" / folder}
    return join({name: folders[name] for name in NAMES})


@pytest.fixture(scope="module")
def restored():
    """The runs that were restored, each time."""
    return []


@pytest.fixture(scope="module")
def networks(searched, restored):
    def restore(*of):
        restored.append(of)
        return models_restore(*of)

    models_restore = models.restore
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "restore", restore)
        yield Networks(searched, open_inputs(searched).runs)


@pytest.fixture(scope="module")
def found(searched, networks):
    with pytest.MonkeyPatch.context() as patch:
        less(patch)
        given = dataclasses.replace(open_inputs(searched), trained=None)  # without probes
        return analyze(searched, given, LineImages(searched, given.source, networks), networks)


def test_conditions_of_one_network_are_known_by_it(searched, networks):
    assert searched.distinct == NAMES[:2]
    of = [searched.networks(name) for name in NAMES]
    assert of[0] == of[2] and of[1] == of[3] and of[0] != of[1]
    assert networks.trained(NAMES[0], 0) is networks.trained(NAMES[2], 0)
    assert networks.aligner(NAMES[1], 0) is networks.aligner(NAMES[3], 0)
    assert networks.search(NAMES[0], 0) == Greedy() and networks.search(NAMES[2], 0) == Beam(3)


def test_every_network_is_restored_once(found, restored):
    assert len(restored) == len(set(restored)) == 2


def one_network(searched):
    """Attention's two searches alone."""
    return dataclasses.replace(searched, cells={n: searched.cells[n] for n in BOTH})


def test_probes_are_read_by_each_conditions_search(searched, networks, monkeypatch):
    asked = []

    class Reader(probes.Reader):
        def __init__(self, model, geometry, batch, search):
            asked.append(search)
            super().__init__(model, geometry, batch, search)

    monkeypatch.setattr(probes, "Reader", Reader)
    # The test lines themselves, as a probe: read as they were evaluated.
    there = one_network(searched)
    given = open_inputs(there)
    level = probes.Level("joined", "1", given.source)
    (probed,) = probes.read(Networks(there, given.runs), there, [level])
    assert asked == [Greedy(), Beam(3)]
    places = [there.ids.index(name) for name in probed.grid.ids]
    for name in BOTH:
        (texts,) = there.texts(name)
        assert probed.grid.texts(name) == [[texts[i] for i in places]]
    assert there.texts(BOTH[0]) != there.texts(BOTH[1])  # else it would show nothing


def test_alignments_do_not_depend_on_the_search(found):
    told = found.alignments
    assert [(d.a, d.b) for d in told.distances] == [(NAMES[1], NAMES[0])]
    for measure in told.measures.values():
        for one, other in ((0, 2), (1, 3)):
            assert measure.by_seed[NAMES[one]] == measure.by_seed[NAMES[other]]
    assert set(told.empty_spans.first_or_last) == set(NAMES[:2])


def test_a_beams_reading_is_scored_by_its_own_network_as_it_was_read(found, searched):
    (choice,) = (c for c in found.search_errors.choices if (c.a, c.b) == (NAMES[1], NAMES[3]))
    # The beam's reading is never the less probable one.
    assert choice.right["by_a"] == choice.right["by_b"] == choice.right["b"]


def test_cost_is_of_each_conditions_search(searched, monkeypatch):
    monkeypatch.setattr(cost, "SAMPLE", 2)
    measured = []

    def memory(contestant):
        measured.append(contestant.condition)
        return cost.Memory(None, None)

    monkeypatch.setattr(cost.Contestant, "memory", memory)
    effort = cost.Effort(rounds=1, batch=2)
    there = one_network(searched)
    given = open_inputs(there)
    told = cost.measure(there, given, Networks(there, given.runs), effort=effort)
    greedy, beam = (told.timing.latency[name] for name in BOTH)
    assert (greedy.search, beam.search) == ("greedy", "beam:width=3")
    assert greedy.to_the_bound is not None and beam.to_the_bound is None
    assert measured == BOTH[:1] and set(told.timing.memory) == set(BOTH)
    one, other = (told.conditions[name] for name in BOTH)
    assert one.parameters == other.parameters
    # Three prefixes are stepped side by side.
    assert all(b > a for a, b in zip(one.flops["head"], other.flops["head"]))


def test_a_search_that_cannot_be_made_again_is_told(searched, tmp_path):
    """Its files may have been moved since."""
    (cell,) = searched.cells[NAMES[2]]
    results = dataclasses.replace(cell.results, search=f"beam:lm={tmp_path / 'moved.arpa'}")
    cells = {NAMES[0]: searched.cells[NAMES[0]], NAMES[2]: [cell._replace(results=results)]}
    moved = dataclasses.replace(searched, cells=cells)
    given = open_inputs(moved)
    asked = Networks(moved, given.runs)
    assert "moved.arpa" in asked.unusable
    with pytest.MonkeyPatch.context() as patch:
        less(patch)
        told = analyze(moved, given, LineImages(moved, given.source, asked), asked)
    assert told.alignments and not told.probes
    assert told.missing == (f"probes and cost: {asked.unusable}",)

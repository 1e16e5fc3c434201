"""The whole section, on runs that nobody trained."""

import dataclasses

import numpy as np
import pytest

from ocr_tf.data.dataset import open_source, open_sources
from ocr_tf.data.source import Selection
from ocr_tf.experiment.inference import aligner
from ocr_tf.experiment.inference.scorer import Scorer
from ocr_tf.metrics import alignment as metrics_alignment
from ocr_tf.study.analysis import alignment, analyze, cost, line_images, probe_data, probes
from ocr_tf.study.analysis.line_images import LineImages
from ocr_tf.study.analysis.probe_data import Level
from ocr_tf.study.comparison import inputs
from ocr_tf.study.comparison.inputs import open_inputs
from ocr_tf.study.comparison.models import Networks
from ocr_tf.study.comparison.results import join
from tests.study import told
from tests.study.analysis import runs
from tests.study.analysis.grids import grid


@pytest.fixture(scope="module")
def found(evaluated):
    return quickly(evaluated)


def quickly(of):
    with pytest.MonkeyPatch.context() as patch:
        less(patch)
        given = open_inputs(of)
        networks = Networks(of, given.runs)
        return analyze(of, given, LineImages(of, given.source, networks), networks)


def less(patch):
    """Fewer lines are read and aligned."""
    patch.setattr(probe_data, "LINES", 6)
    patch.setattr(probe_data, "REPEATS", (3,))
    patch.setattr(probe_data, "LENGTHS", (1.0, 2.0))
    patch.setattr(probe_data, "JOINED", (1, 2))
    patch.setattr(alignment, "LINES", 6)


def test_nothing_is_missing(found):
    assert found.missing == ()
    assert all(getattr(found, field.name) for field in dataclasses.fields(found)[:-1])


@pytest.mark.slow
def test_a_report_decodes_every_line_once(evaluated, monkeypatch):
    less(monkeypatch)
    given = open_inputs(evaluated)
    whole = given.source
    broken = Selection(whole, list(range(len(whole.samples))))
    monkeypatch.setattr(broken, "read", lambda i: b"junk" if i == 1 else whole.read(i))
    given = dataclasses.replace(given, source=broken)
    decoded = []

    def decode(encoded):
        decoded.append(encoded)
        return line_images.original(encoded)

    def twice(*_):
        raise AssertionError("decoded again to be aligned")

    monkeypatch.setattr(line_images, "decode", lambda e, _: None if e == b"junk" else decode(e))
    monkeypatch.setattr(aligner, "original", twice)
    networks = Networks(evaluated, given.runs)
    images = LineImages(evaluated, broken, networks)
    analyze(evaluated, given, images, networks)
    effort = cost.Effort(rounds=1, batch=2, memory=False)
    cost.measure(evaluated, given, networks, effort=effort)
    for i in range(len(evaluated.ids)):  # sizes, thumbnails and the galleries
        assert (images.image(i) is None) == (images.alignment(i) is None) == (i == 1)
    assert sorted(decoded) == sorted(whole.read(i) for i in range(len(evaluated.ids)) if i != 1)


@pytest.mark.slow
def test_lines_that_come_in_groups(found, evaluated):
    groups = tuple("abcde"[i // 2] for i in range(len(evaluated.ids)))
    told = quickly(dataclasses.replace(evaluated, groups=groups))

    assert told.edits["insertions"].rates["ctc"].signature.groups == 5
    aligned = {groups[i] for i in told.alignments.indices}
    for kind in ("measures", "events"):
        alone = getattr(found.alignments, kind)
        for name, measured in getattr(told.alignments, kind).items():
            assert measured.rates["ctc"].signature.groups == len(aligned)
            assert measured.rates["ctc"].value == pytest.approx(alone[name].rates["ctc"].value)
    assert told.probes == found.probes  # whose lines are drawn one by one


def test_training_texts_and_images_make_slices(found, evaluated):
    families = {s.family for s in found.slices}
    assert {"aspect ratio", "contrast", "sharpness", "image height"} <= families
    given = open_inputs(evaluated)
    trained = open_source("synthetic:digits:count=44").samples
    assert given.trained == [s.text for s in trained[8:]]


def test_test_lines_joined_to_nothing_are_read_as_they_were(found, evaluated):
    alone = found.probes["joined"].levels[0]
    assert alone.level == "1" and alone.lines == 6
    texts = dict(
        zip(evaluated.references, zip(*(evaluated.texts(c)[0] for c in evaluated.conditions)))
    )
    for shown in alone.shown:
        read = [shown.readings[c][0] for c in evaluated.conditions]
        assert tuple(read) == texts[shown.reference]


def test_probes_are_held_against_their_controls(found):
    repeats = found.probes["repeats"].levels[0]
    assert repeats.control.family == "no repeats"
    (against,) = repeats.control.differences
    assert against.a == "ctc" and against.withheld  # 6 lines
    assert found.probes["lengths"].levels[0].control is None
    assert repeats.failures["merged"].keys() == {"ctc", "attention"}


def test_probes_that_a_network_cannot_write_are_left_out(evaluated, tmp_path, monkeypatch):
    image = open_source("synthetic:digits:count=1").read(0)

    def level(name, texts):
        folder = tmp_path / name
        folder.mkdir()
        for i in range(len(texts)):
            (folder / f"{name}-{i}.png").write_bytes(image)
        lines = (f"{name}-{i}.png\t{text}\n" for i, text in enumerate(texts))
        (folder / "labels.tsv").write_text("".join(lines))
        return Level("lengths", name, open_source(str(folder / "labels.tsv")))

    levels = [level(str(n), ["1"] * (4 - n) + ["1" * 99] * n) for n in range(4)]
    monkeypatch.setattr(probe_data, "drawn", lambda *_: levels)
    monkeypatch.setattr(probe_data, "joined", lambda *_: [])
    given = open_inputs(evaluated)
    networks = Networks(evaluated, given.runs)
    images = LineImages(evaluated, given.source)
    probe = probes.probes(networks, evaluated, given.trained, given.source, images)["lengths"]
    assert [(one.level, one.lines) for one in probe.levels] == [("0", 4), ("1", 3), ("2", 2)]
    assert [one.short["ctc"] for one in probe.levels] == [0, 1, 2]
    assert probe.left_out == {"3": {"ctc": 3, "attention": 3}}


def test_alignments_of_lines_that_all_can_write(found, evaluated):
    told = found.alignments
    assert len(told.indices) == 6 and told.indices == tuple(sorted(set(told.indices)))
    assert set(told.events) == {"skips", "returns", "overlaps"}
    # CTC's paths go forward.
    assert told.events["returns"].counts["ctc"] == (0,)
    ways = [(d.a, d.b) for d in told.distances]
    assert ways == [("attention", "ctc")]  # attention has no path to be away from
    assert told.distances[0].pixels.mean > 0
    assert told.measures["monotonicity"].by_seed["ctc"][0].spread.mean == 1


def test_spans_without_ink_are_counted_with_their_distance(evaluated):
    """Of three symbols with all weight in one column each, the second one's column is blank."""
    aligned = alignment.AlignedLine(
        measures=metrics_alignment.measure(np.eye(3)),
        events={},
        centers=np.zeros(3),
        places=None,
        ink_distances=np.array([0, 7.0, 0]),
    )
    at_end = dataclasses.replace(aligned, ink_distances=np.array([5.0, 0, np.nan]))
    none = dataclasses.replace(aligned, ink_distances=np.zeros(3))
    table = alignment._Table(
        evaluated,
        {("ctc", 0): [aligned, at_end, none], ("attention", 0): [none] * 3},
        np.array([0, 3, 4]),
    )
    spans = table.empty_spans()
    assert spans.lines.counts == {"ctc": (2,), "attention": (0,)}
    assert [one.line for one in spans.lines.lines["ctc"]] == [0, 3]
    assert spans.lines.rates["ctc"].value == pytest.approx(2 / 3)
    assert spans.symbols.rates["ctc"].value == pytest.approx(2 / 9)
    assert spans.first_or_last == {"ctc": 0.5, "attention": None}
    assert spans.distances["ctc"].mean == 6 and spans.distances["attention"] is None


def test_no_search_error_of_what_scores_below(found, evaluated):
    errors = found.search_errors.errors
    for condition in evaluated.conditions:
        wrong = evaluated.errors(condition, "exact").sum()
        counts = [errors[kind].counts[condition][0] for kind in ("model", "search")]
        assert sum(counts) == wrong
    (choice,) = found.search_errors.choices
    assert choice.right["either"] >= max(choice.right["a"], choice.right["b"])


def test_scores_are_those_of_the_evaluation(evaluated):
    given = open_inputs(evaluated)
    networks = Networks(evaluated, given.runs)
    trained, lines = networks.first("ctc"), networks.lines("ctc", given.source)
    scorer = Scorer(trained.model, trained.experiment.geometry)
    predictions = evaluated.cells["ctc"][0].predictions
    own = scorer.score(lines, [p.text for p in predictions])
    np.testing.assert_allclose(own, [p.log_prob for p in predictions], rtol=1e-3, atol=1e-3)
    # A symbol that the model does not know, more symbols than steps, and nothing at all.
    odd = ["4x", "12" * 200, "", *evaluated.references[3:]]
    scores = scorer.score(lines, odd)
    assert scores[:2] == [None, None] and scores[2] < 0
    expected = [p.reference_log_prob for p in predictions[3:]]
    np.testing.assert_allclose(scores[3:], expected, rtol=1e-3, atol=1e-3)


# Inputs


def test_without_runs_and_images_what_the_readings_say_stays():
    there = grid(["ab", "cd"], {"a": [["ab", "x"]], "b": [["ab", "cd"]]})
    found = open_inputs(there)
    assert found.trained is found.source is found.runs is None
    assert [line.split(":")[0] for line in found.missing] == [
        "a has no run folders",
        "b has no run folders",
        "test images",
    ]
    told = analyze(there, found)
    assert not (told.probes or told.alignments or told.search_errors.choices)
    assert told.edits["substitutions"].counts == {"a": (1,), "b": (0,)}
    assert told.missing == found.missing


def test_a_system_without_a_run_stands_beside_those_that_have_one(evaluated):
    read = [text[1:] for text in evaluated.references]
    other = grid(evaluated.references, {"other": [read]})
    there = dataclasses.replace(evaluated, cells={**evaluated.cells, **other.cells})
    found = open_inputs(there)
    assert found.missing == ("other has no run folders: no networks to ask",)
    assert found.trained == open_inputs(evaluated).trained
    assert Networks(there, found.runs).conditions() == evaluated.conditions


def test_a_line_without_an_image_is_none_of_too_few_steps(evaluated, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    (tmp_path / "long.png").write_bytes(open_source("synthetic:digits:count=1").read(0))
    (tmp_path / "labels.tsv").write_text(f"broken.png\t1\nlong.png\t{'1' * 99}\nlong.png\t12\n")
    source = open_source(str(tmp_path / "labels.tsv"))
    networks = Networks(evaluated, open_inputs(evaluated).runs)
    assert networks.unreachable("ctc", source).tolist() == [False, True, False]
    assert networks.writable(source).tolist() == [False, False, True]


def test_labels_that_have_changed_are_not_taken_for_those_that_were_read(evaluated):
    changed = evaluated.references[:-1] + ["0"]
    other = grid(changed, {"a": [changed], "b": [changed]})
    first = other.cells["a"][0]
    other.cells["a"][0] = first._replace(
        results=dataclasses.replace(first.results, test=(runs.TEST,))
    )
    other.ids[:] = evaluated.ids
    assert "not as it was evaluated" in open_inputs(other).missing[-1]
    assert list(inputs.test_source(evaluated).samples) == list(open_sources([runs.TEST]).samples)


def test_images_that_have_changed_are_not_taken_for_those_that_were_read(tmp_path):
    image = open_source("synthetic:digits:count=2")
    (tmp_path / "labels.tsv").write_text("a.png\t1\nb.png\t2\n")
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(image.read(0))
    folders = {
        head: {0: told.evaluate(tmp_path / head, ["1", "2"], str(tmp_path / "labels.tsv"))}
        for head in ("x", "y")
    }
    joined = join(folders)
    assert len(inputs.test_source(joined).samples) == 2
    (tmp_path / "b.png").write_bytes(image.read(1))
    assert open_inputs(joined).source is None
    assert "its lines or images are not as they were evaluated" in open_inputs(joined).missing[-1]


def test_chosen_lines_are_a_source():
    source = open_source("synthetic:digits:count=5")
    chosen = Selection(source, [3, 1])
    assert list(chosen.samples) == [source.samples[3], source.samples[1]]
    assert chosen.read(1) == source.read(1) and chosen.origin(0) == source.origin(3)


def test_ink_is_what_there_is_less_of():
    image = np.full((10, 12), 220, np.uint8)
    image[2:5, 4:6] = 30  # 3 dark pixels in each of two columns
    edges = np.array([0, 4, 5, 12])
    assert alignment.ink(image, edges).tolist() == [0, 3, 3]
    assert alignment.ink(255 - image, edges).tolist() == [0, 3, 3]

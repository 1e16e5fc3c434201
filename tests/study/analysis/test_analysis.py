"""The whole section, on runs that nobody trained."""

import dataclasses
import json

import numpy as np
import pytest

from ocr_tf.data.dataset import open_source, open_sources
from ocr_tf.study.analysis import alignment, behind, probe_data, probes, why
from ocr_tf.study.analysis.probe_data import Level
from ocr_tf.study.comparison import inputs
from ocr_tf.study.comparison.inputs import Chosen
from ocr_tf.study.comparison.models import Networks, Scorer
from ocr_tf.study.comparison.results import join
from tests.study import told
from tests.study.analysis import runs
from tests.study.analysis.grids import grid


@pytest.fixture(scope="module")
def found(evaluated):
    return quickly(evaluated)


def quickly(of):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe_data, "LINES", 6)
        patch.setattr(probe_data, "REPEATS", (3,))
        patch.setattr(probe_data, "LENGTHS", (1.0, 2.0))
        patch.setattr(probe_data, "JOINED", (1, 2))
        patch.setattr(alignment, "LINES", 6)
        return why(of, behind(of))


def test_everything_is_there_and_is_json(found):
    assert found["missing"] == []
    assert set(found) == {
        "slices",
        "edits",
        "confusions",
        "failures",
        "calibration",
        "probes",
        "cross_scores",
        "alignments",
        "missing",
    }
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_lines_that_come_in_groups(found, evaluated):
    groups = tuple("abcde"[i // 2] for i in range(len(evaluated.ids)))
    told = quickly(dataclasses.replace(evaluated, groups=groups))

    def signature(section):
        return section["rates"]["ctc"]["signature"]

    assert signature(told["edits"]["insertions"])["groups"] == 5
    laid = {groups[i] for i in told["alignments"]["indices"]}
    for kind in ("measures", "events"):
        for name, of in told["alignments"][kind].items():
            assert signature(of)["groups"] == len(laid)
            assert of["rates"]["ctc"]["value"] == pytest.approx(
                found["alignments"][kind][name]["rates"]["ctc"]["value"]
            )
    assert told["probes"] == found["probes"]  # whose lines are drawn one by one


def test_training_texts_and_images_make_slices(found, evaluated):
    families = {s["family"] for s in found["slices"]}
    assert {"aspect ratio", "contrast", "sharpness", "image height"} <= families
    behind_it = behind(evaluated)
    trained = open_source("synthetic:digits:count=44").samples
    assert behind_it.trained == [s.text for s in trained[8:]]


def test_test_lines_joined_to_nothing_are_read_as_they_were(found, evaluated):
    alone = found["probes"]["joined"]["levels"][0]
    assert alone["level"] == "1" and alone["lines"] == 6
    texts = dict(
        zip(evaluated.references, zip(*(evaluated.texts(c)[0] for c in evaluated.conditions)))
    )
    for shown in alone["shown"]:
        read = [shown["readings"][c][0] for c in evaluated.conditions]
        assert tuple(read) == texts[shown["reference"]]


def test_probes_are_held_against_their_controls(found):
    repeats = found["probes"]["repeats"]["levels"][0]
    assert repeats["control"]["family"] == "no repeats"
    (against,) = repeats["control"]["differences"]
    assert against["a"] == "ctc" and against["withheld"]  # 6 lines
    assert found["probes"]["lengths"]["levels"][0].keys() == repeats.keys() - {"control"}
    assert repeats["failures"]["merged"].keys() == {"ctc", "attention"}


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
    there = behind(evaluated)
    networks = Networks(evaluated, there.runs)
    found = probes.probes(networks, evaluated, there.trained, there.source)["lengths"]
    assert [(of["level"], of["lines"]) for of in found["levels"]] == [("0", 4), ("1", 3), ("2", 2)]
    assert [of["short"]["ctc"] for of in found["levels"]] == [0, 1, 2]
    assert found["left_out"] == {"3": {"ctc": 3, "attention": 3}}


def test_alignments_of_lines_that_all_can_write(found, evaluated):
    told = found["alignments"]
    assert len(told["indices"]) == 6 and told["indices"] == sorted(set(told["indices"]))
    assert set(told["events"]) == {"skips", "returns", "overlaps"}
    # CTC's paths go forward.
    assert told["events"]["returns"]["counts"]["ctc"] == [0]
    ways = [(d["a"], d["b"]) for d in told["distances"]]
    assert ways == [("attention", "ctc")]  # attention has no path to be away from
    assert told["distances"][0]["pixels"]["mean"] > 0
    assert told["measures"]["monotonicity"]["by_seed"]["ctc"][0]["mean"] == 1


def test_no_search_error_of_what_scores_below(found, evaluated):
    errors = found["cross_scores"]["errors"]
    for condition in evaluated.conditions:
        wrong = evaluated.errors(condition, "exact").sum()
        assert (
            errors["model"]["counts"][condition][0] + errors["search"]["counts"][condition][0]
            == wrong
        )
    (choice,) = found["cross_scores"]["choices"]
    assert choice["right"]["either"] >= max(choice["right"]["a"], choice["right"]["b"])


def test_scores_are_those_of_the_evaluation(evaluated):
    there = behind(evaluated)
    networks = Networks(evaluated, there.runs)
    trained, lines = networks.of("ctc"), networks.lines("ctc", there.source)
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


# Material


def test_without_runs_and_images_what_the_readings_say_stays():
    there = grid(["ab", "cd"], {"a": [["ab", "x"]], "b": [["ab", "cd"]]})
    found = behind(there)
    assert found.trained is found.source is found.runs is None
    assert [line.split(":")[0] for line in found.missing] == [
        "a has no run folders",
        "b has no run folders",
        "test images",
    ]
    told = why(there, found)
    assert set(told) & {"probes", "alignments"} == set() and told["cross_scores"]["choices"] == []
    assert told["edits"]["substitutions"]["counts"] == {"a": [1], "b": [0]}
    assert told["missing"] == list(found.missing)


def test_a_system_without_a_run_stands_beside_those_that_have_one(evaluated):
    read = [text[1:] for text in evaluated.references]
    other = grid(evaluated.references, {"other": [read]})
    there = dataclasses.replace(evaluated, cells={**evaluated.cells, **other.cells})
    found = behind(there)
    assert found.missing == ("other has no run folders: no networks to ask",)
    assert found.trained == behind(evaluated).trained
    assert Networks(there, found.runs).conditions() == evaluated.conditions


def test_a_line_without_an_image_is_none_of_too_few_steps(evaluated, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    (tmp_path / "long.png").write_bytes(open_source("synthetic:digits:count=1").read(0))
    (tmp_path / "labels.tsv").write_text(f"broken.png\t1\nlong.png\t{'1' * 99}\nlong.png\t12\n")
    source = open_source(str(tmp_path / "labels.tsv"))
    networks = Networks(evaluated, behind(evaluated).runs)
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
    assert "not as it was evaluated" in behind(other).missing[-1]
    assert inputs.test_source(evaluated).samples == open_sources([runs.TEST]).samples


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
    assert behind(joined).source is None
    assert "its lines or images are not as they were evaluated" in behind(joined).missing[-1]


def test_chosen_lines_are_a_source():
    source = open_source("synthetic:digits:count=5")
    chosen = Chosen(source, [3, 1])
    assert chosen.samples == [source.samples[3], source.samples[1]]
    assert chosen.read(1) == source.read(1) and chosen.origin(0) == source.origin(3)


def test_ink_is_what_there_is_less_of():
    image = np.full((10, 12), 220, np.uint8)
    image[2:5, 4:6] = 30  # 3 dark pixels in each of two columns
    edges = np.array([0, 4, 5, 12])
    assert alignment.ink(image, edges).tolist() == [0, 3, 3]
    assert alignment.ink(255 - image, edges).tolist() == [0, 3, 3]

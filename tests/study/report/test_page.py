"""The page: complete, self-contained, escaped, and true to the numbers it was made from."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

from ocr_tf.study import report as reports
from ocr_tf.study.report import formatting, image_embedding, page, svg, verdict_text
from tests.study import fake
from tests.study.report import parsed

ROOT = Path(__file__).resolve().parents[3]
EVIL = "<script>alert(1)</script>"


class Bare:
    """No image can be read."""

    def image(self, i):
        return None

    def alignment(self, i):
        return None


@pytest.fixture(scope="module")
def full():
    """A report with everything that there may be."""
    return fake.report(fake.grid(40, 3, first=EVIL), last=fake.grid(40, 3, first=EVIL, key=1))


@pytest.fixture(scope="module")
def folder(full, tmp_path_factory):
    path = tmp_path_factory.mktemp("report")
    assert reports.write(full, path, fake.LineImages(full, unreadable=[3])) == path / "report.html"
    return path


@pytest.fixture(scope="module")
def shown(folder):
    return parsed.read(folder / "report.html")


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are not painted, which takes most of the time."""

    def draw(name, about, paint, width=0):
        return svg.Drawing(name, about, Markup(f"<svg>{name}</svg>"), Markup(""), b"")

    monkeypatch.setattr(svg, "drawing", draw)


def rendered(report) -> parsed.Page:
    return parsed.Page(page.render(report, Bare())[0])


def check_links(shown: parsed.Page) -> None:
    assert len(set(shown.ids)) == len(shown.ids)
    assert {link[1:] for link in shown.links if link.startswith("#")} <= set(shown.ids)


def test_links_lead_somewhere(shown):
    check_links(shown)
    assert {link for link in shown.links if link.startswith("#of-")}
    assert all(link.startswith("#") for link in shown.links)


def test_nothing_is_fetched(folder, shown):
    assert shown.sources and all(source.startswith("data:image/") for source in shown.sources)
    content = (folder / "report.html").read_text("utf-8")
    assert not re.search(r"@import|url\((?!#)", content)
    assert not {"link", "iframe", "object"} & set(shown.tags)


def test_what_comes_from_data_is_text(folder, shown):
    assert shown.tags.count("script") == 1  # the page's own, which opens what a link leads to
    assert EVIL in shown.text
    assert EVIL not in (folder / "report.html").read_text("utf-8")


def test_names_are_text_in_figures_too():
    evil = ("<b>&$x_1$", EVIL)
    report = fake.report(fake.grid(12, 2, evil))
    for name in ("curves", "cost", "controls", "analysis"):
        del report[name]
    content, drawings = page.render(report, Bare())
    shown = parsed.Page(content)
    assert shown.tags.count("script") == 1 and "b>&$x_1$" not in shown.tags
    assert all(name in shown.text for name in evil)
    seeds = next(d for d in drawings if d.name == "seeds")
    assert "&lt;b&gt;&amp;$x_1$" in seeds.wide and "<b>" not in seeds.wide
    check_links(shown)


def test_numbers_are_those_of_the_report(full, shown):
    for conditions in full["rates"].values():
        for rows in conditions.values():
            for row in rows:
                for key in ("cer", "wer", "exact", "one_minus_ned"):
                    assert formatting.percent(row[key]) in shown.text
            assert formatting.percent(formatting.mean([row["cer"] for row in rows])) in shown.text
    pair = full["comparisons"]["best"][0]
    for target in ("recipes", "models"):
        found = pair[target]
        assert formatting.points(found["value"]) in shown.text
        assert formatting.interval(found["low"], found["high"]) in shown.text
    assert formatting.probability(pair["recipes"]["p"]) in shown.text
    assert formatting.width(pair["detectable"]["difference"]) in shown.text
    for failure in full["analysis"].failures.values():
        for rate in failure.rates.values():
            assert formatting.percent(rate.value) in shown.text
    assert full["test"]["fingerprint"] in shown.text


def test_every_line_is_there_with_what_was_read_of_it(full, shown):
    for i, line in enumerate(full["lines"]):
        assert f"line-{i}" in shown.ids
        assert re.sub(" +", " ", line["reference"]) in shown.text


def test_sets_hold_the_lines_that_their_numbers_are_of(full, shown, folder):
    content = (folder / "report.html").read_text("utf-8")
    anchors = {
        title: int(number)
        for number, title in re.findall(r'id="of-(\d+)"><strong>([^<]*)</strong>', content)
    }

    def members(title):
        number = anchors[title]
        return [i for i in range(len(full["lines"])) if f"s{number}" in shown.classes[f"line-{i}"]]

    for part in full["analysis"].slices:
        assert members(f"{part.family}: {part.name}") == list(part.indices)
    wrong = [
        i
        for i, line in enumerate(full["lines"])
        if next(r for r in line["readings"]["ctc"] if r["seed"] == 1)["edits"]
    ]
    assert members("misread by ctc, seed 1") == wrong
    # While a set is the target, lines without its class are hidden.
    for number in anchors.values():
        assert f"#of-{number}:target ~ ol > li:not(.s{number})" in content


def test_an_image_that_cannot_be_read_is_missed(shown):
    assert "no image" in shown.text


SECTIONS = [
    "test",
    "signature",
    "controls",
    "curves",
    "analysis",
    "cost",
    "reproduce",
    "comparisons",
]


@pytest.mark.parametrize("name", [*SECTIONS, None])
def test_a_section_may_be_absent(full, name, undrawn):
    report = {key: of for key, of in full.items() if key != name}
    if name is None:
        report = {key: full[key] for key in ("study", "conditions", "rates", "lines")}
    shown = rendered(report)
    check_links(shown)
    sentences = {
        "controls": "What the trainings shared is not known",
        "curves": "No learning curves",
        "analysis": "No slices",
        "cost": "Not measured",
        "reproduce": "does not say how it was made",
        "comparisons": "Nothing was compared",
    }
    # Without a comparison there is no pair to take slices of.
    together = {None: set(sentences), "comparisons": {"comparisons", "analysis"}}
    expected = together.get(name, {name} & set(sentences))
    for key, sentence in sentences.items():
        assert (sentence in shown.text) == (key in expected), key


@pytest.mark.parametrize("name", ["slices", "edits", "failures", "confusions", "probes"])
def test_a_cause_may_be_absent(full, name, undrawn):
    kind = type(getattr(full["analysis"], name))
    report = {**full, "analysis": dataclasses.replace(full["analysis"], **{name: kind()})}
    check_links(rendered(report))


def test_without_networks_there_are_no_alignments(full, undrawn):
    content = rendered({**full, "analysis": dataclasses.replace(full["analysis"], alignments=None)})
    assert "Where the networks emit" in rendered(full).text
    assert "Where the networks emit" not in content.text
    check_links(content)


def test_spans_without_ink_are_told_as_where_networks_emit(full, undrawn):
    content = re.sub(r"\s+", " ", rendered(full).text)
    assert "where the network emits the symbol, which need not be where the glyph is" in content
    spaced = formatting.percent(0.96).replace(formatting.SPACE, " ")
    assert f"ctc: {spaced} of the symbols whose spans hold no ink" in content
    assert "47.3 pixels" in content and "attention: " not in content.split("47.3 pixels")[1][:90]


def test_reasons_for_what_is_missing_are_told(full, undrawn):
    report = {**full, "missing": ["test images: gone.tsv: No such file"]}
    assert "gone.tsv: No such file" in rendered(report).text


def test_several_conditions(undrawn):
    report = fake.report(fake.grid(40, 2, ("a", "b", "c")))
    shown = rendered(report)
    check_links(shown)
    for pair in report["comparisons"]["best"]:
        decided = verdict_text.decision(report, pair)
        assert formatting.interval(decided.low, decided.high) in shown.text


def test_one_condition_alone(undrawn):
    report = fake.report(fake.grid(20, 2))
    del (
        report["analysis"],
        report["comparisons"],
        report["cost"],
        report["controls"],
        report["curves"],
    )
    for line in report["lines"]:
        del line["readings"]["attention"]
    del report["rates"]["best"]["attention"], report["conditions"][1]
    shown = rendered(report)
    check_links(shown)
    assert "Nothing was compared" in shown.text


def test_lines_without_a_symbol_and_without_errors(undrawn):
    grid = fake.grid(30, 2, first="", rate=1e-9)
    report = fake.report(grid)
    shown = rendered(report)
    check_links(shown)
    assert "Tied at this size" in shown.text


def test_very_many_lines_are_not_all_listed(full, undrawn, monkeypatch):
    monkeypatch.setattr("ocr_tf.study.report.line_list.LISTED", 30)
    shown = rendered(full)
    check_links(shown)
    assert sum(name.startswith("line-") for name in shown.ids) == 30
    assert "10 others are in report.json" in shown.text


def test_all_files_are_there(full, folder):
    written = json.loads((folder / "report.json").read_bytes())
    assert written.keys() == full.keys() and written["lines"] == full["lines"]
    assert len(written["analysis"]["slices"]) == len(full["analysis"].slices)
    assert {p.name for p in (folder / "tables").iterdir()} == {
        "rates.csv",
        "rates.tex",
        "comparisons.csv",
        "comparisons.tex",
        "by_metric.csv",
        "slices.csv",
    }
    figures = {p.name for p in (folder / "figures").iterdir()}
    assert {"differences.png", "seeds.png", "slices.png", "cumulative.png"} <= figures
    for figure in (folder / "figures").iterdir():
        assert figure.read_bytes().startswith(b"\x89PNG")


def test_writing_again_replaces_and_gives_the_same(tmp_path):
    report = fake.report(fake.grid(8, 2))
    short = {key: report[key] for key in ("study", "conditions", "rates", "lines")}
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "slices.png").write_bytes(b"stale")
    contents = []
    for _ in range(2):
        path = reports.write(short, tmp_path, Bare())
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert not (tmp_path / "figures" / "slices.png").exists()


def test_what_is_no_json_writes_nothing(full, tmp_path, undrawn):
    with pytest.raises(ValueError):
        reports.write({**full, "extra": float("nan")}, tmp_path, Bare())
    assert not list(tmp_path.iterdir())


def test_pictures_keep_within_their_budget():
    generator = np.random.default_rng(0)
    noise = [generator.integers(0, 256, [64, 900]).astype(np.uint8) for _ in range(40)]
    share = 40 / 1000
    for settings, budget in (
        (image_embedding.THUMBNAILS, page.THUMBNAILS * share),
        (image_embedding.LINES, 0),
    ):
        found = image_embedding.within(int(budget), [*noise, None], settings)
        assert sum(len(p.uri) for p in found if p) <= budget
        assert found[-1] is None
    assert all(image_embedding.within(page.THUMBNAILS, noise, image_embedding.THUMBNAILS))
    # What is left is for texts and plots.
    assert page.THUMBNAILS + page.IMAGES + page.ALIGNMENTS < 8e6


def test_the_templates_are_in_the_package(tmp_path):
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    there = tmp_path / "ocr_tf" / "study" / "report" / "templates"
    ours = Path(page.__file__).parent / "templates"
    assert {p.name for p in there.iterdir()} == {p.name for p in ours.iterdir()}


def test_probes_say_what_they_are_held_against_and_what_squeezes_them(full, undrawn):
    content = rendered(full).text
    (compared,) = full["analysis"].probes["repeats"].levels[-1].control.differences
    apart = compared.against_rest
    assert formatting.interval(apart.low, apart.high, False) in content
    assert "no repeats: 2" in content and "lengths: 32" in content
    assert "squeezed" not in content
    stretched = copy.deepcopy(full)
    for condition in stretched["conditions"]:
        condition["experiment"] = {"config": {"data": {"width": 100}}}
    assert "brought to a width of 100 pixels:" in rendered(stretched).text
    stretched["conditions"][0]["experiment"]["config"]["data"]["width"] = 0
    assert "brought to a width of 100 pixels for attention:" in rendered(stretched).text


def test_a_search_for_rates_is_reported(full):
    searched = copy.deepcopy(full)
    tried = [{"learning_rate": 0.002, "cer": None}, {"learning_rate": 0.00123, "cer": 0.0456}]
    searched["study"]["tuning"] = {
        c: {"steps": 375, "chosen": tried[1], "trials": tried} for c in ("ctc", "attention")
    }
    content = rendered(searched).text
    assert "Learning rates were searched" not in rendered(full).text
    assert "Learning rates were searched" in content and "375" in content
    assert "0.00123" in content and "4.56\N{NO-BREAK SPACE}%" in content and "not finite" in content


def test_images_that_are_not_proven_the_same_are_told():
    report = fake.report(fake.grid(30, 2))
    assert "not\n  proven" not in page.render(report, fake.LineImages(report, range(30)))[0]
    report["test"]["same_images"] = False
    assert "not\n  proven" in page.render(report, fake.LineImages(report, range(30)))[0]

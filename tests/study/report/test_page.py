"""The page: complete, self-contained, escaped, and true to the numbers it was made from."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from markupsafe import Markup

from ocr_tf import options
from ocr_tf.metrics.registry import METRICS, Metric
from ocr_tf.study import report as reports
from ocr_tf.study.comparison.tuning import Range, Trial, Tuned
from ocr_tf.study.report import (
    analysis_tables,
    as_json,
    formatting,
    image_embedding,
    line_list,
    page,
    svg,
    tables,
    tensorboard,
    verdict_text,
)
from ocr_tf.study.report.content import Report
from tests.experiment import tiny
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
    """Figures do not become pictures, which takes most of the time."""

    monkeypatch.setattr(svg, "_svg", lambda figure, name: Markup(f"<svg>{name}</svg>"))
    monkeypatch.setattr(svg, "_png", lambda figure: b"")


def rendered(report) -> parsed.Page:
    return parsed.Page(page.render(report, Bare())[0])


def bare(report: Report, **changes) -> Report:
    """The report without all that may be absent."""
    absent = {"comparisons": {}, "by_metric": (), "controls": None, "curves": {}}
    return dataclasses.replace(report, **{**absent, "analysis": None, "cost": None, **changes})


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
    report = bare(fake.answer(fake.grid(12, 2, evil)))
    content, drawings = page.render(report, Bare())
    shown = parsed.Page(content)
    assert shown.tags.count("script") == 1 and "b>&$x_1$" not in shown.tags
    assert all(name in shown.text for name in evil)
    seeds = next(d for d in drawings if d.name == "seeds")
    assert "&lt;b&gt;&amp;$x_1$" in seeds.wide and "<b>" not in seeds.wide
    check_links(shown)


def test_numbers_are_those_of_the_report(full, shown):
    for conditions in full.rates.values():
        for rows in conditions.values():
            for row in rows:
                for value in (row.cer, row.wer, row.exact, row.one_minus_ned):
                    assert formatting.percent(value) in shown.text
            assert formatting.percent(formatting.mean([row.cer for row in rows])) in shown.text
    pair = full.headline
    for found in (pair.recipes, pair.models):
        assert formatting.points(found.value) in shown.text
        assert formatting.interval(found.low, found.high) in shown.text
    assert formatting.probability(pair.recipes.p) in shown.text
    assert formatting.width(pair.detectable.difference) in shown.text
    for failure in full.analysis.failures.values():
        for rate in failure.rates.values():
            assert formatting.percent(rate.value) in shown.text
    assert full.test_set.fingerprint in shown.text


def test_every_line_is_there_with_what_was_read_of_it(full, shown):
    for i, line in enumerate(full.lines):
        assert f"line-{i}" in shown.ids
        assert re.sub(" +", " ", line.reference) in shown.text


def test_sets_hold_the_lines_that_their_numbers_are_of(full, shown, folder):
    content = (folder / "report.html").read_text("utf-8")
    anchors = {
        title: int(number)
        for number, title in re.findall(r'id="of-(\d+)"><strong>([^<]*)</strong>', content)
    }

    def members(title):
        number = anchors[title]
        return [i for i in range(len(full.lines)) if f"s{number}" in shown.classes[f"line-{i}"]]

    for part in full.analysis.slices:
        assert members(f"{part.family}: {part.name}") == list(part.indices)
    wrong = [
        i
        for i, line in enumerate(full.lines)
        if next(r for r in line.readings["ctc"] if r.seed == 1).edits
    ]
    assert members("misread by ctc, seed 1") == wrong
    # While a set is the target, lines without its class are hidden.
    for number in anchors.values():
        assert f"#of-{number}:target ~ ol > li:not(.s{number})" in content


def test_an_image_that_cannot_be_read_is_missed(shown):
    assert "no image" in shown.text


ABSENT = {
    "controls": {"controls": None},
    "curves": {"curves": {}},
    "analysis": {"analysis": None},
    "cost": {"cost": None},
    "comparisons": {"comparisons": {}},
}


@pytest.mark.parametrize("name", [*ABSENT, None])
def test_a_section_may_be_absent(full, name, undrawn):
    report = bare(full) if name is None else dataclasses.replace(full, **ABSENT[name])
    shown = rendered(report)
    check_links(shown)
    sentences = {
        "controls": "What the trainings shared is not known",
        "curves": "No learning curves",
        "analysis": "No slices",
        "cost": "Not measured",
        "comparisons": "Nothing was compared",
    }
    # Without a comparison there is no pair to take slices of.
    together = {None: set(sentences), "comparisons": {"comparisons", "analysis"}}
    expected = together.get(name, {name} & set(sentences))
    for key, sentence in sentences.items():
        assert (sentence in shown.text) == (key in expected), key


@pytest.mark.parametrize("name", ["slices", "edits", "failures", "confusions", "probes"])
def test_a_cause_may_be_absent(full, name, undrawn):
    empty = type(getattr(full.analysis, name))()
    analysis = dataclasses.replace(full.analysis, **{name: empty})
    check_links(rendered(dataclasses.replace(full, analysis=analysis)))


def test_without_networks_there_are_no_alignments(full, undrawn):
    analysis = dataclasses.replace(full.analysis, alignments=None)
    content = rendered(dataclasses.replace(full, analysis=analysis))
    assert "Where the networks emit" in rendered(full).text
    assert "Where the networks emit" not in content.text
    check_links(content)


def test_spans_without_ink_are_told_as_where_networks_emit(full, undrawn):
    content = re.sub(r"\s+", " ", rendered(full).text)
    assert "where the network emits the symbol, which need not be where the glyph is" in content
    spaced = formatting.percent(0.96).replace(formatting.SPACE, " ")
    assert f"ctc: {spaced} of the symbols whose spans hold no ink" in content
    assert "47.3 pixels" in content


def test_reasons_for_what_is_missing_are_told(full, undrawn):
    report = dataclasses.replace(full, missing=("test images: gone.tsv: No such file",))
    assert "gone.tsv: No such file" in rendered(report).text


def test_several_conditions(undrawn):
    report = fake.report(fake.grid(40, 2, ("a", "b", "c")))
    shown = rendered(report)
    check_links(shown)
    for pair in report.pairs:
        assert formatting.interval(pair.verdict.low, pair.verdict.high) in shown.text


def test_everything_that_tells_the_verdict_tells_the_same(undrawn):
    """Of three pairs, one is clear by itself and tied among all three."""
    reports = (fake.answer(fake.grid(60, 3, tuple("abc"), step=0.35, key=k)) for k in range(12))
    report, pair = next(
        (report, pair)
        for report in reports
        for pair in report.pairs
        if pair.recipes.p <= 0.05 < pair.adjusted.p_adjusted
    )
    first = (pair, *(other for other in report.pairs if other != pair))
    report = dataclasses.replace(report, comparisons={"best": first})
    assert verdict_text.three_lines(report)[0].startswith("Tied at this size: ")
    text, _ = page.render(report, Bare())
    assert '<h2 class="verdict">Tied at this size</h2>' in text
    assert tensorboard._verdict(report).startswith("### Tied at this size")
    saved = json.loads(as_json.dump(report))["comparisons"]["best"][0]["verdict"]
    assert saved["better"] is None and saved["outcome"] == "tied at this size"
    row = next(csv.DictReader(io.StringIO(tables.files(report)["comparisons.csv"])))
    assert row["outcome"] == "tied at this size"


def test_one_condition_alone(undrawn):
    report = bare(fake.answer(fake.grid(20, 2, ("ctc",))))
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
    assert (folder / "report.json").read_text("utf-8") == as_json.dump(full)
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
    short = bare(fake.answer(fake.grid(8, 2)))
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
        broken = dataclasses.replace(full.headline.recipes, value=float("nan"))
        reports.write(fake.edited(full, recipes=broken), tmp_path, Bare())
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
    assert (there.parent / as_json.SCHEMA.name).read_bytes() == as_json.SCHEMA.read_bytes()


def test_probes_say_what_they_are_held_against_and_what_squeezes_them(full, undrawn):
    content = rendered(full).text
    (compared,) = full.analysis.probes["repeats"].levels[-1].control.differences
    apart = compared.against_rest
    assert formatting.interval(apart.low, apart.high, False) in content
    assert "no repeats: 2" in content and "lengths: 32" in content
    assert "squeezed" not in content
    wide = options.replace(tiny.experiment("ctc"), {"data.width": 100})
    free = options.replace(tiny.experiment("ctc"), {"data.width": 0})

    def trained(*experiments):
        conditions = (
            dataclasses.replace(condition, experiment=experiment)
            for condition, experiment in zip(full.conditions, experiments)
        )
        return dataclasses.replace(full, conditions=tuple(conditions))

    assert "brought to a width of 100 pixels:" in rendered(trained(wide, wide)).text
    assert "brought to a width of 100 pixels for attention:" in rendered(trained(free, wide)).text


def test_a_new_metric_is_one_entry(tmp_path, monkeypatch):
    longer = Metric(
        "longer",
        "longer",
        "the share of lines read longer",
        lambda r, h: len(h) > len(r),
        lambda r: 1,
    )
    monkeypatch.setitem(METRICS, "longer", longer)
    report = fake.answer(fake.grid(40, 2), metric="longer")
    text = rendered(report).text
    assert report.study.metric == report.headline.metric == "longer"
    row = report.rates["best"]["ctc"][0]
    assert formatting.percent(row.figures["longer"]) in text
    assert "the mean over lines of the edits per symbol of the longer text" in text
    files = tables.files(report)
    assert "longer" in files["rates.csv"].splitlines()[0] and "longer" in files["rates.tex"]
    assert "longer" in tensorboard._rates(report)
    content = json.loads(as_json.dump(report))
    jsonschema.validate(content, json.loads(as_json.SCHEMA.read_text("utf-8")))


def test_a_search_for_rates_is_reported(full):
    rate = "train.learning_rate"
    tried = (Trial({rate: 0.002}, None), Trial({rate: 0.00123}, 0.0456))
    of = {rate: Range(0.0002, 0.02, True)}
    tuning = {c: Tuned(375, 2, of, tried[1], tried) for c in ("ctc", "attention")}
    searched = dataclasses.replace(full, study=dataclasses.replace(full.study, tuning=tuning))
    content = rendered(searched).text
    assert "Options were searched" not in rendered(full).text
    assert "Options were searched" in content and "375" in content
    assert "0.00123" in content and "4.56\N{NO-BREAK SPACE}%" in content and "not finite" in content


def test_images_that_are_not_proven_the_same_are_told():
    report = bare(fake.answer(fake.grid(30, 2)))
    assert "not\n  proven" not in page.render(report, Bare())[0]
    unproven = dataclasses.replace(report.test_set, same_images=False)
    assert "not\n  proven" in page.render(dataclasses.replace(report, test_set=unproven), Bare())[0]


@pytest.mark.parametrize(
    "searches, sentence",
    [
        (("beam",), "All readings are of the search beam ."),
        (("beam", "greedy"), "Not all runs read with the same search : beam , greedy ."),
    ],
)
def test_a_search_that_is_not_greedy_is_said(searches, sentence):
    report = fake.answer(fake.grid(40, 2))
    usual = " ".join(rendered(report).text.split())
    assert "of the search" not in usual and "All runs read by greedy search" in usual
    changed = dataclasses.replace(report.reproduce, searches=searches)
    text = " ".join(rendered(dataclasses.replace(report, reproduce=changed)).text.split())
    assert sentence in text and "All runs read by greedy search" not in text


def test_a_sentence_says_which_slices_differ_from_the_rest(full):
    lists = line_list.Lists(range(len(full.lines)))
    every = analysis_tables.slices(full.analysis, ("ctc", "attention"), lists)

    def said(ps):
        family = next(iter(every))
        rows = [
            row._replace(name=f"s{i}", compared=dataclasses.replace(row.compared, p_adjusted=p))
            for i, (row, p) in enumerate(zip([every[family][0]] * len(ps), ps))
        ]
        return analysis_tables.slices_sentence({"length": rows})

    assert "Of 2 slices tested, none differs from the rest" in said([0.2, 0.051, None])
    one = said([0.04, 0.6, 0.7])
    assert "Of 3 slices tested, 1 differs" in one and one.endswith(": length, s0.")
    assert "2 differ from" in said([0.05, 0.01])
    assert said([None]) == "No slice could be tested against the rest."
    assert analysis_tables.slices_sentence(every) in page.render(full, Bare())[0]


def test_every_rate_of_the_main_table_has_its_interval(full, undrawn):
    content, _ = page.render(full, Bare())
    for metrics in full.intervals["best"].values():
        for name, rate in metrics.items():
            higher = METRICS[name].higher_is_better
            assert formatting.figure_interval(rate.low, rate.high, higher) in content
    assert formatting.figure_interval(0.1, 0.3, True) == f"70.00 to 90.00{formatting.SPACE}%"
    assert formatting.figure_interval(-0.1, 0.3, True) == f"70.00 to 100.00{formatting.SPACE}%"

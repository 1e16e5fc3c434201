"""What TensorBoard shows of a study's folder, through the server's own readers."""

from __future__ import annotations

import dataclasses
import html
import re
from types import SimpleNamespace

import pytest
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import (
    api_pb2,
    backend_context,
    get_experiment,
    list_session_groups,
)

from ocr_tf.alphabet import Alphabet
from ocr_tf.experiment.runs import predictions
from ocr_tf.experiment.runs.predictions import CheckpointRead, EvaluationResults, RateFigures
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.tensorboard import event_file
from ocr_tf.study import compare
from ocr_tf.study.config import Study
from ocr_tf.study.report import formatting, page, svg, tensorboard, verdict_text
from ocr_tf.study.study_folder import StudyFolder
from tests.experiment import tiny
from tests.study import fake

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard")
EVIL = "<script>alert(1)</script>"
GROUPS = {"seeds": "verdict", "per-line": "verdict_analysis"}  # by section


class Server:
    """A TensorBoard on a folder."""

    def __init__(self, folder):
        self._folder = str(folder)
        self._multiplexer = EventMultiplexer()
        self._provider = MultiplexerDataProvider(self._multiplexer, self._folder)
        self._request = RequestContext()
        self.reload()

    def reload(self):
        self._multiplexer.AddRunsFromDirectory(self._folder).Reload()

    def listed(self, plugin):
        kind = {"images": self._provider.list_blob_sequences, "text": self._provider.list_tensors}
        return kind[plugin](self._request, experiment_id="", plugin_name=plugin)

    def pngs(self, run, tag):
        """Of every step."""
        found = self._multiplexer.Tensors(run, tag)
        return [event.tensor_proto.string_val[2] for event in found]

    def page(self, run, tag):
        """A text as the text tab shows it; there is one of it."""
        from tensorboard import plugin_util  # Here, because it warns of itself.

        (event,) = self._multiplexer.Tensors(run, tag)
        return plugin_util.markdown_to_safe_html(event.tensor_proto.string_val[0])

    def table(self):
        """The HParams tab's columns, and its rows by their runs."""
        context = backend_context.Context(TBContext(data_provider=self._provider))
        asked = api_pb2.ListSessionGroupsRequest(
            allowed_statuses=[api_pb2.STATUS_SUCCESS, api_pb2.STATUS_UNKNOWN],
            aggregation_type=api_pb2.AGGREGATION_AVG,
            slice_size=99,
        )
        columns = get_experiment.Handler(
            self._request, context, "", api_pb2.GetExperimentRequest()
        ).run()
        found = list_session_groups.Handler(self._request, context, "", asked).run()
        return columns, {group.name: group for group in found.session_groups}


def tags(pictures):
    """The tag that each is shown under."""
    return {f"{GROUPS[drawing.section]}/{drawing.name}": drawing.png for drawing in pictures}


def drawings(*names):
    """Pictures of different sizes, one for the answer."""
    return [
        svg.drawing(name, f"about {EVIL}", lambda width, i=i: svg.canvas(width, 40 + i))._replace(
            section=("seeds", "per-line")[i % 2]
        )
        for i, name in enumerate(names)
    ]


def experiments(heads=("ctc", "attention")):
    return {h: dataclasses.replace(tiny.experiment(h, patience=0), name=h) for h in heads}


def reported(**about):
    """Of runs in the folder where a study has them."""
    report = fake.answer(fake.grid(12, 2, ("ctc", "attention"), first=EVIL))
    about = {"evaluation": "best", **about}
    return with_experiments(
        dataclasses.replace(report, study=dataclasses.replace(report.study, **about)), experiments()
    )


def with_experiments(report, every):
    conditions = (
        dataclasses.replace(condition, experiment=every.get(condition.name))
        for condition in report.conditions
    )
    return dataclasses.replace(report, conditions=tuple(conditions))


def trained(folder, report, evaluation="best"):
    """Runs as the report has them, without a training."""
    for name, experiment in experiments().items():
        for row in report.rates["best"][name]:
            train = dataclasses.replace(experiment.train, seed=row.seed)
            run = RunFolder.create_or_open(folder / name / f"seed-{row.seed}")
            run.begin(
                dataclasses.replace(experiment, train=train), Alphabet.from_texts(["0123"]), {}
            )
            figures = {"train/loss": 2.0, **dict.fromkeys(tensorboard.RECORDED, 0.5)}
            run.metrics.append({"step": 12, "wall": 1.0, **figures, "finished": True})
            results = EvaluationResults(
                name,
                ("lines.tsv",),
                "f",
                RateFigures.from_flat(row.as_flat()),
                checkpoint=CheckpointRead("best", 12),
            )
            predictions.write(run.evaluations_path / evaluation, results, [])
            event_file.refresh(run)


@pytest.fixture(scope="module")
def pictures():
    return drawings("seeds", "interval", "histogram")


@pytest.fixture
def report():
    return reported()


@pytest.fixture
def written(report, pictures, tmp_path):
    """A study's folder."""
    trained(tmp_path, report)
    (tmp_path / "report").mkdir()
    tensorboard.write(report, pictures, tmp_path / "report")
    return tmp_path


def test_every_figure_is_there_once_under_its_name(written, pictures):
    server = Server(written)
    shown = server.listed("images")
    assert set(shown) == {"report"}
    assert {tag: server.pngs("report", tag) for tag in shown["report"]} == {
        tag: [png] for tag, png in tags(pictures).items()
    }
    for series in shown["report"].values():
        assert (
            html.unescape(series.description) == f"about {EVIL}" and "<" not in series.description
        )


def test_a_second_report_takes_the_place_of_the_first_also_where_it_is_watched(
    written, report, pictures
):
    watching = Server(written)
    other = drawings("seeds", "calibration")[::-1]
    for _ in range(2):  # within a second
        tensorboard.write(report, other, written / "report")
        watching.reload()
        new = Server(written)
        assert set(new.listed("images")["report"]) == set(tags(other))
        for server in (watching, new):
            for tag, png in tags(other).items():
                assert server.pngs("report", tag) == [png]
            assert server.page("report", "answer/verdict")
        for tag in set(tags(pictures)) - set(tags(other)):
            assert watching.pngs("report", tag) == []
    assert len([p for p in (written / "report").iterdir() if event_file.MARK in p.name]) == 1


def test_what_answers_comes_first():
    names = ("ctc-0", "attention-0", "ctc-1", "attention-1")
    report = fake.answer(fake.grid(30, 2, names), contrasts={"change": (names[:2], names[2:])})
    tags = [
        tensorboard.tag(drawing)
        for drawing in page.render(report, fake.LineImages(report, range(30)))[1]
    ]
    assert {"verdict/contrasts", "verdict/interval", "verdict/seeds", "verdict/variance"} < set(
        tags
    )
    assert {"verdict_analysis/curve_val", "verdict_analysis/cumulative"} < set(tags)


def test_the_verdict_is_there_in_words(written, report):
    shown = html.unescape(Server(written).page("report", "answer/verdict"))
    said = verdict_text.verdict(report)
    for text in (said.title, said.lead, said.sensitivity, verdict_text.NOT_SHOWN):
        assert text in shown
    for target in said.targets:
        assert target.value in shown and (target.interval or target.withheld) in shown


def test_the_verdict_has_what_other_metrics_say_and_what_it_rests_on(pictures, tmp_path):
    report = reported()
    clear = {"value": 0.05, "low": 0.01, "high": 0.09, "p": 0.01}
    others = tuple(
        dataclasses.replace(other, recipes=dataclasses.replace(other.recipes, **clear))
        for other in report.by_metric
    )
    report = dataclasses.replace(report, by_metric=others)
    tensorboard.write(report, pictures, tmp_path)
    shown = html.unescape(Server(tmp_path).page(".", "answer/verdict"))
    said = verdict_text.verdict(report)
    assert said.otherwise in shown and said.targets[0].rests in shown


def test_every_seed_s_rates_are_there(written, report):
    rows = re.findall("<tr>(.*?)</tr>", Server(written).page("report", "answer/rates"), re.DOTALL)
    cells = [[html.unescape(c) for c in re.findall("<td>(.*?)</td>", row)] for row in rows[1:]]
    rates = [formatting.percent(row.cer) for c in report.rates["best"].values() for row in c]
    assert [row[3] for row in cells] == rates
    assert [row[:3] for row in cells] == [
        [name, seed, "best"] for name in ("ctc", "attention") for seed in "01"
    ]


def test_names_are_shown_as_they_are(pictures, tmp_path):
    report = fake.answer(fake.grid(12, 2, ("a|b *c*", EVIL)))
    tensorboard.write(report, pictures, tmp_path)
    server = Server(tmp_path)
    for tag in ("answer/verdict", "answer/rates"):
        shown = server.page(".", tag)
        assert "<script" not in shown and EVIL in html.unescape(shown)
        assert "a|b *c*" in html.unescape(shown)


def test_the_table_of_runs_has_their_settings_and_final_figures(written, report):
    columns, rows = Server(written).table()
    titles = {info.name: info.display_name for info in columns.hparam_infos}
    assert titles == tensorboard.SETTINGS
    differing = {info.display_name for info in columns.hparam_infos if info.differs}
    assert differing == {"condition", "head", "seed"}
    figures = [info.display_name for info in columns.metric_infos]
    assert figures[:3] == ["test CER, best", "test WER, best", "test exact match, best"]
    assert set(rows) == {f"{h}/seed-{s}" for h in experiments() for s in (0, 1)}
    for condition, seeds in report.rates["best"].items():
        for row in seeds:
            shown = rows[f"{condition}/seed-{row.seed}"]
            assert set(titles) <= set(shown.hparams)
            assert shown.hparams["Experiment"].string_value == condition
            assert shown.hparams["Seed"].number_value == row.seed
            values = {value.name.tag: value.value for value in shown.metric_values}
            assert set(values) == {info.name.tag for info in columns.metric_infos}
            for key in tensorboard.MEASURED:
                assert values[f"values/test/best/{key}"] == pytest.approx(getattr(row, key))


def test_a_setting_that_differs_between_conditions_is_a_column(report, pictures, tmp_path):
    halves = dataclasses.replace(experiments()["ctc"].data, share=0.5)
    every = experiments()
    changed = {**every, "ctc": dataclasses.replace(every["ctc"], data=halves)}
    report = with_experiments(report, changed)
    tensorboard.write(report, pictures, tmp_path)
    columns, _ = Server(tmp_path).table()
    assert {i.name for i in columns.hparam_infos} == {*tensorboard.SETTINGS, "data.share"}


def test_figures_are_those_of_the_evaluation_that_was_compared(pictures, tmp_path):
    report = reported(evaluation="test")
    trained(tmp_path, report, evaluation="test")
    tensorboard.write(report, pictures, tmp_path)
    columns, rows = Server(tmp_path).table()
    assert {"values/test/cer", "values/test/wer", "values/test/exact"} <= {
        i.name.tag for i in columns.metric_infos
    }
    assert all(len(row.metric_values) == len(columns.metric_infos) for row in rows.values())


def test_runs_keep_their_own_columns_beside_what_is_no_run(written, report, pictures):
    report = with_experiments(report, {})
    tensorboard.write(report, pictures, written / "report")
    columns, rows = Server(written).table()
    assert "train.batch_size" in {info.name for info in columns.hparam_infos} and len(rows) == 4


def test_the_study_brings_up_to_date_what_its_runs_show(written, monkeypatch):
    for path in written.glob("*/seed-*"):
        (path / "evaluations").rename(path / "later")
        event_file.refresh(RunFolder(path))
        (path / "later").rename(path / "evaluations")
    assert all(len(row.metric_values) == 2 for row in Server(written).table()[1].values())
    monkeypatch.setattr(
        compare, "join", lambda *_, **__: SimpleNamespace(cells={}, ids=[], references=[])
    )
    monkeypatch.setattr(compare, "_report", lambda *_: None)
    every = experiments()
    compare.study(StudyFolder(written), Study.of("s", every, seeds=2), every)
    assert all(len(row.metric_values) == 5 for row in Server(written).table()[1].values())

"""A report as TensorBoard shows it, beside the runs: verdict and rates as texts, figures as pictures.

Its HParams summary makes the table of the runs below the same folder: which settings and final figures
are its columns, and under which names. The table shows five of each by itself, settings that differ
before others, then by the names of their flags.
TensorFlow-free.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Union

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import metadata as hparams

from ocr_tf.experiment.tensorboard import event_file, summaries
from ocr_tf.metrics.registry import METRICS
from ocr_tf.study.report import contrasts, formatting, plan_text, verdict_text
from ocr_tf.study.report.content import Report
from ocr_tf.study.report.plot_registry import SECTIONS
from ocr_tf.study.report.svg import Drawing

Settings = dict[str, Union[bool, str, float]]  # of a run, by `summaries.hyperparameters`

# Settings that the table always has, by `summaries.hyperparameters`; and those that differ.
SETTINGS = {
    "Experiment": "condition",
    "Encoder": "encoder",
    "Head": "head",
    "sequence.layers": "layers",
    "Seed": "seed",
    "Learning rate": "learning rate",
    "train.steps": "steps",
}
MEASURED = {"cer": "test CER", "wer": "test WER", "exact": "test exact match"}
# What runs record of themselves, also those that are not evaluated yet.
RECORDED = {
    "values/val_best/cer": "best validation CER",
    "values/aligned_at/step": "aligned since step",
}
TYPES = {bool: api_pb2.DATA_TYPE_BOOL, str: api_pb2.DATA_TYPE_STRING}


def write(report: Report, drawings: Iterable[Drawing], folder: Path) -> Path:
    """Replaces the event files of a report's folder.

    Raises:
        OSError: nothing can be written there.
    """
    values = [
        summaries.text("answer/verdict", _verdict(report)),
        summaries.text("answer/rates", _rates(report)),
        *(summaries.image(tag(drawing), drawing.png, drawing.about) for drawing in drawings),
    ]
    settings = _settings(report)
    if settings:
        values.append(_table_of_runs(report, settings))
    return event_file.replace(folder, [summaries.event(0, time.time(), values)])


def tag(drawing: Drawing) -> str:
    """Names a plot's picture: plots that answer what was asked sort before the others.

    TensorBoard sorts by tag: both groups come after the curves of the runs, `train` and `val`.
    """
    return f"{'verdict' if SECTIONS[drawing.section] else 'verdict_analysis'}/{drawing.name}"


def _verdict(report: Report) -> str:
    said = verdict_text.verdict(report)
    if said is None:
        return "nothing was compared"
    targets = [
        (
            t.name,
            t.value,
            t.interval or t.withheld or "",
            t.p,
            f"{t.meaning}. {t.rests}" if t.rests else t.meaning,
        )
        for t in said.targets
    ]
    header = (
        "target",
        f"{said.a} - {said.b}",
        f"{formatting.level(report.confidence)} interval",
        "p",
        "meaning",
    )
    changes = contrasts.contrasts(report)
    parts = [
        *(part for change in changes for part in _change(change)),
        "### " + summaries.escaped(said.title),
        *map(summaries.escaped, filter(None, (said.lead, said.few, said.otherwise))),
        *map(summaries.escaped, _planned(report)),
        summaries.table([summaries.escaped(cell) for cell in header], targets),
        *map(summaries.escaped, (said.sensitivity, *said.others, verdict_text.NOT_SHOWN)),
    ]
    return "\n\n".join(parts)


def _planned(report: Report) -> list[str]:
    """Says what was planned, and which look this is."""
    looks = plan_text.looks(report)
    return [plan_text.plan(report).sentence, *([looks.lead, looks.next] if looks else [])]


def _change(change: contrasts.ChangeText) -> list[str]:
    said = f"{change.terms} = {change.numbers}"
    return ["### " + summaries.escaped(change.title), *map(summaries.escaped, (change.lead, said))]


def _rates(report: Report) -> str:
    titles = (metric.title for metric in METRICS.values())
    header = ("condition", "seed", "checkpoint", *titles, "aligned since step")
    rows = [
        (
            name,
            str(row.seed),
            checkpoint,
            *(formatting.percent(row.figures[metric]) for metric in METRICS),
            formatting.step(report.aligned_at.get(name, {}).get(row.seed)),
        )
        for checkpoint, conditions in report.rates.items()
        for name, seeds in conditions.items()
        for row in seeds
    ]
    return summaries.table(header, rows)


def _settings(report: Report) -> list[Settings]:
    """Lists the settings of the conditions that are runs."""
    return [
        summaries.hyperparameters(condition.experiment)
        for condition in report.conditions
        if condition.experiment is not None
    ]


def _table_of_runs(report: Report, settings: Sequence[Settings]) -> Summary.Value:
    values = {name: {one[name] for one in settings if name in one} for name in settings[0]}
    values["Seed"] = {seed for c in report.conditions for seed in c.seeds}
    shared = [name for name in values if all(name in one for one in settings)]
    chosen = [name for name in shared if name in SETTINGS or len(values[name]) > 1]
    evaluation = report.study.evaluation
    which = "" if evaluation == "test" else f", {evaluation}"
    measured = {
        summaries.evaluation_tag(evaluation, key): title + which for key, title in MEASURED.items()
    }
    experiment = api_pb2.Experiment(
        hparam_infos=[_setting(name, values[name]) for name in chosen],
        metric_infos=[
            api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=title)
            for tag, title in {**measured, **RECORDED}.items()
        ],
    )
    content = plugin_data_pb2.HParamsPluginData(experiment=experiment)
    return summaries.plugin_data(hparams.EXPERIMENT_TAG, content)


def _setting(name: str, values: set[Union[bool, str, float]]) -> api_pb2.HParamInfo:
    """A column. Its domain stays open: the folder may hold other runs, whom it would hide."""
    return api_pb2.HParamInfo(
        name=name,
        display_name=SETTINGS.get(name, ""),
        type=TYPES.get(type(next(iter(values))), api_pb2.DATA_TYPE_FLOAT64),
        differs=len(values) > 1,
    )

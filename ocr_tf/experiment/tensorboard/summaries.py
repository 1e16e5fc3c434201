"""What TensorBoard shows of a run, made from the files of its folder and from nothing else.

A record of metrics.jsonl is {"step": 120, "wall": 1700000000.0, "train/loss": 1.5, ...}: `wall` in
seconds of Unix time; every key with a slash is a scalar of exactly that tag, so that runs overlay. A
null is a value that does not exist, and gives no point. Four keys have a meaning of their own:

    lines       [{"id", "reference", "text", "picture"}]: a table of the texts, and the pictures, which
                are PNG files named relative to the run folder, null where there is none
    confusions  [[true, read, times]], most frequent first: a table
    finished    true in the last validation's record
    finding     what must be known of the run before its figures are: a text

The configuration becomes hyperparameters, and evaluations/NAME/results.json the scalars
values/test/NAME/cer and so on; values/test/cer if NAME is test.

TensorBoard sorts by name and opens on what comes first, so the names are chosen: the curves (train, val) come
before single values (values) and pictures (view), and of the five figures that the table of hyperparameters
shows by itself three are the test's and two the best validation's. Its settings are sorted too, capitals
first: see `hyperparameters`.

TensorFlow-free: its writer stamps each event with the time of writing, and what is written anew on
resume would lose its wall times.
"""

from __future__ import annotations

import json
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import metadata as hparams
from tensorboard.plugins.image import metadata as images
from tensorboard.plugins.text import metadata as texts
from tensorboard.util.tensor_util import make_tensor_proto

from ocr_tf import options
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.run_folder import RESUMABLE, RunFolder

# Settings that the table of hyperparameters shows by itself, where no other differ between its runs.
NAMED = {"train.learning_rate": "Learning rate", "train.seed": "Seed"}

# Flags that no comparison of runs asks for, beside those that touch no weight.
NOT_SHOWN = (
    *RESUMABLE,
    "data.alphabet",
    "data.max_width",
    "data.max_pixels",
    "data.val_share",
    "data.strict",
    "train.evaluate_every",
)

MEASURED = ("cer", "wer", "exact")  # of an evaluation
MISSING = "(nothing)"  # in the table of confusions: the other side of an insertion or a deletion


def opening(run: RunFolder) -> list[Event]:
    """The run's configuration, and its graph where there is one."""
    began = (run.path / "run.json").stat().st_mtime
    events = [event(0, began, [_session_start(run.experiment, began)])]
    if run.graph_path.exists():
        events.append(Event(wall_time=began, graph_def=run.graph_path.read_bytes()))
    return events


def of_record(record: Mapping[str, Any], folder: Path) -> list[Event]:
    """The record's event; none where it has nothing to show.

    Raises:
        ValueError: the record is not of the form above.
        OSError: a picture cannot be read.
    """
    if not isinstance(record, Mapping):
        raise ValueError(f"a record is an object, not {record!r}")
    step, wall = record.get("step"), record.get("wall")
    if not isinstance(step, numbers.Integral) or isinstance(step, bool):
        raise ValueError(f"step is a whole number, not {step!r}")
    if not isinstance(wall, numbers.Real) or isinstance(wall, bool):
        raise ValueError(f"wall is a Unix time in seconds, not {wall!r}")
    values = list(_scalars(record))
    lines = record.get("lines", ())
    for line in lines:
        picture = line["picture"] and folder / line["picture"]
        if picture and picture.exists():  # somebody may have needed the space
            values.append(image(f"view/{line['id']}", picture.read_bytes()))
    if lines:
        rows = [(line["id"], line["reference"], line["text"]) for line in lines]
        values.append(text("val/lines", table(("line", "true", "read"), rows)))
    if "confusions" in record:
        rows = [(a or MISSING, b or MISSING, str(times)) for a, b, times in record["confusions"]]
        header = ("true", "read", "times") if rows else ("every line is read right",)
        values.append(text("val/confusions", table(header, rows)))
    if "finding" in record:
        values.append(text("val/finding", escaped(record["finding"])))
    if record.get("finished"):
        values.append(_session_end(float(wall)))
    return [event(int(step), float(wall), values)] if values else []


def of_evaluations(run: RunFolder) -> Iterator[Event]:
    """The figures of every evaluation of a checkpoint, at the checkpoint's step."""
    for path in sorted(run.evaluations_path.glob("*/results.json")):
        try:
            results = json.loads(path.read_bytes())
            step, rates = results["checkpoint"]["step"], results["rates"]
            tags = {evaluation_tag(path.parent.name, name): rates[name] for name in MEASURED}
            yield event(step, path.stat().st_mtime, list(_scalars(tags)))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not a checkpoint's, or damaged: no reason to refuse the training


def evaluation_tag(evaluation: str, measured: str) -> str:
    """The tag of a figure, one of MEASURED, of evaluations/NAME."""
    path = "" if evaluation == "test" else f"{evaluation}/"
    return f"values/test/{path}{measured}"


def hyperparameters(experiment: Experiment) -> dict[str, Any]:
    """Names the experiment's settings for TensorBoard; those that are empty are left out.

    Its table shows five by itself: first those that differ between runs, then by their names. So the five
    that everybody asks for begin with a capital, and the others are called as their flags are.
    """
    shown = {
        "Experiment": experiment.name,
        "Encoder": experiment.encoder_name,
        "Head": experiment.head_name,
    }
    for leaf in options.leaves(experiment):
        if leaf.name not in NOT_SHOWN and leaf.value not in ("", ()):
            plain = isinstance(leaf.value, (bool, int, float))
            shown[NAMED.get(leaf.name, leaf.name)] = leaf.value if plain else flags.text(leaf.value)
    return shown


def event(step: int, wall: float, values: Iterable[Summary.Value]) -> Event:
    """Makes an event of a training step, at a time in seconds since 1970."""
    return Event(wall_time=wall, step=step, summary=Summary(value=values))


def image(tag: str, png: bytes, about: str = "") -> Summary.Value:
    """A picture, with a text beside it."""
    width, height = (str(int.from_bytes(png[i : i + 4], "big")).encode() for i in (16, 20))
    metadata = images.create_summary_metadata("", escaped(about))
    return _tensor(tag, metadata, [width, height, png])


def text(tag: str, markdown: str) -> Summary.Value:
    """A text whose parts that are no markup are `escaped`."""
    return _tensor(tag, texts.create_summary_metadata("", ""), markdown.encode())


def table(header: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table whose cells show their texts as they are."""
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    lines += ["| " + " | ".join(map(escaped, row)) + " |" for row in rows]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """As HTML's character references, which neither Markdown nor the browser reads as markup."""
    text = re.sub(r"^ +| +$|(?<= ) +", lambda spaces: "\N{OPEN BOX}" * len(spaces[0]), text)
    return "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in text)


def plugin_data(tag: str, content: plugin_data_pb2.HParamsPluginData) -> Summary.Value:
    """Something of the HParams plugin."""
    metadata = hparams.create_summary_metadata(content)
    return Summary.Value(tag=tag, metadata=metadata, tensor=hparams.NULL_TENSOR)


def _scalars(record: Mapping[str, Any]) -> Iterator[Summary.Value]:
    for tag, value in record.items():
        if "/" not in tag or value is None:
            continue
        if not isinstance(value, numbers.Real):
            raise ValueError(f"{tag} is a number, not {value!r}")
        yield Summary.Value(tag=tag, simple_value=float(value))


def _tensor(tag: str, metadata: SummaryMetadata, content: Any) -> Summary.Value:
    return Summary.Value(tag=tag, metadata=metadata, tensor=make_tensor_proto(content))


def _session_start(experiment: Experiment, began: float) -> Summary.Value:
    info = plugin_data_pb2.SessionStartInfo(start_time_secs=began)
    for name, value in hyperparameters(experiment).items():
        if isinstance(value, bool):
            info.hparams[name].bool_value = value
        elif isinstance(value, str):
            info.hparams[name].string_value = value
        else:
            info.hparams[name].number_value = value
    content = plugin_data_pb2.HParamsPluginData(session_start_info=info)
    return plugin_data(hparams.SESSION_START_INFO_TAG, content)


def _session_end(ended: float) -> Summary.Value:
    info = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=ended)
    content = plugin_data_pb2.HParamsPluginData(session_end_info=info)
    return plugin_data(hparams.SESSION_END_INFO_TAG, content)

r"""Evaluations on disk: the one place that knows the formats.

An evaluation's folder, of a run or of any other system, holds

    results.json         EvaluationResults: the rates with their counts, who read, which lines
    predictions.jsonl    a Prediction a line, in the order of the lines

A file of predictions that comes from elsewhere is either JSON lines, {"id": ..., "text": ...} with
log_prob, ended, ok and the like if the system has them (so that our own predictions.jsonl is such a file), or
TSV: id, tab, text. It is UTF-8 (a byte order mark is tolerated); a line ends in \n or \r\n, and
blank lines are skipped. JSON lines are told by the brace that the file begins with.

TensorFlow-free: whoever compares systems need not load one.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from ocr_tf.atomic import atomic_write
from ocr_tf.errors import InputError
from ocr_tf.metrics.calibration import Calibration
from ocr_tf.metrics.error_rates import Rates
from ocr_tf.normalization import nfc
from ocr_tf.text_file import read_text_file

RESULTS, PREDICTIONS = "results.json", "predictions.jsonl"
NO_CHECKPOINT = "none"  # of a run that diverged before its first: nothing was read

# A sum of rounded log probabilities may end a little above 0; a confidence in percent, far above.
ROUNDING = 1e-3


@dataclasses.dataclass(frozen=True)
class RateFigures:
    """Error rates with their counts, as `ocr_tf.metrics.error_rates` defines them.

    Figures are fractions; None where there is nothing to divide by.
    """

    normalization: str
    figures: dict[str, Optional[float]]  # by the name of the metric, as METRICS shows it
    ar: Optional[float]
    cr: Optional[float]
    lines: int
    exact_lines: int
    insertions: int
    deletions: int
    substitutions: int
    length: int  # symbols of the references
    word_insertions: int
    word_deletions: int
    word_substitutions: int
    word_length: int

    @classmethod
    def from_rates(cls, rates: Rates) -> RateFigures:
        """Takes the figures of what has been measured."""
        return cls.from_flat(rates.as_dict())

    @classmethod
    def from_flat(cls, values: Mapping[str, Any]) -> RateFigures:
        """Reads what `as_flat` gives.

        Raises:
            TypeError: a field is missing.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        figures = {name: value for name, value in values.items() if name not in names}
        return cls(figures=figures, **{n: value for n, value in values.items() if n in names})

    def as_flat(self) -> dict[str, Union[str, int, float, None]]:
        """Gives figures and counts side by side, as results.json and tables have them."""
        counts = {f.name: getattr(self, f.name) for f in dataclasses.fields(RateFigures)}
        del counts["figures"]
        return {**self.figures, **counts}

    @property
    def cer(self) -> Optional[float]:
        """Character error rate."""
        return self.figures["cer"]

    @property
    def wer(self) -> Optional[float]:
        """Word error rate."""
        return self.figures["wer"]

    @property
    def exact(self) -> Optional[float]:
        """The share of lines read without an error."""
        return self.figures["exact"]

    @property
    def one_minus_ned(self) -> Optional[float]:
        """1 minus the mean over lines of the edits per symbol of the longer text."""
        return self.figures["one_minus_ned"]

    @property
    def edits(self) -> int:
        """Counts wrong symbols."""
        return self.insertions + self.deletions + self.substitutions


@dataclasses.dataclass(frozen=True)
class CheckpointRead:
    """The checkpoint of a run that was evaluated."""

    which: str  # "best", "last" or NO_CHECKPOINT
    step: int


@dataclasses.dataclass(frozen=True)
class EvaluationResults:
    """The content of results.json.

    A run has the fields from `run` on, another system `predictions`, several runs as one `ensemble`,
    a classical recognizer `classical`.
    """

    system: str  # the experiment's name, or what the other system is called
    test: tuple[str, ...]  # the sources of the lines
    fingerprint: str  # of the lines
    rates: RateFigures
    troubled_lines: dict[str, int] = dataclasses.field(default_factory=dict)  # by kind of TROUBLES
    predictions: Optional[str] = None  # the file that another system's texts were read from
    ensemble: Optional[tuple[str, ...]] = None  # the runs that read as one
    classical: Optional[str] = None  # the file of a classical recognizer
    milliseconds: Optional[float] = None  # that it took for a line, decoding the image aside
    run: Optional[str] = None  # the run's folder
    experiment: Optional[str] = None
    seed: Optional[int] = None
    checkpoint: Optional[CheckpointRead] = None
    search: Optional[str] = None  # as --search names it
    temperature: Optional[float] = (
        None  # that divided the logits; files from before it was one lack it
    )
    finished: Optional[bool] = None  # the run's training
    training_seconds: Optional[float] = None
    # Of exp(log_prob) under the normalization of `rates`; None where the system has no log_prob.
    calibration: Optional[Calibration] = None

    def as_json(self) -> str:
        """The file's text; fields that are None are left out."""
        content = {
            name: value for name, value in dataclasses.asdict(self).items() if value is not None
        }
        content["rates"] = self.rates.as_flat()
        if self.calibration is not None:
            content["calibration"] = self.calibration.as_dict()
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: Union[str, bytes]) -> EvaluationResults:
        """Reads what `as_json` wrote.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        content = json.loads(text)
        checkpoint = content.pop("checkpoint", None)
        calibration = content.pop("calibration", None)
        ensemble = content.pop("ensemble", None)
        return cls(
            rates=RateFigures.from_flat(content.pop("rates")),
            test=tuple(content.pop("test")),
            checkpoint=None if checkpoint is None else CheckpointRead(**checkpoint),
            ensemble=None if ensemble is None else tuple(ensemble),
            calibration=None if calibration is None else Calibration.from_dict(calibration),
            **content,
        )


class Prediction(NamedTuple):
    """A system's reading of one line."""

    id: str
    text: str
    reference: Optional[str] = None  # None only before it is known
    log_prob: Optional[float] = None  # log p(text | image); None where the system has none
    reference_log_prob: Optional[float] = None  # log p(reference | image); None if unknown or log 0
    ended: bool = True  # false where the search hit its bound
    ok: bool = True  # false where there is no reading: the text is then empty
    objective: Optional[float] = None  # what the search ranked by; None where the system tells none
    # Of each symbol, 0 to 1, in the order of the image: from left to right that of the text. None where the
    # system has none.
    confidences: Optional[tuple[float, ...]] = None


class Placed(NamedTuple):
    """A prediction and the line of a file that it was read from."""

    place: str  # for messages, as "tesseract.tsv:12"
    prediction: Prediction


def write(folder: Path, evaluation: EvaluationResults, predictions: Iterable[Prediction]) -> None:
    """Writes an evaluation's folder; the results, which vouch for the predictions, last."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(p._asdict(), ensure_ascii=False) + "\n" for p in predictions)
    atomic_write(folder / PREDICTIONS, "".join(lines).encode())
    write_results(folder, evaluation)


def write_results(folder: Path, evaluation: EvaluationResults) -> None:
    """Writes the results alone, of predictions that are there."""
    atomic_write(folder / RESULTS, evaluation.as_json().encode())


def results(folder: Path) -> Optional[EvaluationResults]:
    """Reads an evaluation's results.json; None if there is none, or it is damaged."""
    try:
        return EvaluationResults.from_json((folder / RESULTS).read_bytes())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def refuse_other_results(output: Path, evaluation: EvaluationResults) -> None:
    """Refuses a folder of --output that holds anything but results of the same system on the same lines.

    Raises:
        InputError: it does.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"--output={output} is not a folder; choose another")
    if not output.exists() or not any(output.iterdir()):
        return
    before = results(output)
    if before is None:
        raise InputError(f"--output={output} is not empty and holds no results; choose another")
    # A run's results name no file of predictions, no other runs and no classical recognizer.
    own = before.predictions is None and before.ensemble is None and before.classical is None
    if own or before.system != evaluation.system:
        raise InputError(f"--output={output} holds results of another system; choose another")
    if before.fingerprint != evaluation.fingerprint:
        raise InputError(f"--output={output} holds results of other test lines; choose another")


def read(path: Union[str, Path]) -> list[Placed]:
    """The predictions of a file, in its order; texts become NFC.

    Raises:
        InputError: the file cannot be read, a line is none of its format, or an id stands twice.
    """
    text = read_text_file(path, "predictions")
    parse = _from_json if text.lstrip().startswith("{") else _from_tsv
    by_id: dict[str, Placed] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line[:-1] if line.endswith("\r") else line
        if not line.strip():
            continue
        place = f"{path}:{number}"
        prediction = parse(line, place)
        other = by_id.setdefault(prediction.id, Placed(place, prediction))
        if other.place != place:
            raise InputError(
                f"{place}: {prediction.id} was read at {other.place} already; leave one of the two"
            )
    if not by_id:
        raise InputError(f"{path}: holds no predictions; write a line's id, a tab and its text")
    return list(by_id.values())


def _from_tsv(line: str, place: str) -> Prediction:
    name, tab, text = line.partition("\t")
    if not tab:
        raise InputError(
            f"{place}: no tab; a line is an id, a tab and the text, which may be empty"
        )
    if "\r" in text:
        raise InputError(f"{place}: a carriage return within the text; remove it")
    return Prediction(name, nfc(text))


def _from_json(line: str, place: str) -> Prediction:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f'{place}: not JSON ({error}); a line is one object, {{"id": ..., "text": ...}}'
        ) from None
    if not isinstance(record, dict):
        raise InputError(f'{place}: no object; a line is {{"id": ..., "text": ...}}')
    for name in ("id", "text"):
        if name not in record:
            raise InputError(f'{place}: no "{name}"; a line is {{"id": ..., "text": ...}}')
    known = {name: record[name] for name in Prediction._fields if name in record}
    for name, value in known.items():
        problem = _problem(name, value)
        if problem:
            raise InputError(f'{place}: "{name}" {problem}')
    if known.get("confidences") is not None:
        known["confidences"] = tuple(known["confidences"])
    prediction = Prediction(**known)
    return prediction._replace(text=nfc(prediction.text))


def _problem(name: str, value: Any) -> Optional[str]:
    """What is wrong with a field of a JSON record."""
    if name in ("id", "text", "reference"):
        if not isinstance(value, str):
            return "must be a string"
        if any("\ud800" <= symbol <= "\udfff" for symbol in value):
            return "holds half a surrogate pair, which is no text"
        return None
    if name in ("ended", "ok"):
        return None if isinstance(value, bool) else "must be true or false"
    return None if value is None else _problem_of_number(name, value)


def _problem_of_number(name: str, value: Any) -> Optional[str]:
    if name == "confidences":
        shares = isinstance(value, list) and all(_is_number(v) and 0 <= v <= 1 for v in value)
        return None if shares else "must be a list of numbers from 0 to 1, or null"
    if name == "objective":
        return None if _is_number(value) else "must be a finite number, or null"
    if not _is_number(value) or value > ROUNDING:
        return "must be a natural logarithm of a probability, at most 0, or null"
    return None


def _is_number(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)

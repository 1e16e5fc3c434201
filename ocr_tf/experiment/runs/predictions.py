"""What a system made of a set of lines, on disk: the one place that knows the formats.

An evaluation's folder, of a run or of any other system, holds

    results.json         the rates with their counts, who read, and the fingerprint of the lines
    predictions.jsonl    a Prediction a line, in the order of the lines

A file of predictions that comes from elsewhere is either JSON lines, {"id": ..., "text": ...} with
log_prob, ended and ok if the system has them (so that our own predictions.jsonl is such a file), or
TSV: id, tab, text. It is UTF-8 (a byte order mark is tolerated); a line ends in \\n or \\r\\n, and
blank lines are skipped. JSON lines are told by the brace that the file begins with.

TensorFlow-free: whoever compares systems need not load one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from ocr_tf.alphabet import nfc
from ocr_tf.errors import InputError
from ocr_tf.experiment.runs.atomic import atomic_write

RESULTS, PREDICTIONS = "results.json", "predictions.jsonl"

# A sum of rounded log probabilities may end a little above 0; a confidence in percent, far above.
ROUNDING = 1e-3


class Prediction(NamedTuple):
    """What a system says of one line."""

    id: str
    text: str
    reference: Optional[str] = None  # None only before it is known
    log_prob: Optional[float] = None  # log p(text | image); None where the system has none
    reference_log_prob: Optional[float] = None  # log p(reference | image); None if unknown or log 0
    ended: bool = True  # false where the search hit its bound
    ok: bool = True  # false where there is no reading: the text is then empty


class Placed(NamedTuple):
    """A prediction and the line of a file that it was read from."""

    place: str  # for messages, as "tesseract.tsv:12"
    prediction: Prediction


def write(folder: Path, results: dict[str, Any], predictions: Iterable[Prediction]) -> None:
    """Writes an evaluation's folder; the results, which vouch for the predictions, last."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(p._asdict(), ensure_ascii=False) + "\n" for p in predictions)
    atomic_write(folder / PREDICTIONS, "".join(lines).encode())
    write_results(folder, results)


def write_results(folder: Path, results: dict[str, Any]) -> None:
    """Writes the results alone, of predictions that are there."""
    text = json.dumps(results, indent=2, ensure_ascii=False) + "\n"
    atomic_write(folder / RESULTS, text.encode())


def results(folder: Path) -> Optional[dict[str, Any]]:
    """The content of an evaluation's results.json; None if there is none."""
    try:
        content = json.loads((folder / RESULTS).read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and "fingerprint" in content else None


def read(path: Union[str, Path]) -> list[Placed]:
    """The predictions of a file, in its order; texts become NFC.

    Raises:
        InputError: the file cannot be read, a line is none of its format, or an id stands twice.
    """
    text = _text(path)
    parse = _from_json if text.lstrip().startswith("{") else _from_tsv
    found: dict[str, Placed] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line[:-1] if line.endswith("\r") else line
        if not line.strip():
            continue
        place = f"{path}:{number}"
        prediction = parse(line, place)
        other = found.setdefault(prediction.id, Placed(place, prediction))
        if other.place != place:
            raise InputError(
                f"{place}: {prediction.id} was read at {other.place} already; leave one of the two"
            )
    if not found:
        raise InputError(f"{path}: holds no predictions; write a line's id, a tab and its text")
    return list(found.values())


def _text(path: Union[str, Path]) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot read the predictions: {error.strerror}") from None
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}:{number}: not UTF-8 (byte {error.start}); save the file as UTF-8"
        ) from None


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
    prediction = Prediction(**known)
    return prediction._replace(text=nfc(prediction.text))


def _problem(name: str, value: Any) -> Optional[str]:
    """What is wrong with a field of a JSON record."""
    if name in ("id", "text", "reference"):
        if not isinstance(value, str):
            return "must be a string"
        if any("\ud800" <= symbol <= "\udfff" for symbol in value):
            return "holds half a surrogate pair, which is no text"
    elif name in ("ended", "ok"):
        if not isinstance(value, bool):
            return "must be true or false"
    elif value is not None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value > ROUNDING:
            return "must be a natural logarithm of a probability, at most 0, or null"
    return None

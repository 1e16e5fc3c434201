"""Joins the texts of a file with the lines that they are of; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Sequence

from ocr_tf.data.source import Sample
from ocr_tf.errors import NAMED, InputError, did_you_mean
from ocr_tf.experiment.runs.predictions import Placed, Prediction


def join(
    placed: Sequence[Placed],
    samples: Sequence[Sample],
    *,
    file: str,
    test: Sequence[str],
    way_out: str,
) -> tuple[list[Prediction], int]:
    """Finds every line's prediction, in the order of the lines; also counts the lines without one.

    Args:
        placed: the predictions of the file.
        samples: the lines.
        file: names the predictions in messages.
        test: the sources of the lines, for messages.
        way_out: if not empty, lines without a prediction are refused, and this ends the message; if
            it is, they are read as empty.

    Raises:
        InputError: a prediction is of no line, or a line has none.
    """
    known = {sample.id for sample in samples}
    unknown = [(place, p.id) for place, p in placed if p.id not in known]
    if unknown:
        place, name = unknown[0]
        near = did_you_mean(name, known) or f" (ids are like {samples[0].id!r})"
        more = f", nor are {len(unknown) - 1} others" if len(unknown) > 1 else ""
        raise InputError(
            f"{place}: {name!r} is no line of --data.test={','.join(test)}{near}{more}; "
            "name their labels too, or take them out"
        )
    given = {prediction.id: prediction for _, prediction in placed}
    missing = [sample.id for sample in samples if sample.id not in given]
    if missing and way_out:
        raise InputError(
            f"{file}: lacks {len(missing)} of {len(samples)} test lines "
            f"({', '.join(missing[:NAMED])}{', ...' if len(missing) > NAMED else ''}); predict them, "
            f"{way_out}"
        )
    joined = [
        given.get(sample.id, Prediction(sample.id, "", ok=False))._replace(reference=sample.text)
        for sample in samples
    ]
    return joined, len(missing)

"""Chooses the options of a search on a run's validation lines; test lines are not touched.

TensorFlow-free until the searches are known to be ones.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from typing import NamedTuple

from ocr_tf.decode import Search, parse_search, search_text
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.inference.config import TuneSearch
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.library_lines import without_library_lines
from ocr_tf.metrics.error_rates import Rates, measure

BETWEEN = "|"  # the values of an option
MOST = 200  # searches
USUAL = (
    "lm_weight=0.2|0.4|0.7|1|1.5,bonus=0|0.5|1|2"  # where there is a model and nothing to choose
)


class Tried(NamedTuple):
    """A search and what it read of the validation lines."""

    search: Search
    values: tuple[str, ...]  # of the options that differ, in their order
    rates: Rates

    @property
    def cer(self) -> float:
        """Returns the errors per symbol; 0 of no symbols."""
        return self.rates.cer or 0.0


def run(config: TuneSearch, run_folder: str, search: str) -> str:
    """Reads the validation lines with every search that a text stands for, and prints them by CER.

    Args:
        config: options of the command.
        run_folder: the run.
        search: as --search takes it, with several values of an option as `lm_weight=0.2|0.5|1`.

    Returns:
        The text of the best search.

    Raises:
        InputError: no run, no search, or validation lines that have changed.
    """
    folder = RunFolder.open(run_folder)
    names, options = alternatives(search)
    for text in options.values():
        parse_search(text, "SEARCH")
    from ocr_tf.experiment.inference.load import restore  # Here: it loads TensorFlow.
    from ocr_tf.experiment.inference.recognize import Reader
    from ocr_tf.experiment.inference.validation_lines import load_validation_lines

    with without_library_lines():
        trained = restore(run_folder, config.checkpoint)
        lines = load_validation_lines(trained, command_name("tune_search"), config.lines)
        references = [trained.model.alphabet.canonical(text) for text in lines.texts]
        tried = []
        for number, (values, text) in enumerate(options.items(), 1):
            found = parse_search(text, "SEARCH")
            reader = Reader(trained.model, trained.geometry, config.batch_size, found)
            readings = reader.read(lines, f"search {number} of {len(options)}")
            rates = measure(
                zip(references, (reading.text for reading in readings)), config.normalize
            )
            tried.append(Tried(found, values, rates))
    best = _print(tried, names, str(folder.path))
    return search_text(best.search)


def alternatives(text: str) -> tuple[list[str], dict[tuple[str, ...], str]]:
    """Lists the searches that a text with several values of its options stands for.

    Returns:
        The names of the options that have several values, and the text of each search by those values.

    Raises:
        InputError: there is one search only, or there are too many.
    """
    name, _, rest = text.partition(":")
    items = rest.split(",") if rest else []
    model = name == "lm" or any(item.startswith("lm=") for item in items)
    if model and BETWEEN not in text:
        given = {item.partition("=")[0] for item in items}
        items += [item for item in USUAL.split(",") if item.partition("=")[0] not in given]
    names, choices = [], []
    for place, item in enumerate(items):
        option, equals, values = item.rpartition("=")
        each = values.split(BETWEEN)
        choices.append([f"{option}{equals}{value}" for value in each])
        if len(each) > 1:
            names.append(option or f"option {place + 1}")
    found: dict[tuple[str, ...], str] = {}
    for combined in itertools.product(*choices):
        differing = [c for c, every in zip(combined, choices) if len(every) > 1]
        chosen = tuple(item.rpartition("=")[2] for item in differing)
        found[chosen] = ":".join(filter(None, (name, ",".join(combined))))
    if len(found) < 2:
        raise InputError(
            f"SEARCH={text}: one search, nothing to choose; give an option several values, as "
            f"'beam:width=1{BETWEEN}4{BETWEEN}16'"
        )
    if len(found) > MOST:
        raise InputError(f"SEARCH={text}: {len(found)} searches; at most {MOST}, give fewer values")
    return names, found


def _print(tried: Sequence[Tried], names: Sequence[str], folder: str) -> Tried:
    """Prints the searches, the best first; of equals, the one that was named first."""
    ranked = sorted(tried, key=lambda one: one.cer)
    best = ranked[0]
    print(f"{folder}: {best.rates.lines} validation lines, {len(tried)} searches")
    widths = [
        max(len(name), *(len(one.values[i]) for one in tried)) for i, name in enumerate(names)
    ]
    print(
        "  ".join(f"{name:>{width}}" for name, width in zip(names, widths))
        + f"{'CER':>10}{'exact':>9}"
    )
    for one in ranked:
        cells = "  ".join(f"{value:>{width}}" for value, width in zip(one.values, widths))
        print(f"{cells}{100 * one.cer:9.2f}%{100 * (one.rates.exact or 0.0):8.1f}%")
    for i, name in enumerate(names):
        values = list(dict.fromkeys(one.values[i] for one in tried))
        if len(values) > 2 and best.values[i] in (values[0], values[-1]) and _ordered(values):
            print(
                f"note: {name}={best.values[i]} is at the edge of what was tried; try values beyond it",
                file=sys.stderr,
            )
    print(f"best: --search={search_text(best.search)}")
    return best


def _ordered(values: Sequence[str]) -> bool:
    """Tells if values are numbers that rise or fall."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return False
    return numbers in (sorted(numbers), sorted(numbers, reverse=True))

"""The command compare_systems: opens systems, lets them read the same lines, times them, writes the table.

TensorFlow is loaded for runs only, after everything that is named has been looked at.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ocr_tf.atomic import atomic_write
from ocr_tf.decode import parse_search, search_text
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.program import command_name
from ocr_tf.experiment.runs.outputs import check_writable
from ocr_tf.experiment.runs.predictions import Prediction
from ocr_tf.experiment.runs.provenance import surroundings
from ocr_tf.library_lines import without_library_lines
from ocr_tf.study.report.formatting import NOTHING, percent
from ocr_tf.study.report.html import is_made_from
from ocr_tf.systems import latency, line_sets, named, page, plots, readings
from ocr_tf.systems.config import CompareSystems
from ocr_tf.systems.line_sets import LineSets
from ocr_tf.systems.measured import measure
from ocr_tf.systems.named import Named
from ocr_tf.systems.system import Facts, System
from ocr_tf.systems.table import Row, Table

PAGE, JSON, CSV, CURVE = "systems.html", "systems.json", "systems.csv", "accuracy.png"
READINGS, LATENCY = "readings", "latency.json"

Read = dict[str, list[Prediction]]  # by the key of the lines


def run(config: CompareSystems, arguments: list[str]) -> Table:
    """Compares systems; prints and writes the table, and returns it.

    Raises:
        InputError: a system or lines that cannot be opened, systems of different alphabets, lines that
            one was trained on, or a folder that holds something else.
    """
    search = parse_search(config.search)
    output = Path(config.output)
    _check_output(output)
    systems = named.find(arguments, config.checkpoint, search, f"--search={config.search}")
    sets = line_sets.open_sets(config, systems[0].alphabet)
    output.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Facts] = {}
    read: dict[str, Read] = {}
    with without_library_lines():
        for system in systems:
            facts[system.name], read[system.name] = _read(config, system, sets, output)
        times = (
            latency.measure(
                systems,
                next(iter(sets.tests.values())),
                config.timed,
                config.checkpoint,
                config.search,
                output / LATENCY,
            )
            if config.timed
            else None
        )

    def row(system: Named) -> Row:
        own, name = read[system.name], system.name
        measured = {key: measure(lines, config.normalize, name) for key, lines in own.items()}
        return Row(
            name,
            system.path,
            facts[name],
            times.lines[name] if times else None,
            {test: measured[lines.key] for test, lines in sets.tests.items()},
            {level: measured[lines.key] for level, lines in sets.levels.items()},
        )

    first = next(iter(sets.tests.values()))
    around = surroundings()
    table = Table(
        rows=tuple(row(system) for system in systems),
        tests={name: lines.source.name for name, lines in sets.tests.items()},
        ladder=config.ladder,
        search=search_text(search),
        normalization=config.normalize,
        timed=min(config.timed, len(first.source)),
        core=times.core if times else None,
        processor=around["processor"],
        versions=around["versions"],
        commit=around["commit"],
    )
    _write(output, table, sets, read)
    _print(output, table)
    return table


def _check_output(output: Path) -> None:
    """Refuses early what could not be written, and a folder that is not this command's."""
    check_writable(output, f"--output={output}", folder=True)
    made = output / PAGE
    others = [path for path in output.glob("*") if path.name not in (READINGS, LATENCY)]
    if others and not (made.is_file() and is_made_from(page.TEMPLATE, made)):
        raise InputError(
            f"--output={output} is not empty and was not made by {command_name('compare_systems')} "
            f"({others[0].name} is in it); choose another"
        )


def _read(
    config: CompareSystems, system: Named, sets: LineSets, output: Path
) -> tuple[Facts, Read]:
    """Lets a system read what it has not read before."""
    opened = _open(config, system)
    read: Read = {}
    for key, lines in sets.distinct().items():
        path = readings.path_of(output / READINGS, system, lines, config.search)
        kept = readings.load(path)
        if kept is None:
            print(f"{system.name}: {lines.spec}", flush=True)
            kept = opened.read(lines)
            readings.save(path, kept)
        read[key] = kept
    return opened.facts, read


def _open(config: CompareSystems, system: Named) -> System:
    search = parse_search(config.search)
    if system.classical:
        from ocr_tf.systems.classical import Classical

        return Classical(system.path, search)
    from ocr_tf.systems.network import Network  # Here: it loads TensorFlow.

    return Network(system.path, config.checkpoint, search, config.batch_size)


def _write(output: Path, table: Table, sets: LineSets, read: dict[str, Read]) -> None:
    looks = page.looks_of(table)
    titles = {lines.key: f"difficulty {level:g}" for level, lines in sets.levels.items()}
    for name, lines in sets.tests.items():
        titles[lines.key] = ", ".join(filter(None, (name, titles.get(lines.key))))
    examples = [
        page.example(
            titles[key],
            lines,
            {name: own[key][0].text for name, own in read.items()},
            next(iter(read.values()))[key][0].reference or "",
            looks,
        )
        for key, lines in sets.distinct().items()
    ]
    drawing = plots.accuracy(table.rows)
    # The page first: by it the folder is known as this command's.
    atomic_write(output / PAGE, page.render(table, drawing, examples).encode())
    atomic_write(output / CSV, table.as_csv().encode())
    atomic_write(output / JSON, table.as_json().encode())
    if drawing is not None:
        atomic_write(output / CURVE, drawing.png)


def _print(output: Path, table: Table) -> None:
    longest = max(len(row.name) for row in table.rows)
    tests = list(table.tests)
    print(
        f"{'':{longest}}  {'parameters':>10}  {'ms':>6}" + "".join(f"  {t[:16]:>16}" for t in tests)
    )
    for row in table.rows:
        cells = (
            f"{percent(row.tests[t].rates.exact)}, {percent(row.tests[t].rates.cer)}" for t in tests
        )
        milliseconds = NOTHING if row.milliseconds is None else f"{row.milliseconds.median:.3g}"
        print(
            f"{row.name:{longest}}  {row.facts.parameters:>10,}  {milliseconds:>6}"
            + "".join(f"  {cell:>16}" for cell in cells)
        )
    print("of each test set: strings read without an error, CER")
    if table.core is not None and table.core < latency.BUSY:
        print(
            f"warning: other programs had the core for {1 - table.core:.0%} of the time, so times are too "
            f"long; remove {output / LATENCY} and give the command again on an idle core",
            file=sys.stderr,
        )
    print(f"{output / PAGE}: the page; beside it {CSV}, {JSON} and {CURVE}")

"""From evaluated runs to the report: of a study, or of any runs that share their test lines."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from ocr_tf import options
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.config import flags, serialize
from ocr_tf.experiment.config.common import CHECKPOINTS
from ocr_tf.experiment.config.experiment import Experiment, Train
from ocr_tf.experiment.inference.evaluated import TROUBLES
from ocr_tf.experiment.runs import predictions, provenance
from ocr_tf.experiment.runs.atomic import TEMPORARY
from ocr_tf.experiment.runs.run_folder import RESUMABLE, RunFolder
from ocr_tf.experiment.tensorboard import event_file
from ocr_tf.metrics.error_rates import measure
from ocr_tf.study.comparison import statistics
from ocr_tf.study.comparison.controls import code, controls
from ocr_tf.study.comparison.results import Cell, Grid, join
from ocr_tf.study.config import Compare, Pairs, Study
from ocr_tf.study.study_folder import StudyFolder

WRITTEN = ("tables/rates.csv", "report.json")  # of a report, the first and the last but the page
MIXED = "mixed"  # in the place of a checkpoint's name


def study(folder: StudyFolder, given: Study, conditions: Mapping[str, Experiment]) -> None:
    """Compares the runs of a study's folder, writes its report and prints the answer."""
    seeds = range(given.study.seeds)
    runs = {c: {s: RunFolder.open(folder.run(c, s)) for s in seeds} for c in conditions}
    grids = {
        checkpoint: join(
            {
                c: {s: run.path / "evaluations" / checkpoint for s, run in by.items()}
                for c, by in runs.items()
            },
            normalization=given.study.normalize,
            groups=given.study.groups,
        )
        for checkpoint in CHECKPOINTS
    }
    for cell in (cell for grid in grids.values() for row in grid.cells.values() for cell in row):
        _measure_anew(cell, given.study.normalize)
    for run in (run for by in runs.values() for run in by.values()):
        event_file.refresh(run)  # whoever evaluated it may have been stopped just before
    settings = flags.dump(given).splitlines()
    about: dict[str, Any] = {
        "name": given.name,
        "metric": given.study.metric,
        "normalization": given.study.normalize,
        "paired": given.study.paired,
        "evaluation": next(iter(grids)),
    }
    if given.study.tune:
        about["tuning"] = folder.tuning()
    command = [f"python -m experiments.{given.name}", f"--workdir={folder.path}"]
    _report(grids, runs, about, [*command, *settings], folder.report_path, given.contrasts)


def _measure_anew(cell: Cell, normalization: str) -> None:
    """The rates of an evaluation that was made under another normalization, from what was read then."""
    if cell.results["rates"]["normalization"] != normalization:
        pairs = ((p.reference or "", p.text) for p in cell.predictions)
        rates = measure(pairs, normalization).as_dict()
        predictions.write_results(cell.folder, {**cell.results, "rates": rates})


def run(config: Compare, paths: Sequence[str]) -> None:
    """Compares evaluated runs, and other systems' evaluations, and writes their report.

    Runs of one experiment with one set of flags, but for the seed, are one condition.

    Raises:
      InputError: what is named is no run or evaluation, runs cannot be compared, or the output is
        something else.
    """
    output = Path(config.output)
    _check_output(output)
    folders, runs = _conditions([Path(path) for path in paths], config.name)
    if len(folders) < 2:
        raise InputError(
            f"{paths[0]}: all runs are seeds of one condition ({next(iter(folders))}); name runs of "
            "another one too"
        )
    _refuse_other_alphabets(runs)
    if config.paired:
        _refuse_other_seeds(folders)
    grid = join(
        folders,
        normalization=config.normalize,
        accept_intersection=config.lines == "intersection",
        groups=config.groups,
    )
    about = {
        "name": "compare",
        "metric": config.metric,
        "normalization": config.normalize,
        "paired": config.paired,
        "evaluation": config.name,
    }
    command = ["tools/compare", *paths, *flags.dump(config).splitlines()]
    _report({_checkpoint(grid): grid}, runs, about, command, output)


def _check_output(output: Path) -> None:
    if not output.exists():
        return
    if not output.is_dir():
        raise InputError(f"--output={output} is not a folder; choose another")
    leftovers = set(output.rglob(f".*{TEMPORARY}"))  # of a process that was killed
    files = {path for path in output.rglob("*") if not path.is_dir()} - leftovers
    if files and not any((output / written).exists() for written in WRITTEN):
        raise InputError(f"--output={output} is not empty and holds no report; choose another")
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)


def _conditions(
    paths: Sequence[Path], name: str
) -> tuple[dict[str, dict[int, Path]], dict[str, dict[int, RunFolder]]]:
    """The evaluation folders of every condition and seed, and the runs where they are runs."""
    folders: dict[str, dict[int, Path]] = {}
    runs: dict[str, dict[int, RunFolder]] = {}
    experiments: dict[str, Optional[Experiment]] = {}  # None: another system
    given: set[Path] = set()
    for path in paths:
        if path.resolve() in given:
            raise InputError(f"{path}: named twice; name it once")
        given.add(path.resolve())
        results = predictions.results(path)
        if results is not None:
            owner = path.resolve().parent.parent
            if RunFolder(owner).begun:
                raise InputError(
                    f"{path}: the evaluation of a run; name the run, {owner}, with "
                    f"--name={path.resolve().name}"
                )
            condition, seed, folder = _unused(results["system"], experiments), 0, path
            experiments[condition] = None
        else:
            opened = RunFolder.open(path)
            experiment = opened.experiment
            seed, folder = experiment.train.seed, path / "evaluations" / name
            condition = _name(experiment, experiments)
            runs.setdefault(condition, {})[seed] = opened
        if seed in folders.setdefault(condition, {}):
            raise InputError(
                f"{path}: {folders[condition][seed]} is condition {condition} under seed {seed} too; "
                "name one of them"
            )
        folders[condition][seed] = folder
    return folders, runs


def _name(experiment: Experiment, known: dict[str, Optional[Experiment]]) -> str:
    """The condition that an experiment belongs to, whatever its seed and what touches no weight."""
    usual = {leaf.name: leaf.value for leaf in options.leaves(Train(), "train.")}
    unseeded = options.replace(experiment, {n: usual[n] for n in ("train.seed", *RESUMABLE)})
    for name, other in known.items():
        if other == unseeded:
            return name
    name = _unused(experiment.name, known)
    known[name] = unseeded
    return name


def _unused(name: str, known: Container[str]) -> str:
    """The name, with a number where something else has it."""
    found, number = name, 1
    while found in known:
        number += 1
        found = f"{name}-{number}"
    return found


def _refuse_other_alphabets(runs: Mapping[str, Mapping[int, RunFolder]]) -> None:
    every = [run for by in runs.values() for run in by.values()]
    for other in every[1:]:
        if other.alphabet != every[0].alphabet:
            lacks = [s for s in every[0].alphabet.symbols if s not in other.alphabet.symbols]
            adds = [s for s in other.alphabet.symbols if s not in every[0].alphabet.symbols]
            raise InputError(
                f"{other.path}: its alphabet is not that of {every[0].path} (lacks {_few(lacks)}, "
                f"adds {_few(adds)}); train both with one --data.alphabet"
            )


def _refuse_other_seeds(folders: Mapping[str, Mapping[int, Path]]) -> None:
    first, *others = ((name, sorted(seeds)) for name, seeds in folders.items())
    for other in others:
        if other[1] != first[1]:
            told = (f"{name} {', '.join(map(str, seeds))}" for name, seeds in (first, other))
            raise InputError(
                f"--paired: the seeds of {' and of '.join(told)} cannot be paired; name runs of the same "
                "seeds, or leave the flag out"
            )


def _few(symbols: Sequence[str]) -> str:
    more = f" and {len(symbols) - NAMED} more" if len(symbols) > NAMED else ""
    return " ".join(map(repr, symbols[:NAMED])) + more if symbols else "none"


def _report(
    grids: Mapping[str, Grid],
    runs: Mapping[str, Mapping[int, RunFolder]],
    about: dict[str, Any],
    command: Sequence[str],
    output: Path,
    contrasts: Optional[Mapping[str, Pairs]] = None,
) -> None:
    grid = next(iter(grids.values()))  # that the verdict is about
    metric, by_seed = about["metric"], about["paired"]
    systems = [name for name in grid.conditions if name not in runs]
    report: dict[str, Any] = {
        "study": about,
        "conditions": [_condition(grid, runs, name) for name in grid.conditions],
        "test": {
            "sources": grid.cells[grid.conditions[0]][0].results.get("test", []),
            "lines": len(grid.ids),
            "symbols": int(grid.lengths("cer").sum()),
            "fingerprint": grid.fingerprint,
            "left_out": grid.left_out,
            "same_images": grid.same_images,
            "troubled": _troubled(grid),
        },
        "signature": statistics.signature(grid, metric, by_seed),
        "rates": {name: statistics.rates(one) for name, one in grids.items()},
        "comparisons": {
            name: statistics.comparisons(one, metric, by_seed, systems)
            for name, one in grids.items()
        },
        "by_metric": statistics.by_metric(grid, metric, by_seed),
        "lines": _lines(grid),
        "reproduce": {
            "command": [command[0], *map(shlex.quote, command[1:])],
            "trained": code(runs),
            **provenance.surroundings(),
        },
    }
    if contrasts:
        report["contrasts"] = {
            name: statistics.contrasts(one, metric, contrasts, by_seed)
            for name, one in grids.items()
        }
    if len(runs) > 1:
        report["controls"] = controls(runs)
        report["controls"]["differs"] += [
            f"{name} is no run: how it was trained is not known." for name in systems
        ] + _mixed(grid)
        report["curves"] = {c: [_curve(s, run) for s, run in by.items()] for c, by in runs.items()}
    try:
        output.mkdir(parents=True, exist_ok=True)  # Now, and not after minutes of measuring.
    except OSError as error:
        raise InputError(
            f"{output}: cannot make the report's folder: {error.strerror}; choose another"
        ) from None
    # From here on there are networks and images: TensorFlow.
    from ocr_tf.study.analysis import analyze, cost
    from ocr_tf.study.analysis.line_images import LineImages
    from ocr_tf.study.comparison.inputs import open_inputs
    from ocr_tf.study.comparison.models import Networks
    from ocr_tf.study.report import contrasts as contrast_text
    from ocr_tf.study.report import write

    inputs = open_inputs(grid)
    networks = Networks(grid, inputs.runs) if inputs.runs else None
    images = LineImages(grid, inputs.source, networks)
    report["missing"] = list(inputs.missing)
    report["analysis"] = analyze(grid, inputs, images, networks, metric)
    if networks and inputs.source is not None:
        report["cost"] = cost.measure(grid, inputs, networks, metric)
    for i, line in enumerate(report["lines"]):
        image = images.image(i)
        if image is not None:
            line["height"], line["width"] = map(int, image.shape)
    page = write(report, output, images)
    for line in contrast_text.three_lines(report):
        print(line)
    print(f"report: {page}")


def _checkpoints(grid: Grid) -> dict[str, list[str]]:
    """Which checkpoints the runs of each condition were evaluated at."""
    return {
        condition: sorted({of["which"] for cell in row if (of := cell.results.get("checkpoint"))})
        for condition, row in grid.cells.items()
    }


def _checkpoint(grid: Grid) -> str:
    """The one that all runs were evaluated at, or MIXED."""
    which = set(itertools.chain(*_checkpoints(grid).values()))
    return which.pop() if len(which) == 1 else MIXED


def _mixed(grid: Grid) -> list[str]:
    """A sentence where not all runs were evaluated at the same checkpoint."""
    each = {condition: which for condition, which in _checkpoints(grid).items() if which}
    if len(set(itertools.chain(*each.values()))) < 2:
        return []
    named = "; ".join(f"{condition} {', '.join(which)}" for condition, which in each.items())
    return [f"Runs were evaluated at different checkpoints: {named}."]


def _condition(
    grid: Grid, runs: Mapping[str, Mapping[int, RunFolder]], name: str
) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "seeds": grid.seeds(name)}
    if name in runs:
        experiment = next(iter(runs[name].values())).experiment
        found |= {
            "head": experiment.head_name,
            "encoder": experiment.encoder_name,
            "layers": experiment.sequence.layers,
            "experiment": serialize.configuration(experiment),
        }
    return found


def _troubled(grid: Grid) -> list[str]:
    """Sentences on the lines that were bound to count as errors, of each kind that there is."""
    cells = {condition: row[0] for condition, row in grid.cells.items()}
    sentences = []
    for kind, what in TROUBLES.items():
        counts = {
            c: cell.results.get("troubled_lines", {}).get(kind, 0) for c, cell in cells.items()
        }
        if kind != "not_ended" and any(counts.values()):
            each = ", ".join(f"{number} ({condition})" for condition, number in counts.items())
            first, *others = set(counts.values())
            lines = next(iter(cells.values())).results["rates"]["lines"]
            sentences.append(f"{each if others else first} of {lines} test lines: {what}.")
    return sentences


def _curve(seed: int, run: RunFolder) -> dict[str, Any]:
    records = list(run.metrics())
    validations = [r for r in records if "val/cer" in r]
    return {
        "seed": seed,
        "train": [[r["step"], r["train/loss"]] for r in records if "train/loss" in r],
        "val": [[r["step"], r["val/cer"]] for r in validations],
        "timing": {"elapsed": [r.get("elapsed") for r in validations]},
    }


def _lines(grid: Grid) -> list[dict[str, Any]]:
    """Every line with everything that was read of it; its size is filled in where there are images."""
    return [
        {
            "id": name,
            "reference": grid.references[i],
            "width": None,
            "height": None,
            "readings": {
                condition: [
                    {
                        "seed": cell.seed,
                        **_reading(cell.predictions[i]),
                        "edits": grid.edits[condition][s][i].distance,
                    }
                    for s, cell in enumerate(grid.cells[condition])
                ]
                for condition in grid.conditions
            },
        }
        for i, name in enumerate(grid.ids)
    ]


def _reading(prediction: predictions.Prediction) -> dict[str, Any]:
    fields = prediction._asdict()
    return {k: v for k, v in fields.items() if k not in ("id", "reference")}

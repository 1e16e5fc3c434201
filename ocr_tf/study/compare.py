"""From evaluated runs to the report: of a study, or of any runs that share their test lines."""

from __future__ import annotations

import dataclasses
import itertools
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from ocr_tf.atomic import TEMPORARY
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.common import CHECKPOINTS
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.program import command_name, program_name
from ocr_tf.experiment.inference.evaluated import rates_of
from ocr_tf.experiment.runs import predictions, provenance
from ocr_tf.experiment.runs.predictions import RateFigures
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.experiment.tensorboard import event_file
from ocr_tf.library_lines import without_library_lines
from ocr_tf.metrics.paired import ALPHA
from ocr_tf.metrics.registry import METRICS
from ocr_tf.progress import Phases
from ocr_tf.study import meta, named_runs, planning, searches
from ocr_tf.study.comparison import failures, formation, inputs, lines, plain, plan, statistics
from ocr_tf.study.comparison.controls import Code, Controls, Runs, code, controls
from ocr_tf.study.comparison.curves import learning_curve
from ocr_tf.study.comparison.plan import Declared
from ocr_tf.study.comparison.rate_intervals import rate_intervals
from ocr_tf.study.comparison.results import Cell, Grid, join
from ocr_tf.study.comparison.test_sets import over_test_sets
from ocr_tf.study.config import Compare, Pairs, Study
from ocr_tf.study.looking import Looking
from ocr_tf.study.report import contrasts, failure_text, findings, plan_text
from ocr_tf.study.report import write as write_report
from ocr_tf.study.report.content import About, Condition, Report, Reproduction
from ocr_tf.study.report.verdict_text import name_of
from ocr_tf.study.study_folder import StudyFolder
from ocr_tf.types import Array

if TYPE_CHECKING:
    from ocr_tf.study.analysis.line_images import LineImages
    from ocr_tf.study.comparison.models import Networks

# Files of a report: the first that is written, and the last but the page.
WRITTEN = ("tables/rates.csv", "report.json")
MIXED = "mixed"  # in the place of a checkpoint's name


class Trained(NamedTuple):
    """The runs behind the conditions; those that read with several searches are behind several."""

    runs: Runs  # by training and seed
    of: Mapping[str, str]  # the training of each condition that has runs


def study(folder: StudyFolder, given: Study, conditions: Mapping[str, Experiment]) -> list[str]:
    """Compares the runs of a study's folder, writes its report and prints the answer.

    Returns:
        The lines that were printed.
    """
    seeds = range(given.study.seeds)
    runs = {c: {s: RunFolder.open(folder.run(c, s)) for s in seeds} for c in conditions}
    read = searches.conditions(given.study.search, conditions)
    grids = {
        checkpoint: join(
            {
                one.name: {
                    s: run.path / "evaluations" / searches.evaluation(checkpoint, one.place)
                    for s, run in runs[one.training].items()
                }
                for one in read
            },
            normalization=given.study.normalize,
            groups=given.study.groups,
            paired=given.study.paired,
            longer_than=given.study.longer_than,
        )
        for checkpoint in CHECKPOINTS
    }
    for cell in (cell for grid in grids.values() for row in grid.cells.values() for cell in row):
        _measure_anew(cell, given.study.normalize)
    for run in (run for by in runs.values() for run in by.values()):
        event_file.refresh(run)  # whoever evaluated it may have been stopped just before
    settings = flags.dump(given).splitlines()
    about = About(
        name=given.name,
        metric=given.study.metric,
        normalization=given.study.normalize,
        paired=given.study.paired,
        margin=_fraction(given.study.margin),
        evaluation=next(iter(grids)),
        tuning=folder.tuning() if given.study.tune else {},
    )
    command = (program_name(), f"--workdir={folder.path}", *settings)
    contrasts = {name: _in_full(pairs, read) for name, pairs in given.contrasts.items()}
    trained = Trained(runs, {one.name: one.training for one in read})
    looking = Looking(folder, given, conditions, grids)
    asked = Asked(about, command, contrasts, looking.declared, looking)
    return _report(grids, trained, asked, folder.report_path)


def _in_full(pairs: Pairs, read: Sequence[searches.ReadCondition]) -> Pairs:
    """Names the conditions of a contrast as the report does."""
    (a, b), (c, d) = pairs
    a, b, c, d = (searches.in_full(name, read) for name in (a, b, c, d))
    return (a, b), (c, d)


def _measure_anew(cell: Cell, normalization: str) -> None:
    """Measures readings again where another normalization was applied, or not every metric."""
    measured = cell.results.rates
    if measured.normalization != normalization or not METRICS.keys() <= measured.figures.keys():
        rates = RateFigures.from_rates(rates_of(cell.predictions, normalization))
        predictions.write_results(cell.folder, dataclasses.replace(cell.results, rates=rates))


def run(config: Compare, paths: Sequence[str]) -> None:
    """Compares evaluated runs, and other systems' evaluations, and writes their report.

    Runs of one experiment with one set of flags, but for the seed, are one condition. Of whole studies, the
    report is a meta-study: see `meta`.

    Raises:
        InputError: what is named is no run or evaluation, runs cannot be compared, or the output is
          something else.
    """
    output = Path(config.output)
    _check_output(output)
    if meta.are_studies(paths):
        meta.run(config, paths, output)
        return
    folders, runs = named_runs.find([Path(path) for path in paths], config.name)
    if len(folders) < 2:
        raise InputError(
            f"{paths[0]}: all runs are seeds of one condition ({next(iter(folders))}); name runs of "
            "another one too"
        )
    named_runs.refuse_other_alphabets(runs)
    if config.paired:
        named_runs.refuse_other_seeds(folders)
    grid = join(
        folders,
        normalization=config.normalize,
        accept_intersection=config.lines == "intersection",
        groups=config.groups,
        paired=config.paired,
    )
    about = About(
        name="compare",
        metric=config.metric,
        normalization=config.normalize,
        paired=config.paired,
        margin=_fraction(config.margin),
        evaluation=config.name,
    )
    command = (command_name("compare"), *paths, *flags.dump(config).splitlines())
    trained = Trained(runs, {name: name for name in runs})
    asked = Asked(about, command, declared=_declared(config, grid))
    _report({_checkpoint(grid): grid}, trained, asked, output)


def _declared(config: Compare, grid: Grid) -> Optional[Declared]:
    """Compares what is asked of evaluated runs with the plan that --plan names; None where it names none."""
    if not config.plan:
        return None
    found = plan.read(Path(config.plan), "--plan takes plan.json of a study's folder")
    cells = [cell for row in grid.cells.values() for cell in row]
    used = tuple(dict.fromkeys(cell.results.search or "greedy" for cell in cells))
    counts = {len(grid.seeds(condition)) for condition in grid.conditions}
    asked = dataclasses.replace(
        found.plan,
        metric=config.metric,
        normalization=config.normalize,
        groups=config.groups,
        longer_than=0,
        paired=config.paired,
        margin=float(config.margin) if config.margin else None,
        seeds=min(counts),
        searches=used,
        conditions=tuple(grid.conditions),
        contrasts=(),
        test=tuple(cells[0].results.test),
    )
    return planning.declared(found, asked, config.plan, before_runs=False)


def _fraction(margin: str) -> Optional[float]:
    """Turns percent points into a fraction; None where none are given."""
    return float(margin) / 100 if margin else None


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


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is compared, and how the command line said so."""

    about: About
    command: tuple[str, ...]  # program and arguments
    contrasts: Mapping[str, Pairs] = dataclasses.field(default_factory=dict)
    declared: Optional[Declared] = None  # the plan that this follows
    looking: Optional[Looking] = None  # the look that this is; None: of no study

    @property
    def confidence(self) -> float:
        """The confidence of every interval, of all pairs together."""
        return self.looking.confidence if self.looking else 1 - ALPHA


def _report(grids: Mapping[str, Grid], trained: Trained, asked: Asked, output: Path) -> list[str]:
    """Computes a report, writes it into a folder and prints the answer.

    Args:
        grids: by checkpoint; the verdict is about the first.
        trained: the runs of the conditions that have some.
        asked: what is compared.
        output: the folder, made if it is not there.
    """
    report = _answer(grids, trained, asked)
    if asked.looking:
        report = dataclasses.replace(report, interim=asked.looking.record(report))
    try:
        output.mkdir(parents=True, exist_ok=True)  # Now, and not after minutes of measuring.
    except OSError as error:
        raise InputError(
            f"{output}: cannot make the report's folder: {error.strerror}; choose another"
        ) from None
    # From here on there are networks and images: TensorFlow.
    from ocr_tf.study.analysis.line_images import LineImages
    from ocr_tf.study.comparison.models import Networks

    grid = next(iter(grids.values()))
    with without_library_lines():
        opened = inputs.open_inputs(grid)
        networks = Networks(grid, opened.runs) if opened.runs else None
        images = LineImages(grid.of_networks, opened.source, networks)
        # By the time that each took in studies of 2 to 6 runs.
        phases = Phases("report", {"analyzing the readings": 5, "measuring cost": 4, "drawing": 1})
        with phases.part("analyzing the readings"):
            report = _analyzed(report, grid, opened, networks, images)
        if networks is not None and opened.source is not None and not networks.unusable:
            with phases.part("measuring cost"):
                from ocr_tf.study.analysis import cost

                measured = cost.measure(grid, opened, networks, report.study.metric)
                report = dataclasses.replace(report, cost=measured)
        metric = name_of(report.study.metric)
        summary = findings.summarize(report.headline, metric, report.analysis, report.cost)
        with phases.part("drawing"):
            page = write_report(dataclasses.replace(report, summary=summary), output, images)
    lines = [
        *contrasts.three_lines(report),
        *failure_text.lines(report),
        plan_text.line(report),
        f"report: {page}",
    ]
    print("\n".join(lines))
    return lines


def _answer(grids: Mapping[str, Grid], trained: Trained, asked: Asked) -> Report:
    """Computes what follows from the readings and the runs' records alone."""
    grid = next(iter(grids.values()))
    metric = asked.about.metric
    runs = trained.runs
    systems = [name for name in grid.conditions if name not in trained.of]
    aligned_at, by_training = formation.aligned_at(runs), failures.failures(runs)
    failed = {condition: by_training[t] for condition, t in trained.of.items()}
    here = provenance.surroundings()
    return Report(
        study=asked.about,
        conditions=tuple(_condition(grid, trained, name) for name in grid.conditions),
        test_set=lines.test_set(grid),
        signature=statistics.signature(grid, metric),
        rates={name: statistics.rates(one) for name, one in grids.items()},
        comparisons={
            name: statistics.comparisons(
                one,
                metric,
                systems,
                failed,
                asked.about.margin,
                asked.confidence,
                asked.looking.next if asked.looking else None,
            )
            for name, one in grids.items()
        },
        by_metric=statistics.by_metric(grid, metric, asked.confidence),
        contrasts={
            name: statistics.contrasts(one, metric, asked.contrasts, failed, asked.confidence)
            for name, one in grids.items()
            if asked.contrasts
        },
        controls=_controls(grid, runs, systems) if len(runs) > 1 else None,
        curves={
            training: tuple(learning_curve(seed, run) for seed, run in by_seed_runs.items())
            for training, by_seed_runs in runs.items()
            if len(runs) > 1
        },
        test_sets=over_test_sets(grid, metric, failed, asked.confidence),
        plain=plain.plain(grid, metric, systems),
        intervals={name: rate_intervals(one) for name, one in grids.items()},
        aligned_at={c: aligned_at[training] for c, training in trained.of.items()},
        failures=tuple(by_training.values()),
        among_trained=failures.among_trained(grid, metric, failed, systems, asked.confidence),
        lines=lines.lines(grid),
        reproduce=Reproduction(
            command=(asked.command[0], *map(shlex.quote, asked.command[1:])),
            trained=code(runs),
            compared=Code(here["versions"], here["commit"], here["dirty"]),
            processor=here["processor"],
            searches=_searches(grid, trained.of),
        ),
        declared=asked.declared,
    )


def _analyzed(
    report: Report,
    grid: Grid,
    opened: inputs.Inputs,
    networks: Optional[Networks],
    images: LineImages,
) -> Report:
    """Adds the analysis, and the sizes of the lines."""
    from ocr_tf.study.analysis import analyze

    return dataclasses.replace(
        report,
        missing=opened.missing,
        analysis=analyze(grid, opened, images, networks, report.study.metric),
        lines=tuple(_sized(line, images.image(i)) for i, line in enumerate(report.lines)),
    )


def _sized(line: lines.Line, image: Optional[Array]) -> lines.Line:
    if image is None:
        return line
    height, width = map(int, image.shape)
    return dataclasses.replace(line, height=height, width=width)


def _controls(grid: Grid, runs: Runs, systems: Sequence[str]) -> Controls:
    compared = controls(runs)
    unknown = (f"{name} is no run: how it was trained is not known." for name in systems)
    return dataclasses.replace(compared, differs=(*compared.differs, *unknown, *_mixed(grid)))


def _searches(grid: Grid, conditions: Iterable[str]) -> tuple[str, ...]:
    """Lists the searches that evaluations of conditions used."""
    used = {cell.results.search for name in conditions for cell in grid.cells[name]}
    return tuple(sorted(search for search in used if search))


def _checkpoints(grid: Grid) -> dict[str, list[str]]:
    """Lists the checkpoints that the runs of each condition were evaluated at."""
    return {
        condition: sorted(
            {cell.results.checkpoint.which for cell in row if cell.results.checkpoint}
        )
        for condition, row in grid.cells.items()
    }


def _checkpoint(grid: Grid) -> str:
    """Names the checkpoint that all runs were evaluated at, or MIXED."""
    which = set(itertools.chain(*_checkpoints(grid).values()))
    return which.pop() if len(which) == 1 else MIXED


def _mixed(grid: Grid) -> list[str]:
    """Says so where not all runs were evaluated at the same checkpoint."""
    each = {condition: which for condition, which in _checkpoints(grid).items() if which}
    if len(set(itertools.chain(*each.values()))) < 2:
        return []
    named = "; ".join(f"{condition} {', '.join(which)}" for condition, which in each.items())
    return [f"Runs were evaluated at different checkpoints: {named}."]


def _condition(grid: Grid, trained: Trained, name: str) -> Condition:
    seeds = tuple(grid.seeds(name))
    if name not in trained.of:
        return Condition(name, seeds)
    training = trained.of[name]
    experiment = next(iter(trained.runs[training].values())).experiment
    return Condition(
        name,
        seeds,
        training=training,
        searches=_searches(grid, [name]),
        head=experiment.head_name,
        encoder=experiment.encoder_name,
        layers=experiment.sequence.layers,
        experiment=experiment,
    )

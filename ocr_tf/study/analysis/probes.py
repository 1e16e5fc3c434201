"""What the networks read of lines made on purpose: see `probe_lines`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ocr_tf.data.dataset import Concatenation, Source
from ocr_tf.data.lines import Lines, lines_fingerprint
from ocr_tf.experiment.inference.recognize import Reader, Reading
from ocr_tf.experiment.runs.predictions import Prediction
from ocr_tf.study.analysis import error_types, probe_data, slices
from ocr_tf.study.analysis.probe_data import MEANINGS, Level
from ocr_tf.study.comparison import estimates, statistics
from ocr_tf.study.comparison.inputs import Chosen
from ocr_tf.study.comparison.models import BATCH, Networks
from ocr_tf.study.comparison.results import Grid

SHOWN = 4  # readings of a level that are told

# What every network made of every line, by condition and seed.
Readings = dict[tuple[str, int], list[Reading]]


class Probed(NamedTuple):
    """The readings of a level's lines that all networks can take and write."""

    grid: Grid  # like the one that the networks are of
    total: int  # lines that the level has
    short: dict[str, int]  # lines left out: a condition has too few encoder steps for their texts


def read(networks: Networks, grid: Grid, probes: Sequence[Level]) -> list[Probed]:
    """The readings of every level's lines, but of those whose images a condition cannot take (too
    wide, say) or whose texts it has too few encoder steps for."""
    source = Concatenation([level.source for level in probes])
    readings: Readings = {}
    short = {c: networks.unreachable(c, source) for c in networks.conditions()}
    usable = ~np.any(list(short.values()), axis=0)
    for condition, seed in networks.cells:
        trained, lines = networks.trained(condition, seed), networks.lines(condition, source)
        reader = Reader(trained.model, trained.experiment.geometry, BATCH)
        readings[condition, seed] = reader.read(lines, f"probing {condition}, seed {seed}")
        usable &= [reading.ok for reading in readings[condition, seed]]
    ends = np.cumsum([len(level.source.samples) for level in probes])
    every = np.split(np.arange(len(source.samples)), ends[:-1])
    return [
        Probed(
            _grid(grid, lines, i[usable[i]], readings),
            len(i),
            {condition: int(of[i].sum()) for condition, of in short.items()},
        )
        for i in every
    ]


def probes(
    networks: Networks, grid: Grid, trained: Sequence[str], source: Source
) -> dict[str, Any]:
    """What the networks read of every probe.

    Args:
        trained: texts of the training lines.
        source: the test lines.

    Returns:
        {family: {"meaning", "levels": [{"level", "lines": N, "short": {condition: lines left out for
        want of encoder steps}, "cer", "exact": as `figures.compared`,
        "by_seed": {condition: {"cer", "exact": [by seed]}}, "failures": {failure: {condition: [lines
        by seed]}}, "shown": [{"reference", "readings": {condition: [by seed]}}], "control":
        {"family", "level", "differences": [of CER, Slice.as_dict() of each pair]}}], "left_out":
        {level: `short`}}}. In a control's differences, `against_rest` is by how much the difference is
        another one than on the control. A level is left out where steps are too few for more than half
        of its lines: the rest would be the easy ones.
    """
    known = networks.symbols()
    good = np.flatnonzero(networks.readable(source) & [bool(s.text) for s in source.samples])
    made = probe_data.drawn(trained, known)
    made += probe_data.joined(Chosen(source, good.tolist()), known)
    if not made:
        return {}
    every = {(one.family, one.name): of for one, of in zip(made, read(networks, grid, made))}
    grids = {key: of.grid for key, of in every.items() if _kept(of)}
    longest = max(map(len, trained))
    found: dict[str, Any] = {}
    for level in made:
        key = level.family, level.name
        meaning = MEANINGS[level.family].format(longest=longest)
        empty: dict[str, Any] = {"meaning": meaning, "levels": [], "left_out": {}}
        family, short = found.setdefault(level.family, empty), every[key].short
        if key in grids:
            told = {"level": level.name, "short": short, **_told(grids[key])}
            if level.control in grids:
                told["control"] = _against(grids[key], grids[level.control], *level.control)
            family["levels"].append(told)
        elif any(short.values()):
            family["left_out"][level.name] = short
    return {name: of for name, of in found.items() if of["levels"] or of["left_out"]}


def _kept(of: Probed) -> bool:
    return len(of.grid.ids) > 1 and 2 * max(of.short.values()) <= of.total


def _against(level: Grid, control: Grid, family: str, name: str) -> dict[str, Any]:
    both = estimates.together(level, control)
    mask = np.arange(len(both.ids)) < len(level.ids)
    (told,) = slices.compare(both, [slices.Members("probe", "level", mask)], "cer")
    return {"family": family, "level": name, "differences": told["differences"]}


def _told(probed: Grid) -> dict[str, Any]:
    outcomes = {
        metric: {c: statistics.outcomes(probed, c, metric) for c in probed.conditions}
        for metric in ("cer", "exact")
    }
    return {
        "lines": len(probed.ids),
        **{metric: estimates.compared(of) for metric, of in outcomes.items()},
        "by_seed": {
            c: {metric: of[c].rates.tolist() for metric, of in outcomes.items()}
            for c in probed.conditions
        },
        "failures": {
            name: failure["counts"] for name, failure in error_types.failures(probed).items()
        },
        "shown": [
            {
                "reference": probed.references[i],
                "readings": {c: [row[i] for row in probed.texts(c)] for c in probed.conditions},
            }
            for i in range(min(SHOWN, len(probed.ids)))
        ],
    }


def _grid(grid: Grid, lines: Lines, kept: np.ndarray, readings: Readings) -> Grid:
    """Some of the lines, read, in the place of the grid's own."""
    chosen = lines.take(kept)

    def predictions(of_cell: Sequence[Reading]) -> list[Prediction]:
        return [
            Prediction(sample.id, reference=sample.text, **of_cell[i]._asdict())
            for sample, i in zip(chosen.samples, kept)
        ]

    return dataclasses.replace(
        grid,
        cells={
            condition: [
                cell._replace(predictions=predictions(readings[condition, cell.seed]))
                for cell in row
            ]
            for condition, row in grid.cells.items()
            if (condition, row[0].seed) in readings
        },
        ids=chosen.ids,
        references=chosen.texts,
        fingerprint=lines_fingerprint(chosen),
        left_out=0,
        groups=None,  # of the grid's own lines
    )

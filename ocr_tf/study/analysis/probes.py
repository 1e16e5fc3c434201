"""Reads lines made on purpose (`probe_data`) with every network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.data.dataset import Concatenation
from ocr_tf.data.lines import Lines, lines_fingerprint
from ocr_tf.data.source import Selection, Source
from ocr_tf.experiment.inference.recognize import Reader, Reading
from ocr_tf.experiment.inference.scorer import BATCH
from ocr_tf.experiment.runs.predictions import Prediction
from ocr_tf.study.analysis import error_types, probe_data, slices
from ocr_tf.study.analysis.content import Control, Probe, ProbeLevel, ProbeRates, ProbeReading
from ocr_tf.study.analysis.line_images import LineImages
from ocr_tf.study.analysis.probe_data import MEANINGS, Level
from ocr_tf.study.comparison import estimates, statistics
from ocr_tf.study.comparison.models import Networks
from ocr_tf.study.comparison.results import Grid
from ocr_tf.types import Array

SHOWN = 4  # lines of a level that are kept with their readings

# Every network's readings of every line, by condition and seed.
Readings = dict[tuple[str, int], list[Reading]]


class Probed(NamedTuple):
    """The readings of a level's lines that all networks can take and write."""

    grid: Grid  # with the conditions and seeds of the networks
    total: int  # lines that the level has
    short: dict[str, int]  # lines left out: a condition has too few encoder steps for their texts


def read(networks: Networks, grid: Grid, probes: Sequence[Level]) -> list[Probed]:
    """Reads every level's lines with every network, by the search of each condition.

    Lines are left out whose image a condition cannot take (too wide, say) or whose text it has too few
    encoder steps for.
    """
    source = Concatenation([level.source for level in probes])
    readings: Readings = {}
    short = {c: networks.unreachable(c, source) for c in networks.conditions()}
    usable = ~np.any(list(short.values()), axis=0)
    for condition, seed in networks.cells:
        trained, lines = networks.trained(condition, seed), networks.lines(condition, source)
        search = networks.search(condition, seed)
        reader = Reader(trained.model, trained.geometry, BATCH, search)
        readings[condition, seed] = reader.read(lines, f"probing {condition}, seed {seed}")
        usable &= [reading.ok for reading in readings[condition, seed]]
    ends = np.cumsum([len(level.source.samples) for level in probes])
    every = np.split(np.arange(len(source.samples)), ends[:-1])
    return [
        Probed(
            _grid(grid, lines, i[usable[i]], readings),
            len(i),
            {condition: int(mask[i].sum()) for condition, mask in short.items()},
        )
        for i in every
    ]


def probes(
    networks: Networks, grid: Grid, trained: Sequence[str], source: Source, images: LineImages
) -> dict[str, Probe]:
    """Reads every probe with every network.

    Args:
        networks: of all conditions.
        grid: the conditions and seeds.
        trained: texts of the training lines.
        source: the test lines.
        images: their pixels.

    Returns:
        The probes by family. A level is left out where encoder steps are too few for more than half of its
        lines: the rest would be the easy ones. None where a network turns images: what is drawn is upright.
    """
    if any(networks.rotations):
        return {}
    known = networks.symbols()
    levels = probe_data.drawn(trained, known) + _joined(networks, source, images, known)
    if not levels:
        return {}
    probed = {(one.family, one.name): p for one, p in zip(levels, read(networks, grid, levels))}
    grids = {key: p.grid for key, p in probed.items() if _enough(p)}
    longest = max(map(len, trained))
    families: dict[str, Probe] = {}
    for family in dict.fromkeys(level.family for level in levels):
        members = [level for level in levels if level.family == family]
        short = {level.name: probed[family, level.name].short for level in members}
        kept = [level for level in members if (family, level.name) in grids]
        refused = {
            level.name: short[level.name]
            for level in members
            if level not in kept and any(short[level.name].values())
        }
        if kept or refused:
            families[family] = Probe(
                meaning=MEANINGS[family].format(longest=longest),
                levels=tuple(
                    _level(
                        level.name,
                        short[level.name],
                        grids[family, level.name],
                        _control(level, grids),
                    )
                    for level in kept
                ),
                left_out=refused,
            )
    return families


def _joined(
    networks: Networks, source: Source, images: LineImages, known: Sequence[str]
) -> list[Level]:
    """Joins test lines that all networks can take and that have a text."""
    good = np.flatnonzero(networks.readable(source) & [bool(s.text) for s in source.samples])

    def pixels(place: int) -> Array:
        image = images.image(int(good[place]))
        assert image is not None, "a readable line"
        return image

    return probe_data.joined(Selection(source, good.tolist()), pixels, known)


def _enough(probed: Probed) -> bool:
    return len(probed.grid.ids) > 1 and 2 * max(probed.short.values()) <= probed.total


def _control(level: Level, grids: Mapping[tuple[str, str], Grid]) -> Optional[Control]:
    """Compares a level with its control; None without one."""
    if level.control is None or level.control not in grids:
        return None
    own, (family, name) = grids[level.family, level.name], level.control
    both = estimates.together(own, grids[family, name])
    mask = np.arange(len(both.ids)) < len(own.ids)
    (compared,) = slices.compare(both, [slices.Members("probe", "level", mask)], "cer")
    return Control(family, name, compared.differences)


def _level(
    name: str, short: dict[str, int], probed: Grid, control: Optional[Control]
) -> ProbeLevel:
    cer, exact = (
        {c: statistics.outcomes(probed, c, metric) for c in probed.conditions}
        for metric in ("cer", "exact")
    )
    return ProbeLevel(
        level=name,
        lines=len(probed.ids),
        short=short,
        cer=estimates.compare(cer, probed.paired),
        exact=estimates.compare(exact, probed.paired),
        by_seed={
            c: ProbeRates(tuple(cer[c].rates.tolist()), tuple(exact[c].rates.tolist()))
            for c in probed.conditions
        },
        failures={n: failure.counts for n, failure in error_types.failures(probed).items()},
        shown=tuple(
            ProbeReading(
                probed.references[i],
                {c: tuple(row[i] for row in probed.texts(c)) for c in probed.conditions},
            )
            for i in range(min(SHOWN, len(probed.ids)))
        ),
        control=control,
    )


def _grid(grid: Grid, lines: Lines, kept: Array, readings: Readings) -> Grid:
    """Makes a grid of the kept lines with these readings."""
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
        ids=list(chosen.ids),
        references=list(chosen.texts),
        fingerprint=lines_fingerprint(chosen),
        left_out=0,
        groups=None,  # of the grid's own lines
    )

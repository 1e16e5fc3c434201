"""Measurements as tables for a terminal and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Optional

import numpy as np

from ocr_tf.bench.config import Bench
from ocr_tf.bench.export import Answers
from ocr_tf.bench.machine import Machine
from ocr_tf.bench.networks import READ, REST, TRAIN, Layers, Measured, Row, Session
from ocr_tf.bench.timing import spread
from ocr_tf.types import Array

HEADING = f"{'':26}{'GFLOP':>9}{'GFLOP':>9}{'ms':>10}{'quartiles':>18}{'images':>10}{'of GEMM':>9}"
HEADING_2 = f"{'':26}{'forward':>9}{'in all':>9}{'median':>10}{'':>18}{'/ s':>10}{'peak':>9}"


def opening(config: Bench, machine: Machine, networks: bool) -> str:
    """Returns a line that says where it was measured, and for networks another that says what."""
    threads = "1 thread" if machine.threads == 1 else f"{machine.threads} threads"
    line = f"{machine.processor}, {threads}, TensorFlow {machine.versions['tensorflow']}"
    if not networks:
        return line
    widths = f"{config.narrowest} to {config.width}" if config.narrowest else config.width
    return (
        f"{line}\n{config.batch_size} lines {widths} pixels wide, labels of {config.label_length} "
        f"symbols; {config.repeats} rounds"
    )


# Networks


def network_lines(session: Session, batch_size: int) -> Iterator[str]:
    """Yields the tables, at most 100 columns wide."""
    for dtype, peak in session.peaks.items():
        rate = spread(peak.each_round / 1e9)
        m, k, n = peak.fastest
        yield (
            f"GEMM peak {dtype}: {rate.median:.0f} GFLOP/s (quartiles {rate.low:.0f} to "
            f"{rate.high:.0f}), mostly by [{m}, {k}] x [{k}, {n}]"
        )
    yield "Share of the peak: FLOPs in all / time, next to the fastest product of the same round."
    for measured in session.networks:
        rates = session.peaks[measured.dtype].each_round
        yield ""
        yield f"{measured.name}, {measured.dtype}, {measured.parameters:,} parameters"
        yield HEADING
        yield HEADING_2
        for row in measured.rows:
            yield _line(row, rates, batch_size)
        yield from _baseline_ratios(measured)
        first = next(other for other in session.networks if _same_frames(other, measured))
        if first is not measured:
            for what in (TRAIN, READ):
                name = f"{measured.name} / {first.name}, {what}"
                yield from _ratio(name, measured, what, first, what)
        if measured.decoded is not None:
            yield f"  inference writes {measured.decoded:.1f} symbols a line"
        for kind, resident in measured.memory.items():
            yield (
                f"  memory at its peak, training, {kind}: {_mebibytes(resident.training)} "
                f"({_mebibytes(resident.imported)} before there is a network)"
            )
    for layers in session.layers:
        yield from _layer(layers, session, batch_size)


def _baseline_ratios(measured: Measured) -> Iterator[str]:
    for baseline in ("keras", "torch"):
        for what in (TRAIN, READ):
            theirs = f"{baseline} {what}"
            yield from _ratio(f"{baseline} / ours, {what}", measured, theirs, measured, what)


def _layer(layers: Layers, session: Session, batch_size: int) -> Iterator[str]:
    size = layers.size
    rates = session.peaks[size.dtype].each_round
    yield ""
    yield (
        f"One bidirectional {size.cell.upper()} layer, forward and backward, {size.dtype}: T = {size.steps}, "
        f"B = {size.batch}, D = {size.features}, U = {size.units}"
    )
    yield HEADING
    yield HEADING_2
    for row in layers.rows:
        yield _line(row, rates, batch_size)
    ours, alone, keras = layers.rows
    yield _ratio_line("layer / its GEMMs alone", ours.seconds / alone.seconds)
    yield _ratio_line("keras / layer", keras.seconds / ours.seconds)


def _same_frames(one: Measured, other: Measured) -> bool:
    """Tells if two networks compute in one dtype and differ in their heads alone, if at all."""
    parts = [(m.dtype, m.experiment.encoder, m.experiment.sequence) for m in (one, other)]
    return parts[0] == parts[1]


def _line(row: Row, rates: Array, batch_size: int) -> str:
    time = spread(row.seconds * 1e3)
    quartiles = f"{time.low:.2f} - {time.high:.2f}"
    images = "" if row.what == REST else f"{batch_size / time.median * 1e3:.1f}"
    share = f"{np.median(row.flops / row.seconds / rates):.2f}" if row.flops else ""
    return (
        f"  {row.what:24}{_giga(row.forward):>9}{_giga(row.flops):>9}{time.median:>10.2f}"
        f"{quartiles:>18}{images:>10}{share:>9}"
    ).rstrip()


def _ratio(
    name: str, numerator: Measured, what: str, denominator: Measured, other: str
) -> Iterator[str]:
    rows = [
        {row.what: row.seconds for row in measured.rows} for measured in (numerator, denominator)
    ]
    if what in rows[0] and other in rows[1]:
        yield _ratio_line(name, rows[0][what] / rows[1][other])


def _ratio_line(name: str, ratios: Array) -> str:
    ratio = spread(ratios)
    return f"  {name}: {ratio.median:.3f} (quartiles {ratio.low:.3f} to {ratio.high:.3f})"


def _giga(flops: Optional[int]) -> str:
    return f"{flops / 1e9:.2f}" if flops else ""


def _mebibytes(size: Optional[int]) -> str:
    return "unknown" if size is None else f"{size / 2**20:,.0f} MiB"


# Exports


def export_lines(answers: list[Answers], batch_size: int) -> Iterator[str]:
    """Yields a table of exports, and how they compare with the first."""
    width = max(len(export.name) for export in answers) + 2
    yield ""
    yield f"{'':{width}}{'1 image, ms':^30}{f'{batch_size} images':>14}"
    yield f"{'export':{width}}{'p50':>10}{'p99':>10}{'worst':>10}{'images / s':>14}  text"
    for export in answers:
        p50, p99 = np.percentile(export.seconds * 1e3, [50, 99])
        per_second = batch_size / np.median(export.batch_seconds)
        yield (
            f"{export.name:{width}}{p50:>10.2f}{p99:>10.2f}{export.seconds.max() * 1e3:>10.2f}"
            f"{per_second:>14.1f}  {export.text}"
        )
    first = answers[0]
    for export in answers[1:]:
        yield _ratio_line(f"{export.name} / {first.name}, 1 image", export.seconds / first.seconds)


# JSON


def as_json(
    config: Bench, machine: Machine, session: Optional[Session], answers: list[Answers]
) -> dict[str, Any]:
    """Returns every sample of everything; times in seconds, memory in bytes."""
    content: dict[str, Any] = {
        "machine": dataclasses.asdict(machine),
        "settings": dataclasses.asdict(config),
    }
    content |= {"peaks": {}, "networks": [], "layers": [], "exports": []}
    for dtype, peak in session.peaks.items() if session else ():
        content["peaks"][dtype] = {"shapes": peak.shapes, "flops_per_second": peak.rates.tolist()}
    for measured in session.networks if session else ():
        content["networks"].append(
            {
                "name": measured.name,
                "dtype": measured.dtype,
                "experiment": dataclasses.asdict(measured.experiment),
                "parameters": measured.parameters,
                "symbols_read": measured.decoded,
                "memory": {kind: resident._asdict() for kind, resident in measured.memory.items()},
                "rows": [_row(row) for row in measured.rows],
            }
        )
    for layers in session.layers if session else ():
        rows = [_row(row) for row in layers.rows]
        content["layers"].append({**layers.size._asdict(), "rows": rows})
    for export in answers:
        content["exports"].append(
            {
                "name": export.name,
                "text": export.text,
                "seconds": export.seconds.tolist(),
                "batch_seconds": export.batch_seconds.tolist(),
            }
        )
    return content


def _row(row: Row) -> dict[str, Any]:
    return {**row._asdict(), "seconds": row.seconds.tolist()}

"""Measures of an alignment: where in the line a model reads each symbol, and whether it reads on.

An alignment is weights [L, T] of L symbols over the T steps of a line: an attention's, or CTC's
occupancies. Rows are taken as distributions a_l over steps, whatever they sum to; a row without weight
has no place: its measures are NaN. Places are in the unit of `edges` [T + 1], where steps begin and
end: columns of the image, or without edges steps from the line's start.

    center            x_l = sum_t a_lt (edges_t + edges_t+1) / 2        its center of mass
    monotonicity      share of neighboring symbols with x_l+1 > x_l
    entropy           H_l = -sum_t a_lt log a_lt                         nats; H_l / log T is 0 to 1
    rereading         sum_t min(a_lt, sum_l'<l a_l't)                    0 to 1: how much of a symbol's
                                                                        weight lies where others had theirs
    coverage          c_t = sum_l a_lt, counted within one advance around a step, at most 1
    advance           (edges_T - edges_0) / L                            what a symbol is expected to take

Rereading is the coverage loss of See et al. 2017 (equations 10 to 12); the coverage vector is that of
Tu et al. 2016. A line is covered where a symbol's worth of attention fell near by, so that peaks as
far apart as symbols are wide cover it as evenly spread weights do. Drift is that of Cheng et al. 2017
(Focusing Attention): a center off the symbol's place, which must be known from elsewhere, such as CTC's
forced path.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

import numpy as np

from ocr_tf.types import Array

# Beyond these a symbol is counted; in advances, but for REREAD.
SKIP = 3.0  # forward from the symbol before: at least a whole symbol is passed over
RETURN = 1.0  # back from the furthest place read
REREAD = 0.5  # of a symbol's weight where others had theirs
DRIFT = 1.0  # off the symbol's place, either way

# A column of an image holds ink where one of its pixels differs from the border's median gray by at least
# both of these.
INK_SHARE = 0.5  # of the difference that the image's most different pixel has
INK_LEVELS = 32  # gray levels of 255; an image without such a pixel holds no ink


@dataclasses.dataclass(frozen=True)
class Measures:
    """Measures of one line's alignment; `measure` makes it. None: too few symbols have a place to say it."""

    symbols: int  # L
    advance: float  # expected, in the unit of the edges
    monotonicity: Optional[float]
    covered: float  # share of the line's ink
    entropy: Optional[float]  # mean over symbols, nats
    relative_entropy: Optional[float]  # mean of H_l / log T
    rereading: Optional[float]  # mean over symbols but the first
    skips: tuple[int, ...]  # symbols (0 to L - 1) before which the line is passed over
    repeats: tuple[int, ...]  # symbols read from a place that was read already
    offset: Optional[float]  # mean of center minus place; None without places
    distance: Optional[float]  # mean of |center - place|
    drifts: Optional[tuple[int, ...]]  # symbols read off their place; None without places

    def as_dict(self) -> dict[str, Any]:
        """Returns JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
        }


def measure(
    weights: Array,
    edges: Optional[Array] = None,
    ink: Optional[Array] = None,
    places: Optional[Array] = None,
) -> Measures:
    """Computes all measures of one alignment.

    Args:
        weights: [L, T], not negative, L and T at least 1.
        edges: [T + 1] rising; by default 0 to T.
        ink: [T] how much there is to read in each step, in any unit; by default a step's width.
        places: [L] where the symbols are, such as `path_centers`; NaN where that is not known.

    Raises:
        ValueError: shapes that do not fit, or negative or no numbers as weights.
    """
    bounds = _bounds(weights, edges)
    symbols = len(weights)
    x = centers(weights, bounds)
    step = advance(weights, bounds)
    nats = entropies(weights)
    reread = rereading(weights)
    forward = np.diff(x[~np.isnan(x)])
    offset = distance = drifts = None
    if places is not None:
        if np.shape(places) != x.shape:
            raise ValueError(f"places {np.shape(places)} of {symbols} symbols")
        off: Array = x - np.asarray(places, np.float64)
        offset, distance = _mean(off), _mean(np.abs(off))
        drifts = _which(np.abs(off) > DRIFT * step)
    return Measures(
        symbols=symbols,
        advance=step,
        monotonicity=_mean((forward > 0).astype(float)),
        covered=covered(weights, bounds, ink),
        entropy=_mean(nats),
        relative_entropy=_mean(nats / max(np.log(weights.shape[1]), np.finfo(float).tiny)),
        rereading=_mean(reread[1:]),
        skips=skips(x, step),
        repeats=tuple(sorted({*returns(x, step), *overlaps(weights)})),
        offset=offset,
        distance=distance,
        drifts=drifts,
    )


def advance(weights: Array, edges: Optional[Array] = None) -> float:
    """Returns the share of the line that each of its symbols would have if all were alike."""
    bounds = _bounds(weights, edges)
    return float((bounds[-1] - bounds[0]) / len(weights))


def centers(weights: Array, edges: Optional[Array] = None) -> Array:
    """Computes the center of mass of each symbol, [L]; NaN where a symbol has no weight."""
    bounds = _bounds(weights, edges)
    rows = _rows(weights)
    return np.where(rows.any(axis=1), rows @ ((bounds[:-1] + bounds[1:]) / 2), np.nan)


def path_centers(path: Array, symbols: int, edges: Optional[Array] = None) -> Array:
    """Computes the center [L] of the steps that a forced path gives each symbol; NaN for one without a step.

    Args:
        path: [T] index of the symbol that each step is given to, -1 for none.
        symbols: L.
        edges: as `measure`.
    """
    return centers((np.asarray(path) == np.arange(symbols)[:, None]).astype(float), edges)


def entropies(weights: Array) -> Array:
    """Computes H_l in nats, [L], 0 to log T; NaN where a symbol has no weight."""
    rows = _rows(weights)
    logs = np.log(rows, out=np.zeros_like(rows), where=rows > 0)
    return np.where(rows.any(axis=1), np.maximum(-(rows * logs).sum(axis=1), 0.0), np.nan)


def rereading(weights: Array) -> Array:
    """Computes the share of each symbol's weight where symbols before it had theirs; NaN without weight."""
    rows = _rows(weights)
    before = np.cumsum(rows, axis=0) - rows
    return np.where(rows.any(axis=1), np.minimum(rows, before).sum(axis=1), np.nan)


def coverage(weights: Array, edges: Optional[Array] = None) -> Array:
    """Sums symbols' worth of attention within one advance around each step's middle: [T].

    A step's weight is spread evenly over it, so that steps wider than an advance count in part.
    """
    bounds = _bounds(weights, edges)
    passed = np.concatenate([[0.0], np.cumsum(_rows(weights).sum(axis=0))])
    middle, half = (bounds[:-1] + bounds[1:]) / 2, advance(weights, bounds) / 2
    # At the line's ends the window is moved inside, not cut.
    low = np.clip(middle - half, bounds[0], bounds[-1] - 2 * half)
    return np.interp(low + 2 * half, bounds, passed) - np.interp(low, bounds, passed)


def covered(weights: Array, edges: Optional[Array] = None, ink: Optional[Array] = None) -> float:
    """Computes the share of the line's ink, 0 to 1, near which a symbol's worth of attention fell.

    Args:
        weights: [L, T], as `measure`.
        edges: [T + 1], as `measure`.
        ink: [T], as `measure`; where there is none at all, the steps' widths.
    """
    bounds = _bounds(weights, edges)
    amount = np.diff(bounds) if ink is None else np.asarray(ink, np.float64)
    if amount.shape != bounds[1:].shape or not (amount >= 0).all():
        raise ValueError(f"ink {amount.shape} of {len(bounds) - 1} steps, or below 0")
    if not amount.any():
        amount = np.diff(bounds)
    return float(np.minimum(coverage(weights, bounds), 1.0) @ amount / amount.sum())


def ink_columns(image: Array) -> Array:
    """Marks the columns of a line image that something is written in.

    A column holds ink where one of its pixels differs from the median gray of the image's outermost rows
    and columns by at least INK_LEVELS, and by at least INK_SHARE of what the image's most different pixel
    does. Dark writing on light paper and light writing on dark paper are alike. Lines and stains count as
    writing does.

    Args:
        image: [H, W] gray, 0 to 255.

    Returns:
        [W] bool.
    """
    gray = np.asarray(image, np.float64)
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    contrast = np.abs(gray - np.median(border)).max(axis=0)
    return contrast >= max(INK_LEVELS, INK_SHARE * contrast.max())


def ink_distances(spans: Array, image: Array) -> Array:
    """Measures how far each span of columns is from the nearest column with ink.

    Args:
        spans: [L, 2] columns, not rounded, where spans begin and end; a span touches the whole columns
            from floor(begin) to ceil(end) - 1, and one at least.
        image: [H, W] gray, as `ink_columns`.

    Returns:
        [L] columns: 0 where there is ink under the span, infinity where the image has none at all.
    """
    columns = np.flatnonzero(ink_columns(image))
    last_column = np.shape(image)[1] - 1
    first = np.clip(np.floor(spans[:, 0]), 0, last_column)
    last = np.clip(np.ceil(spans[:, 1]) - 1, first, last_column)
    off = np.maximum(first[:, None] - columns, columns - last[:, None])
    return np.maximum(off, 0.0).min(axis=1, initial=np.inf)


def without_ink(spans: Array, image: Array) -> Array:
    """Marks spans that have no ink under them: the network emits there, but no symbol is there.

    Args:
        spans: [L, 2], as `ink_distances`. A symbol without any weight has no span; leave it out.
        image: [H, W] gray, as `ink_columns`.

    Returns:
        [L] bool.
    """
    return ink_distances(spans, image) > 0


def skips(x: Array, step: float) -> tuple[int, ...]:
    """Finds symbols more than SKIP advances ahead of the furthest place read before them.

    Args:
        x: [L] centers.
        step: the advance.
    """
    return _which(x - _furthest(x) > SKIP * step)


def returns(x: Array, step: float) -> tuple[int, ...]:
    """Finds symbols more than RETURN advances behind the furthest place read before them; as `skips`."""
    return _which(_furthest(x) - x > RETURN * step)


def overlaps(weights: Array) -> tuple[int, ...]:
    """Finds symbols of [L, T] with more than REREAD of their weight where symbols before had theirs."""
    return _which(rereading(weights) > REREAD)


def _furthest(x: Array) -> Array:
    """Returns the greatest center before each symbol, [L]; NaN before there is one."""
    before = np.concatenate([[np.nan], x[:-1]])
    return np.fmax.accumulate(before)


def _rows(weights: Array) -> Array:
    """Returns each row's distribution, or zeros: [L, T]."""
    total = weights.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.divide(weights, total, out=np.zeros(weights.shape), where=total > 0)


def _bounds(weights: Array, edges: Optional[Array]) -> Array:
    if weights.ndim != 2 or not weights.size or not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"weights {weights.shape}: not [L, T], or not all 0 or above")
    steps = weights.shape[1]
    bounds = np.arange(steps + 1.0) if edges is None else np.asarray(edges, np.float64)
    if bounds.shape != (steps + 1,) or not (np.diff(bounds) >= 0).all() or bounds[-1] <= bounds[0]:
        raise ValueError(f"{len(bounds)} edges of {steps} steps, or not rising")
    return bounds


def _which(chosen: Array) -> tuple[int, ...]:
    return tuple(np.flatnonzero(chosen).tolist())


def _mean(values: Array) -> Optional[float]:
    """Averages those that are numbers."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else None

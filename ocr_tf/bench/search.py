"""The command `bench_search`: lines a second of CTC's beam search, beside other decoders."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from ocr_tf.bench import timing
from ocr_tf.bench.machine import machine
from ocr_tf.bench.search_config import BenchSearch
from ocr_tf.bench.search_rivals import (
    RIVALS,
    Found,
    Settings,
    begin,
    installed,
    read_some,
    stand_in,
)
from ocr_tf.data import pipeline
from ocr_tf.data.batching import plan
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.lines import LabelIds, Lines, load_lines
from ocr_tf.decode import Beam, ctc_lattice
from ocr_tf.decode.guide import Guide
from ocr_tf.errors import InputError
from ocr_tf.experiment.inference.load import Trained, restore
from ocr_tf.experiment.inference.recognize import WIDTHS
from ocr_tf.graphs import graph
from ocr_tf.heads.ctc import CTCHead
from ocr_tf.language import arpa
from ocr_tf.language.automaton import token_of
from ocr_tf.language.ngrams import NGrams
from ocr_tf.library_lines import without_library_lines
from ocr_tf.metrics.error_rates import measure
from ocr_tf.processor import cores
from ocr_tf.types import Array, Frames, Labels

OURS, TENSORFLOW = "ours", "tf.nn.ctc_beam_search_decoder"
GONE = -60.0  # log p of a symbol that a frame was not left


class Batch(NamedTuple):
    """Holds a run's frames of some lines."""

    frames: Frames  # [B, T, C] log p
    rows: Array  # [B] which of the lines


# Searches all lines, and gives their texts in their order.
Decoder = Callable[[], list[Found]]


def run(config: BenchSearch, run_folder: str) -> None:
    """Measures and prints a table.

    Raises:
        InputError: no run of a CTC head, no lines, or a model that cannot be used.
    """
    if not config.data.test:
        raise InputError("--data.test is missing: name the lines to search")
    Beam(config.width, lm=config.lm).check()
    with without_library_lines():
        trained = restore(run_folder, config.checkpoint)
        if not isinstance(trained.model.head, CTCHead):
            raise InputError(f"{run_folder}: its head is not CTC's, of which the decoders are")
        lines = load_lines(open_sources(config.data.test), trained.geometry)
        lines = lines.take(np.arange(min(config.lines, len(lines))))
        _measure(config, trained, lines)


def _measure(config: BenchSearch, trained: Trained, lines: Lines) -> None:
    alphabet = trained.model.alphabet
    batches = list(_batches(config, trained, lines))
    how = Beam(
        config.width, lm=config.lm, lm_weight=config.lm_weight, symbols=_kept(config, trained)
    )
    guide = how.guide(alphabet)
    with contextlib.ExitStack() as stack:
        decoders: dict[str, Decoder] = {OURS: _ours(trained, batches, how)}
        if guide is None:
            decoders[TENSORFLOW] = _tensorflow(batches, config.width)
        decoders |= _rivals(config, trained, batches, stack)
        seconds = timing.alternate(decoders, config.repeats, "searching")
        found = {name: search() for name, search in decoders.items()}
    exact = {name: _exact(batches, texts, guide, trained) for name, texts in found.items()}
    for line in _table(config, trained, lines, seconds, found, exact):
        print(line)


def _kept(config: BenchSearch, trained: Trained) -> int:
    """Counts the symbols of a frame that ours is told to grow by; 0: all."""
    return config.symbols if config.lm and config.symbols < len(trained.model.alphabet) else 0


def _batches(config: BenchSearch, trained: Trained, lines: Lines) -> Iterator[Batch]:
    """Runs the network; frames keep so many symbols as the configuration says, and the blank."""
    model = trained.model
    labels = LabelIds(lines, model.alphabet)
    order = plan(lines.widths, 0, 0, config.batch_size, shuffle=False)
    for batch in pipeline.batches(lines, labels, order, trained.geometry, multiple=WIDTHS):
        frames = model.head.log_probs(model(batch.images))
        if config.symbols:
            symbols, blank = tf.split(frames.values, [model.alphabet.blank, 1], axis=2)
            least = tf.math.top_k(symbols, min(config.symbols, symbols.shape[2]))[0][:, :, -1:]
            symbols = tf.where(symbols >= least, symbols, GONE)
            frames = Frames(tf.concat([symbols, blank], axis=2), frames.lengths)
        yield Batch(frames, batch.samples.numpy())


def _in_order(batches: Sequence[Batch], texts: Sequence[Sequence[Found]]) -> list[Found]:
    by_row = {
        int(row): one for batch, some in zip(batches, texts) for row, one in zip(batch.rows, some)
    }
    return [by_row[row] for row in sorted(by_row)]


def _ours(trained: Trained, batches: Sequence[Batch], how: Beam) -> Callable[[], list[Found]]:
    alphabet = trained.model.alphabet
    spec = [tf.TensorSpec([None, None, alphabet.classes]), tf.TensorSpec([None], tf.int32)]
    search = graph(lambda values, lengths: how.ctc(Frames(values, lengths), alphabet), spec)

    def all_lines() -> list[Found]:
        texts = []
        for batch in batches:
            found = search(*batch.frames)
            ids, lengths, scores = (
                values[:, 0].numpy() for values in (found.ids, found.lengths, found.objective)
            )
            texts.append([Found(i[:n].tolist(), float(s)) for i, n, s in zip(ids, lengths, scores)])
        return _in_order(batches, texts)

    return all_lines


def _tensorflow(batches: Sequence[Batch], width: int) -> Callable[[], list[Found]]:
    classes = batches[0].frames.values.shape[2]
    spec = [tf.TensorSpec([None, None, classes]), tf.TensorSpec([None], tf.int32)]
    search = graph(
        lambda values, lengths: tf.nn.ctc_beam_search_decoder(
            tf.transpose(values, [1, 0, 2]), lengths, width, 1
        ),
        spec,
    )

    def all_lines() -> list[Found]:
        texts = []
        for batch in batches:
            (sparse,), scores = search(*batch.frames)
            rows: list[list[int]] = [[] for _ in batch.rows]
            for (row, _), symbol in zip(sparse.indices.numpy(), sparse.values.numpy()):
                rows[row].append(int(symbol))
            texts.append([Found(row, float(s)) for row, s in zip(rows, scores[:, 0].numpy())])
        return _in_order(batches, texts)

    return all_lines


def _rivals(
    config: BenchSearch, trained: Trained, batches: Sequence[Batch], stack: contextlib.ExitStack
) -> dict[str, Decoder]:
    """Starts those that are installed, each in as many processes as there are cores."""
    alphabet = trained.model.alphabet
    folder = Path(tempfile.mkdtemp(prefix="ocr_tf-bench-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    model = ""
    if config.lm:
        model = str(folder / "model.arpa")
        arpa.write(_renamed(arpa.read(config.lm), alphabet.symbols), model)
    rows = [int(row) for batch in batches for row in batch.rows]
    lines = dict(zip(rows, (line for batch in batches for line in _each(batch))))
    ordered = [lines[row] for row in sorted(lines)]
    decoders: dict[str, Decoder] = {}
    for rival in RIVALS:
        if not installed(rival):
            needs = " ".join(rival.NEEDS)
            print(f"left out, not installed: {rival.NAME} (needs {needs})", file=sys.stderr)
            continue
        for prune in (False, True) if rival.PRUNES else (False,):
            settings = Settings(len(alphabet), model, config.width, config.lm_weight, prune)
            pool = stack.enter_context(
                concurrent.futures.ProcessPoolExecutor(
                    cores(), multiprocessing.get_context("spawn"), begin, (rival, settings)
                )
            )
            name = f"{rival.NAME}, pruning as it ships" if prune else rival.NAME
            decoders[name] = _pooled(pool, ordered)
    return decoders


def _pooled(pool: Any, lines: Sequence[Array]) -> Callable[[], list[Found]]:
    size = max(1, len(lines) // (4 * cores()))
    parts = [list(lines[i : i + size]) for i in range(0, len(lines), size)]
    return lambda: [one for some in pool.map(read_some, parts) for one in some]


def _each(batch: Batch) -> Iterator[Array]:
    for values, length in zip(batch.frames.values.numpy(), batch.frames.lengths.numpy()):
        yield np.ascontiguousarray(values[:length])


def _renamed(model: NGrams, symbols: Sequence[str]) -> NGrams:
    """Puts the characters that stand for symbols in the place of a model's tokens."""
    names = {token_of(symbol): stand_in(k) for k, symbol in enumerate(symbols)}

    def of(gram: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(token, token) for token in gram)

    return dataclasses.replace(
        model,
        log_probs=tuple({of(g): p for g, p in grams.items()} for grams in model.log_probs),
        backoffs={of(g): weight for g, weight in model.backoffs.items()},
    )


def _exact(
    batches: Sequence[Batch], texts: Sequence[Found], guide: Optional[Guide], trained: Trained
) -> Array:
    """Scores every line's text by all paths, and by what the model adds: [N]."""
    blank, pad = trained.model.alphabet.blank, trained.model.alphabet.pad
    scores = np.zeros(len(texts))
    places = {row: i for i, row in enumerate(sorted(int(r) for b in batches for r in b.rows))}
    for batch in batches:
        own = [places[int(row)] for row in batch.rows]
        lengths = np.array([len(texts[i].ids) for i in own], np.int32)
        ids = np.full([len(own), lengths.max(initial=0)], pad, np.int32)
        for row, i in zip(ids, own):
            row[: len(texts[i].ids)] = texts[i].ids
        labels = Labels(tf.constant(ids), tf.constant(lengths))
        total = ctc_lattice.score(batch.frames, labels, blank)
        if guide is not None:
            total += guide.score(*labels)
        scores[own] = total.numpy()
    return scores


def _table(
    config: BenchSearch,
    trained: Trained,
    lines: Lines,
    seconds: dict[str, Array],
    found: dict[str, list[Found]],
    exact: dict[str, Array],
) -> Iterator[str]:
    about, alphabet = machine(), trained.model.alphabet
    threads = f"{about.threads} thread{'s' if about.threads != 1 else ''}"
    model = f"{config.lm}, weight {config.lm_weight:g}" if config.lm else "no language model"
    kept = f", {config.symbols} of a frame" if config.symbols else ""
    steps = np.mean([trained.experiment.encoder.steps(int(width)) for width in lines.widths])
    yield (
        f"{about.processor}, {threads}; {len(lines)} lines of {steps:.0f} frames, {len(alphabet)} "
        f"symbols{kept}; width {config.width}, {model}; {config.repeats} rounds"
    )
    yield (
        f"{'':34}{'lines / s':>10}{'quartiles':>16}{'ours /':>9}{'exact score':>13}{'claimed':>10}"
        f"{'not below':>11}{'CER':>8}"
    )
    yield f"{'':34}{'':>10}{'':>16}{'this':>9}{'mean':>13}{'too high':>10}{'ours':>11}"
    for name, samples in seconds.items():
        rate = timing.spread(len(lines) / samples)
        ratio = timing.spread(samples / seconds[OURS])
        claimed = np.array([text.claimed for text in found[name]])
        beyond = np.mean(claimed - exact[name])
        equal = np.mean(exact[name] >= exact[OURS] - 1e-3)
        texts = [alphabet.decode(text.ids) for text in found[name]]
        cer = measure(zip(map(alphabet.canonical, lines.texts), texts), "none").cer or 0.0
        quartiles = f"{rate.low:.1f} - {rate.high:.1f}"
        yield (
            f"{name:34}{rate.median:10.1f}{quartiles:>16}{ratio.median:9.2f}{exact[name].mean():13.4f}"
            f"{beyond:10.4f}{100 * equal:10.1f}%{100 * cer:7.2f}%"
        )

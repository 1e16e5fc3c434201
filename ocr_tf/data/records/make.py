"""The command make_records: any source to sharded TFRecords, in parallel and resumable."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Optional, Union

from ocr_tf.atomic import TEMPORARY, atomic_write
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.fingerprint import fingerprint_of
from ocr_tf.data.records.config import MakeRecords
from ocr_tf.data.records.manifest import (
    MANIFEST,
    PLAN,
    Manifest,
    Plan,
    read_manifest,
    summarize,
    verify,
)
from ocr_tf.data.records.shard import read_index, write_shard
from ocr_tf.data.source import Source
from ocr_tf.errors import NAMED, InputError
from ocr_tf.processor import cores
from ocr_tf.progress import Progress

LEFT_OUT = "left_out.tsv"

# Of a process that writes: inherited where processes fork; the error, where it could not be opened.
_source: Union[Source, InputError, None] = None


def run(config: MakeRecords, output: str) -> None:
    """Converts, or verifies, as the command line says.

    Raises:
        InputError: bad data, or a folder that holds something else.
    """
    folder = Path(output)
    if config.verify:
        _verify(folder, read_manifest(folder))
        return
    if not config.data:
        raise InputError("--data is missing: name labels files, folders or scheme:SPEC")
    manifest = make(config, folder)
    _verify(folder, manifest)
    print(f"train: --data.train=records:{folder}")


def make(config: MakeRecords, folder: Path) -> Manifest:
    """Converts the lines of all sources into a folder of records; does nothing where they are there.

    Raises:
        InputError: the folder holds other things, a source is bad, or --strict and an image is.
        KeyboardInterrupt: the shards that were written before it stay.
    """
    global _source
    _source = source = open_sources(config.data)
    plan = Plan(
        config.data, len(source), fingerprint_of(source.ids, source.texts), config.shard_lines
    )
    _claim(folder, plan)
    todo = [n for n in range(plan.shards) if not _is_done(plan.path(folder, n))]
    if not todo and (folder / MANIFEST).exists():
        return read_manifest(folder)
    progress = Progress("writing records", plan.lines)
    done = plan.lines - sum(len(plan.positions(number)) for number in todo)
    progress.show(done)
    try:
        for number in _written(config, plan, folder, todo):
            done += len(plan.positions(number))
            progress.show(done)
    except KeyboardInterrupt:
        progress.clear()
        raise KeyboardInterrupt(
            f"interrupted; {done} of {plan.lines} lines are written: give the same command again to go on"
        ) from None
    progress.clear()
    return finish(plan, folder)


def finish(plan: Plan, folder: Path) -> Manifest:
    """Gathers what the shards left out, and writes the manifest."""
    left_out: list[str] = []
    for number in range(plan.shards):
        left_out += read_index(plan.path(folder, number)).left_out
    manifest = summarize(plan, folder, len(left_out))
    if not manifest.lines:
        raise InputError(f"{left_out[0]}; no image of {', '.join(plan.data)} can be used")
    atomic_write(folder / LEFT_OUT, "".join(f"{line}\n" for line in left_out).encode())
    manifest.write(folder)
    return manifest


def _claim(folder: Path, plan: Plan) -> None:
    """Writes the plan into a new folder, or compares it with the one that is there."""
    path = folder / PLAN
    content = json.dumps(dataclasses.asdict(plan), indent=1, ensure_ascii=False) + "\n"
    try:
        if path.exists():
            if path.read_text("utf-8") != content:
                raise InputError(
                    f"{folder}: holds records of other data or with another --shard_lines "
                    f"({PLAN} says which); name another folder"
                )
        elif folder.exists() and any(folder.iterdir()):
            raise InputError(f"{folder}: is not empty and holds no records; name another folder")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            atomic_write(path, content.encode())
        for rest in folder.glob(f".*{TEMPORARY}"):  # of a process that was killed
            rest.unlink()
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; name another folder") from None


def _is_done(path: Path) -> bool:
    """Tells whether a shard was written: the index is the last of its files."""
    try:
        read_index(path)
    except InputError:
        return False
    return path.with_name(f"{path.name}.tfrecord").exists()


def _written(config: MakeRecords, plan: Plan, folder: Path, todo: Sequence[int]) -> Iterator[int]:
    """Writes shards, here or each in one of several processes; yields their numbers as they are done."""
    if config.beam:
        from ocr_tf.data.records import beam

        yield from beam.written(config, plan, folder, todo)
        return
    count = min(config.processes or cores(), len(todo))
    if count <= 1:
        for number in todo:
            _task(plan, folder, number, config.strict)
            yield number
        return
    forks = "fork" in multiprocessing.get_all_start_methods() and "tensorflow" not in sys.modules
    context = multiprocessing.get_context("fork" if forks else "spawn")
    with ProcessPoolExecutor(count, context, _begin, (None if forks else config.data,)) as pool:
        tasks = {pool.submit(_task, plan, folder, number, config.strict): number for number in todo}
        try:
            for task in as_completed(tasks):
                task.result()
                yield tasks[task]
        except BrokenProcessPool:
            raise InputError(
                "a process that writes records was killed, perhaps for want of memory; give the same "
                "command again, with fewer --processes"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin(data: Optional[tuple[str, ...]]) -> None:
    """Prepares a process that writes; opens the data where it could not inherit them.

    An error is kept for the first task: from here it would break the pool without a word.
    """
    global _source
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if data is not None:
        try:
            _source = open_sources(data)
        except InputError as error:
            _source = error


def _task(plan: Plan, folder: Path, number: int, strict: bool) -> None:
    assert _source is not None, "_begin opens it"
    if isinstance(_source, InputError):
        raise _source
    write_shard(_source, plan.positions(number), plan.path(folder, number), strict)


def _verify(folder: Path, manifest: Manifest) -> None:
    """Checks the records that are there, and says what they hold."""
    wrong = verify(folder, manifest)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise InputError(
            f"{wrong[0]}{more}; remove the shard's two files and make the records again"
        )
    size = sum(shard.bytes for shard in manifest.shards)
    print(
        f"{folder}: {manifest.lines:,} lines in {len(manifest.shards)} shards, {size / 1e6:,.1f} MB, "
        f"alphabet {len(manifest.alphabet)} symbols, checksums right"
    )
    if manifest.left_out:
        print(f"left out {manifest.left_out} lines without a usable image:")
        named = (folder / LEFT_OUT).read_text("utf-8").splitlines()
        for line in named[:NAMED]:
            print(f"  {line}")
        if len(named) > NAMED:
            print(f"  ... all of them are in {folder / LEFT_OUT}")

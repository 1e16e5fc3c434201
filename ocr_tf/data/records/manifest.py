"""The manifest of a folder of records, and the plan that a conversion follows; TensorFlow-free."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np

from ocr_tf.atomic import atomic_write
from ocr_tf.data.records.shard import ShardIndex, read_index, sha256_of, shard_name
from ocr_tf.errors import InputError

VERSION = 1
MANIFEST, PLAN = "manifest.json", "plan.json"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is converted, and how it is cut; a conversion that goes on has to follow the same."""

    data: tuple[str, ...]  # the sources' names as given
    lines: int  # of all sources
    fingerprint: str  # of ids and texts
    shard_lines: int

    @property
    def shards(self) -> int:
        """The number of shards."""
        return -(-self.lines // self.shard_lines)

    def positions(self, shard: int) -> range:
        """The lines of a shard, numbered from 0."""
        start = shard * self.shard_lines
        return range(start, min(start + self.shard_lines, self.lines))

    def path(self, folder: Path, shard: int) -> Path:
        """The path of a shard without extension."""
        return folder / shard_name(shard, self.shards)


@dataclasses.dataclass(frozen=True)
class Shard:
    """A shard as its manifest knows it."""

    name: str  # without extension
    lines: int
    bytes: int
    sha256: str  # of the .tfrecord
    index_sha256: str  # of the .npz


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a folder of records holds."""

    data: tuple[str, ...]
    shard_lines: int
    lines: int
    left_out: int  # lines whose image cannot be used; left_out.tsv names them
    shards: tuple[Shard, ...]
    alphabet: dict[str, int]  # symbol: how often it occurs
    label_lengths: tuple[int, int]  # the shortest and the longest label, symbols
    widths: tuple[int, int]  # the narrowest and the widest image, pixels as stored
    heights: tuple[int, int]

    def write(self, folder: Path) -> None:
        """Writes the manifest, which makes the folder a finished set of records."""
        content = {"version": VERSION, **dataclasses.asdict(self)}
        text = json.dumps(content, indent=1, ensure_ascii=False)
        atomic_write(folder / MANIFEST, f"{text}\n".encode())


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest of a folder.

    Raises:
        InputError: it is missing, damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["version"] != VERSION:
            raise InputError(
                f"{path}: version {content['version']}, not {VERSION}; make the records again"
            )
        return Manifest(
            data=tuple(content["data"]),
            shard_lines=content["shard_lines"],
            lines=content["lines"],
            left_out=content["left_out"],
            shards=tuple(Shard(**shard) for shard in content["shards"]),
            alphabet=content["alphabet"],
            label_lengths=_pair(content["label_lengths"]),
            widths=_pair(content["widths"]),
            heights=_pair(content["heights"]),
        )
    except FileNotFoundError:
        unfinished = (folder / PLAN).exists()
        raise InputError(
            f"{path}: missing; "
            + (
                "the conversion was not finished: give its command again"
                if unfinished
                else "no records"
            )
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: damaged; make the records again") from None


def _pair(values: list[int]) -> tuple[int, int]:
    low, high = values
    return low, high


def summarize(plan: Plan, folder: Path, left_out: int) -> Manifest:
    """Makes the manifest of the shards that are there, all of which are read.

    Raises:
        InputError: a shard is missing or damaged.
    """
    symbols: Counter[str] = Counter()
    shards = []
    bounds: dict[str, list[int]] = {"label_lengths": [], "widths": [], "heights": []}
    for number in range(plan.shards):
        path = plan.path(folder, number)
        index = read_index(path)
        for text in index.texts:
            symbols.update(text)
        _widen(bounds, index)
        record = path.with_name(f"{path.name}.tfrecord")
        shards.append(
            Shard(
                path.name,
                len(index),
                record.stat().st_size,
                sha256_of(record),
                sha256_of(path.with_name(f"{path.name}.npz")),
            )
        )
    extremes = {name: (min(v, default=0), max(v, default=0)) for name, v in bounds.items()}
    return Manifest(
        data=plan.data,
        shard_lines=plan.shard_lines,
        lines=sum(shard.lines for shard in shards),
        left_out=left_out,
        shards=tuple(shards),
        alphabet=dict(sorted(symbols.items())),
        **extremes,
    )


def _widen(bounds: dict[str, list[int]], index: ShardIndex) -> None:
    if len(index):
        lengths = np.fromiter((len(text) for text in index.texts), np.int64, len(index))
        columns = {"label_lengths": lengths, "widths": index.widths, "heights": index.heights}
        for name, column in columns.items():
            bounds[name] += [int(column.min()), int(column.max())]


def verify(folder: Path, manifest: Manifest) -> list[str]:
    """Checks every shard against the manifest; returns a line for each that does not fit."""
    wrong = []
    for shard in manifest.shards:
        for extension, expected in (("tfrecord", shard.sha256), ("npz", shard.index_sha256)):
            path = folder / f"{shard.name}.{extension}"
            try:
                if sha256_of(path) != expected:
                    wrong.append(f"{path}: not what was written (its checksum differs)")
            except OSError as error:
                wrong.append(f"{path}: {error.strerror}")
    return wrong

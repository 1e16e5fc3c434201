"""One shard: a TFRecord file of tf.train.Example messages, and an index beside it.

    lines-00003-of-00012.tfrecord   image/encoded, label/text, id, image/height, image/width
    lines-00003-of-00012.npz        where each image's bytes lie in that file; digest, size, text and id

Whoever reads TFRecords can read the first alone. With the index any image is one read at its place,
without decoding what surrounds it, and a data set opens without touching its images. Every image is
checked against its digest when it is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ocr_tf.atomic import TEMPORARY, atomic_write
from ocr_tf.data.fingerprint import image_digest, read_image
from ocr_tf.data.source import Source
from ocr_tf.data.strings import Strings
from ocr_tf.errors import InputError
from ocr_tf.types import Array

CHUNK = 64  # images decoded together
FIXED = {
    "offsets": "<u8",
    "sizes": "<u4",
    "digests": "u1",
    "heights": "<i4",
    "widths": "<i4",
    "pixels": "<i8",
}
STRINGS = ("texts", "ids", "left_out")


def shard_name(number: int, shards: int) -> str:
    """Returns a shard's file name without its extension."""
    return f"lines-{number:05d}-of-{shards:05d}"


class ShardIndex(NamedTuple):
    """What is known of a shard's lines."""

    offsets: Array  # [N] uint64: where in the file the encoded image begins
    sizes: Array  # [N] uint32: its bytes
    digests: Array  # [N, 32] uint8: its sha256
    heights: Array  # [N] int32, pixels
    widths: Array  # [N] int32
    pixels: Array  # [N] int64, see `ocr_tf.data.source.Facts`
    texts: Strings
    ids: Strings
    left_out: Strings  # a line for each sample that has no usable image: its place and why

    def __len__(self) -> int:
        return len(self.offsets)


def write_shard(source: Source, positions: Sequence[int], path: Path, strict: bool = False) -> None:
    """Writes a shard and then its index, each whole or not at all.

    Args:
        source: the lines.
        positions: of the shard's lines in the source.
        path: without extension.
        strict: the first image that cannot be used is an error.

    Raises:
        InputError: --strict, and an image cannot be used.
        OSError: the disk is full, or the like.
    """
    import tensorflow as tf

    from ocr_tf.data.image import measure_each
    from ocr_tf.data.lines import why_unusable

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    columns: dict[str, list[object]] = {name: [] for name in FIXED}
    texts, ids, left_out, offset = Strings(), Strings(), Strings(), 0
    try:
        with tf.io.TFRecordWriter(str(temporary)) as writer:
            for start in range(0, len(positions), CHUNK):
                chunk = positions[start : start + CHUNK]
                images = [read_image(source, i) for i in chunk]
                encoded = [image if isinstance(image, bytes) else b"" for image in images]
                measured = measure_each(encoded).tolist()
                for i, image, (height, width, key) in zip(chunk, images, measured):
                    sample = source.sample(i)
                    if isinstance(image, str) or not height:
                        reason = f"{sample.place}: {why_unusable(source, i)}"
                        if strict:
                            raise InputError(
                                f"{reason}; mend or remove it, or convert without --strict"
                            )
                        left_out.append(reason)
                        continue
                    message = _example(tf, image, sample.text, sample.id, int(height), int(width))
                    writer.write(message)
                    # A record is its length (8 bytes), a checksum of it (4), the message, a checksum (4).
                    row = (offset + 12 + _find(message, image), len(image), image_digest(image))
                    for name, value in zip(columns, (*row, height, width, key)):
                        columns[name].append(value)
                    texts.append(sample.text)
                    ids.append(sample.id)
                    offset += 16 + len(message)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, f"{path}.tfrecord")
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    content = io.BytesIO()
    arrays = {name: np.array(columns[name], kind) for name, kind in FIXED.items()}
    arrays["digests"] = arrays["digests"].reshape(-1, 32)
    for name, strings in zip(STRINGS, (texts, ids, left_out)):
        arrays[name], arrays[f"{name}_ends"] = strings.packed()
    np.savez(content, **arrays)
    atomic_write(f"{path}.npz", content.getvalue())


def read_index(path: Path) -> ShardIndex:
    """Reads a shard's index; `path` without extension.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        with np.load(f"{path}.npz", allow_pickle=False) as file:
            columns = {name: file[name] for name in FIXED}
            strings = {name: Strings() for name in STRINGS}
            for name, column in strings.items():
                column.extend_packed(file[name], file[f"{name}_ends"])
        count = len(columns["offsets"])
        lengths = {len(column) for column in columns.values()}
        lengths |= {len(strings["texts"]), len(strings["ids"])}
        if lengths != {count} or columns["digests"].shape != (count, 32):
            raise ValueError("columns of different lengths")
    except Exception as error:  # numpy raises many kinds for a broken archive
        reason = "missing" if isinstance(error, FileNotFoundError) else "damaged"
        raise InputError(
            f"{path}.npz: {reason}; make the records again, which redoes this shard alone"
        ) from None
    return ShardIndex(*(columns[name] for name in FIXED), *(strings[name] for name in STRINGS))


def sha256_of(path: Path) -> str:
    """Returns the sha256 of a file, in hexadecimal, reading a megabyte at a time."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            total.update(block)
    return total.hexdigest()


def _example(tf: object, image: bytes, text: str, name: str, height: int, width: int) -> bytes:
    def of_bytes(value: bytes) -> object:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))  # type: ignore[attr-defined]

    def of_int(value: int) -> object:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))  # type: ignore[attr-defined]

    features = {
        "image/encoded": of_bytes(image),
        "image/height": of_int(height),
        "image/width": of_int(width),
        "label/text": of_bytes(text.encode()),
        "id": of_bytes(name.encode()),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))  # type: ignore[attr-defined]
    message: bytes = example.SerializeToString(deterministic=True)
    return message


def _find(message: bytes, image: bytes) -> int:
    """Finds where the image's bytes begin in a message: behind their length as a varint."""
    length, varint = len(image), b""
    while True:
        length, low = length >> 7, length & 127
        varint += struct.pack("B", low | (128 if length else 0))
        if not length:
            break
    return message.index(varint + image) + len(varint)

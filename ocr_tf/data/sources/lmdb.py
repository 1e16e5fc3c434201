"""LMDB as deep-text-recognition-benchmark lays it out, and CRNN before it and PARSeq after it.

`lmdb:FOLDER` (with data.mdb in it) or `lmdb:FILE`. The key num-samples holds a number N; image-%09d and
label-%09d, from 1 to N, hold encoded images and texts in UTF-8. Defined by create_lmdb_dataset.py of
clovaai/deep-text-recognition-benchmark. Texts are read when they are asked for; nothing is kept.
"""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path
from typing import Any, Optional

from ocr_tf.data.image_file import convert_image
from ocr_tf.data.source import Sample, Source, file_stamp
from ocr_tf.data.spec import split_options
from ocr_tf.errors import InputError
from ocr_tf.normalization import nfc
from ocr_tf.text_file import reason_of

DATA = "data.mdb"
COUNT = "num-samples"
MAGIC, MAGIC_AT = struct.pack("=I", 0xBEEFC0DE), 16  # behind the first page's header
COPY_AGAIN = "copy it again, or mend it with mdb_copy -c"


class Lmdb(Source):
    """The samples of a database."""

    def __init__(self, path: Path):
        """Reads the number of samples.

        Raises:
            InputError: there is no such database, it is damaged, or it does not say how many it holds.
        """
        self.name = f"lmdb:{path}"
        self._path = path
        self._file = path / DATA if path.is_dir() else path
        self._real = os.path.realpath(self._file)
        self._prefix = path.resolve().name
        _check_file(path, self._file)
        count = self._get(COUNT)
        if count is None:
            raise InputError(
                f"{path}: no key {COUNT}; lmdb: reads {COUNT}, image-%09d and label-%09d"
            )
        if not (count.isdigit() and len(count) < 19):
            raise InputError(f"{path}: {COUNT} is no number but {count[:40]!r}")
        self._count = int(count)
        entries = _environment(self._file, self._real).stat()["entries"]
        if self._count > entries:
            raise InputError(
                f"{path}: {COUNT} promises {self._count}, and there are {entries} keys; make it again"
            )
        if not self._count:
            raise InputError(f"{path}: holds no samples")

    def __len__(self) -> int:
        return self._count

    def sample(self, i: int) -> Sample:
        """See `Source.sample`.

        Raises:
            InputError: the label is missing, or is not UTF-8.
        """
        key = f"label-{i + 1:09d}"
        label = self._get(key)
        if label is None:
            raise InputError(
                f"{self._place(i)}: no key {key}, where {COUNT} promises {self._count}; make it again"
            )
        try:
            text = nfc(label.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(f"{self._place(i)}: {key} is not UTF-8 (byte {error.start})") from None
        return Sample(f"{self._prefix}/{i + 1:09d}", text, self._place(i))

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        key = f"image-{i + 1:09d}"
        image = self._get(key)
        if image is None:
            raise InputError(
                f"{self._place(i)}: no key {key}, where {COUNT} promises {self._count}"
            )
        try:
            return convert_image(image).encoded
        except InputError as error:
            raise InputError(f"{self._place(i)}: {error}") from None

    def stamp(self, i: int) -> Optional[str]:
        """See `Source.stamp`: of the whole database, and the number."""
        stamp = file_stamp(self._file)
        return None if stamp is None else f"{stamp}\t{i + 1}"

    def _place(self, i: int) -> str:
        return f"{self._path}#{i + 1}"

    def _get(self, key: str) -> Optional[bytes]:
        import lmdb

        try:
            with _environment(self._file, self._real).begin() as transaction:
                value: Optional[bytes] = transaction.get(key.encode())
                return value
        except lmdb.Error as error:
            raise InputError(f"{self._path}: cannot read {key}: {error}") from None


def open_lmdb(rest: str) -> Lmdb:
    """Opens a database.

    Raises:
        InputError: see `Lmdb`.
    """
    path, _ = split_options("lmdb", rest, {})
    return Lmdb(Path(path))


def _check_file(path: Path, file: Path) -> None:
    """Looks at a database before it is mapped: what lies behind a file's end kills the process."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(MAGIC_AT + len(MAGIC))
    except FileNotFoundError:
        if not path.exists():
            raise InputError(f"{path}: no such folder or file") from None
        inner = sorted(found.parent.relative_to(path) for found in path.glob(f"*/**/{DATA}"))
        there = (
            f"; there are some below it, name one: {', '.join(map(str, inner[:5]))}"
            if inner
            else ""
        )
        raise InputError(f"{path}: no {DATA}{there}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read the database: {reason_of(error)}") from None
    if head[MAGIC_AT:] != MAGIC:
        raise InputError(f"{file}: no LMDB database")
    environment = _environment(file, os.path.realpath(file))
    pages, size = environment.info()["last_pgno"] + 1, environment.stat()["psize"]
    if file.stat().st_size < pages * size:
        _forget(file)
        raise InputError(f"{file}: shorter than it says; {COPY_AGAIN}")


# LMDB forbids to open a file twice in a process, so sources of one file share it. Its own lock file is not
# used: nobody writes. A forked process opens the file for itself.
_opened: dict[str, tuple[Any, tuple[int, int]]] = {}
_lock = threading.Lock()


def _environment(file: Path, real: str) -> Any:
    """Returns the open database of a file, whose real path is given as it takes time to find.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        status = os.stat(real)
    except OSError as error:
        raise InputError(f"{file}: cannot read the database: {reason_of(error)}") from None
    identity = (status.st_dev, status.st_ino)
    with _lock:
        environment, known = _opened.get(real, (None, identity))
        if environment is not None and known != identity:  # another file took its place
            environment.close()
            environment = None
        if environment is None:
            environment = _open(file, real)
            _opened[real] = environment, identity
        return environment


def _open(file: Path, real: str) -> Any:
    import lmdb

    try:
        return lmdb.open(
            real,
            subdir=False,
            readonly=True,
            lock=False,
            readahead=False,
            meminit=False,
            create=False,
        )
    except lmdb.Error as error:
        reason = str(error).removeprefix(f"{real}: ")
        raise InputError(f"{file}: cannot open the database: {reason}; {COPY_AGAIN}") from None


def _forget(file: Path) -> None:
    with _lock:
        environment, _ = _opened.pop(os.path.realpath(file), (None, None))
    if environment is not None:
        environment.close()


def _reopen_in_child() -> None:
    global _lock
    _lock = threading.Lock()
    for environment, _ in _opened.values():
        environment.close()
    _opened.clear()


os.register_at_fork(after_in_child=_reopen_in_child)

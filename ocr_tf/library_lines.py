"""Keeps off the terminal what libraries within libraries print by themselves, without a switch for it.

libjpeg prints each time it decodes a broken image: a training on a photograph with a few bytes too many
says so in every epoch, in the middle of a progress line. All that is worth saying is said by name
(`ocr_tf.data.image.why_bad`). So does libtiff within Pillow. XLA tells that it has compiled something.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Optional

_XLA = (
    "WARNING: All log messages before absl::InitializeLog",
    "I0000 .* Compiled cluster using XLA",
)

# How the messages of libjpeg's jerror.h begin, of those that a file can bring about.
_LIBJPEG = (
    "Application transferred too",
    "Arithmetic table 0x",
    "Bogus (?:DAC|DHT|DQT|Huffman|buffer|input|marker|sampling|virtual|JPEG)",
    "Buffer passed to JPEG library",
    "CCIR601 sampling not",
    "Corrupt JPEG data",
    "DCT (?:coefficient|scaled|size)",
    "Didn't expect more than one scan",
    "Empty (?:JPEG image|input file)",
    "Fractional sampling not",
    "Huffman (?:code size|table 0x)",
    "IDCT output block size",
    "Improper call to JPEG library",
    "Inconsistent progression sequence",
    "Input file read error",
    "Insufficient memory \\(case",
    "Invalid (?:JPEG|SOS|component ID|crop|progressive parameters|scan script)",
    "JPEG (?:datastream|parameter)",
    "Maximum supported image dimension",
    "Missing Huffman code",
    "Not a JPEG file",
    "Premature end of (?:JPEG|input) file",
    "Quantization table 0x",
    "Requested feature(?:s are| was)",
    "Sampling factors too large",
    "Suspension not allowed",
    "Too many color components",
    "Unknown Adobe color",
    "Unsupported (?:JPEG|color conversion|marker type)",
    "Warning: unknown JFIF",
)

# How libtiff's messages begin, with the file that Pillow makes it believe in or with the function that
# speaks; and the one that is Pillow's own.
_LIBTIFF = (
    "tempfile\\.tif: ",
    "_?TIFF\\w+: ",
    "(?:DumpMode|Fax[34]|JPEG|LogL|LZMA|LZW|NeXT|OJPEG|PackBits|Pixar|Thunder|WebP|ZIP|ZSTD)\\w*: ",
    "More samples per pixel than can be decoded",
)

# Copies its input to its output, but for whole lines that begin so. A process of its own, so that the
# last words of a process that crashes still come through. What is no whole line waits a moment for its
# end and is then passed on.
_FILTER = """
import os, re, select, sys
drop = re.compile(sys.argv[1].encode())
rest, middle = b"", False
while True:
    if rest and not select.select([0], [], [], 0.1)[0]:
        os.write(1, rest)
        rest, middle = b"", True
    data = os.read(0, 65536)
    *lines, rest = (rest + data).split(b"\\n")
    for line in lines:
        if middle or not drop.match(line):
            os.write(1, line + b"\\n")
        middle = False
    if not data:
        os.write(1, rest)
        break
"""

_WAIT = 5.0  # seconds for the filter to end; a child of ours may still hold its pipe

_active = False


@contextlib.contextmanager
def without_library_lines() -> Iterator[None]:
    """Filters file descriptor 2 while the context lasts; to be entered from one thread.

    Python's own standard error goes around the filter: it stays a terminal if it was one, and keeps its
    order. What other libraries write arrives a little later than it would. Starting the filter takes
    some 20 ms.
    """
    global _active
    filtered = None if _active or os.name != "posix" else _start()
    if filtered is None:
        yield
        return
    stderr, kept = sys.stderr, os.dup(2)
    with contextlib.suppress(AttributeError, OSError, ValueError):  # no file, or none of its own
        if stderr.fileno() == 2:
            stderr.flush()
            around = io.TextIOWrapper(
                open(os.dup(2), "wb", buffering=0),
                encoding=stderr.encoding,
                errors=stderr.errors,
                write_through=True,
            )
            sys.stderr = around
    pipe = filtered.stdin
    assert pipe is not None
    os.dup2(pipe.fileno(), 2)
    pipe.close()
    _active = True
    try:
        yield
    finally:
        _active = False
        os.dup2(kept, 2)  # which closes the pipe
        os.close(kept)
        sys.stderr = stderr
        with contextlib.suppress(subprocess.TimeoutExpired):
            filtered.wait(_WAIT)


def _start() -> Optional[subprocess.Popen[bytes]]:
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _FILTER, "|".join(_XLA + _LIBJPEG + _LIBTIFF)],
            stdin=subprocess.PIPE,
            stdout=2,
            start_new_session=True,  # Ctrl-C is for us; the filter ends with its input.
        )
    except OSError:  # Too many processes: lines on the terminal do less harm.
        return None

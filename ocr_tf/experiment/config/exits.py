"""How a command ends: bad input as one line and an exit code, never a traceback."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
from collections.abc import Iterator
from typing import NoReturn

from ocr_tf.errors import InputError

BAD_INPUT = 2
INTERRUPTED = 130
FULL = (errno.ENOSPC, errno.EDQUOT)


def set_environment() -> None:
    """Sets what TensorFlow reads when it is imported, which a caller has not done yet."""
    # A user's own settings stay.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ADDONS_PY_OPS", "1")
    # Its Python side warns of functions that are traced often, which is what asking several networks
    # does.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextlib.contextmanager
def exits() -> Iterator[None]:
    """Around a command: sets TensorFlow's environment; turns bad input into one line and a code.

    An error that is nobody's input keeps its traceback.
    """
    set_environment()
    try:
        yield
        sys.stdout.flush()
    except InputError as error:
        _fail(str(error))
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "interrupted", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:  # The reader of our output, as in `| head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        # Libraries that write by themselves (HDF5, TensorFlow) tell of a full disk in words only.
        full = getattr(error, "errno", None) in FULL or "No space left on device" in str(error)
        place = getattr(error, "filename", None)
        if full:
            _fail(
                f"{place or 'writing'}: no space left; free some, then give the same command again"
            )
        if isinstance(error, OSError) and error.strerror and place is not None:
            _fail(f"{place}: {error.strerror}")
        raise


def _fail(message: str) -> NoReturn:
    sys.stdout.flush()
    print("error: " + " ".join(message.split("\n")), file=sys.stderr)
    raise SystemExit(BAD_INPUT) from None

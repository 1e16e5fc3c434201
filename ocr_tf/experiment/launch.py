"""From a command line to the function that does the work; TensorFlow waits until flags are right.

An experiment's file ends in

    if __name__ == "__main__":
        launch.main(EXPERIMENT, __doc__)

and the tools are `python -m ocr_tf.experiment.launch evaluate RUN --data.test=...`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import errno
import importlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn, Optional

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment import flags
from ocr_tf.experiment.config import Experiment
from ocr_tf.experiment.tools import TOOLS
from ocr_tf.options import option

BAD_INPUT = 2
INTERRUPTED = 130
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclasses.dataclass(frozen=True)
class Command:
    """What belongs to the command, not to the experiment."""

    workdir: str = option(
        "", "Run folder, made by the first start and resumed by the next; needed."
    )


def main(
    experiment: Experiment, doc: Optional[str], argv: Optional[Sequence[str]] = None
) -> NoReturn:
    """Trains an experiment as the command line changes it, and exits.

    Exit codes: 0 done, 2 bad input (one line on stderr), 130 interrupted.
    """
    with exits():
        parsed = flags.parse(
            experiment,
            sys.argv[1:] if argv is None else argv,
            program=flags.program_name(),
            description=doc or "",
            command=Command(),
        )
        workdir = parsed.command.workdir
        if not workdir:
            raise InputError(
                f"--workdir is missing: name the run folder with --workdir=runs/{experiment.name}"
            )
        if not parsed.config.data.train:
            raise InputError(
                "--data.train is missing: name the training lines, a labels file (path<TAB>text) "
                "or synthetic:SPEC"
            )
        train = importlib.import_module("ocr_tf.experiment.train")
        train.run(parsed.config, Path(workdir))
    raise SystemExit(0)


def tool(name: str, argv: Sequence[str]) -> NoReturn:
    """Runs one of TOOLS with a command line's arguments, and exits as `main` does."""
    with exits():
        if name not in TOOLS:
            near = difflib.get_close_matches(name, TOOLS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"Unknown tool {name!r}, not one of {', '.join(TOOLS)}{hint}")
        config, function, positionals, needed = TOOLS[name]
        parsed = flags.parse(
            config,
            argv,
            program=f"tools/{name}",
            description=type(config).__doc__ or "",
            positionals=positionals,
        )
        given = {leaf.name: leaf for leaf in options.leaves(parsed.config)}
        for flag in needed:
            if not given[flag].value:
                help_text = given[flag].field.metadata["help"]
                raise InputError(f"--{flag} is missing: {flags.as_clause(help_text)}")
        module, _, attribute = function.partition(":")
        run = getattr(importlib.import_module(module), attribute)
        run(parsed.config, *parsed.positionals)
    raise SystemExit(0)


@contextlib.contextmanager
def exits() -> Iterator[None]:
    """Around a command: sets TensorFlow's environment; turns bad input into one line and a code.

    An error that is nobody's input keeps its traceback.
    """
    # Read by TensorFlow and tensorflow-addons when they are imported, which has not happened yet.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ADDONS_PY_OPS", "1")
    # Its Python side warns of functions that are traced often, which is what asking several networks
    # does.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
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


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] in flags.HELP:
        print("usage: python -m ocr_tf.experiment.launch TOOL ..., TOOL one of", *TOOLS)
        raise SystemExit(0 if len(sys.argv) > 1 else BAD_INPUT)
    tool(sys.argv[1], sys.argv[2:])

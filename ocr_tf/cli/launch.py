"""From a command line to the function that does the work; TensorFlow waits until flags are right.

An experiment's file ends in

    if __name__ == "__main__":
        launch.main(EXPERIMENT, __doc__)

and the tools are `python -m ocr_tf.cli.launch evaluate RUN --data.test=...`.
"""

from __future__ import annotations

import dataclasses
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Optional

from ocr_tf import options
from ocr_tf.cli.commands import TOOLS
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.exits import BAD_INPUT, exits
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.training import checks
from ocr_tf.options import option


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
        checks.check(parsed.config, Path(workdir))
        from ocr_tf.experiment.training import loop  # TensorFlow

        loop.run(parsed.config, Path(workdir))
    raise SystemExit(0)


def tool(name: str, argv: Sequence[str]) -> NoReturn:
    """Runs one of TOOLS with a command line's arguments, and exits as `main` does."""
    with exits():
        if name not in TOOLS:
            near = difflib.get_close_matches(name, TOOLS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"Unknown tool {name!r}, not one of {', '.join(TOOLS)}{hint}")
        config, run, positionals, needed = TOOLS[name]
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
        run(parsed.config, *parsed.positionals)
    raise SystemExit(0)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] in flags.HELP:
        print("usage: python -m ocr_tf.cli.launch TOOL ..., TOOL one of", *TOOLS)
        raise SystemExit(0 if len(sys.argv) > 1 else BAD_INPUT)
    tool(sys.argv[1], sys.argv[2:])

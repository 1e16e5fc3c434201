"""From a command line to the function that does the work; TensorFlow waits until flags are right.

An experiment's file ends in

    if __name__ == "__main__":
        launch.main(EXPERIMENT, __doc__)

and all other commands are `ocr-tf evaluate RUN --data.test=...`, which `tools/evaluate` gives too.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Optional

from ocr_tf import options
from ocr_tf.cli import experiments
from ocr_tf.cli.commands import TOOLS
from ocr_tf.errors import InputError, did_you_mean
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.exits import exits
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.program import CONSOLE, command_name, program_name
from ocr_tf.experiment.training import checks
from ocr_tf.options import option
from ocr_tf.study import command as study_command
from ocr_tf.study.config import Study

# Commands that take an experiment's file in the place of configuration and runs.
STARTERS = {
    "train": "Train an experiment, or go on with it.",
    "study": "Train every condition of a study under every seed, then compare them.",
}
QUICKSTART = "Train CTC and attention on rendered lines, compare them and export both."


@dataclasses.dataclass(frozen=True)
class Command:
    """Holds the flags that belong to the command, not to the experiment."""

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
            program=program_name(),
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
                "--data.train is missing: name the training lines, a labels file (path<TAB>text), "
                "a folder or scheme:SPEC"
            )
        parsed.config.check_registered()
        checks.check(parsed.config, Path(workdir))
        from ocr_tf.experiment.training import loop  # TensorFlow

        loop.run(parsed.config, Path(workdir))
    raise SystemExit(0)


def tool(name: str, argv: Sequence[str]) -> NoReturn:
    """Runs one of TOOLS with a command line's arguments, and exits as `main` does."""
    with exits():
        config, run, positionals, _, needed = TOOLS[name]
        parsed = flags.parse(
            config,
            argv,
            program=command_name(name),
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


def start(command: str, argv: Sequence[str]) -> NoReturn:
    """Trains the experiment or runs the study that the first argument names, and exits as `main` does."""
    with exits():
        if argv and argv[0] in flags.HELP:
            print(_starter_help(command))
            raise SystemExit(0)
        if not argv or argv[0].startswith("-"):
            raise InputError(
                f"EXPERIMENT is missing: name one, as {command_name(command)} captcha_ctc, or the path "
                f"of a Python file; {command_name(command)} --help lists them"
            )
        kinds = ("STUDY", "EXPERIMENT") if command == "study" else ("EXPERIMENT", "STUDY")
        config, doc = experiments.load(argv[0], kinds)
    if isinstance(config, Study):
        study_command.main(config, doc, argv[1:])
    main(config, doc, argv[1:])


def console(argv: Optional[Sequence[str]] = None) -> NoReturn:
    """The command `ocr-tf`: finds the command that the first argument names, and exits as `main` does."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ("",)
    if name in STARTERS:
        start(name, rest)
    if name in TOOLS:
        tool(name, rest)
    with exits():
        if name == "quickstart":
            experiments.shipped(name).main(rest)
            raise SystemExit(0)
        if name in flags.HELP:
            print(_help())
            raise SystemExit(0)
        known = [*STARTERS, *TOOLS, "quickstart"]
        if not name:
            raise InputError(
                f"COMMAND is missing: one of {', '.join(known)}; --help says what they do"
            )
        raise InputError(
            f"Unknown command {name!r}{did_you_mean(name, known)}; there are {', '.join(known)}"
        )


def _help() -> str:
    summaries = {**STARTERS, **{name: tool.summary for name, tool in TOOLS.items()}}
    summaries["quickstart"] = QUICKSTART
    width = max(map(len, summaries)) + 2
    return "\n".join(
        [
            "CTC and attention decoders for text-line images, compared under equal conditions.",
            "",
            f"usage: {CONSOLE} COMMAND [ARGUMENT ...] [--flag=value ...]",
            "",
            *(f"  {name:{width}}{summary}" for name, summary in summaries.items()),
            "",
            f"{CONSOLE} COMMAND --help lists a command's arguments and flags.",
        ]
    )


def _starter_help(command: str) -> str:
    name = command_name(command)
    return "\n".join(
        [
            STARTERS[command],
            "",
            f"usage: {name} EXPERIMENT --workdir=FOLDER [--flag=value ...]",
            "",
            "EXPERIMENT is the path of a Python file that defines EXPERIMENT or STUDY, or one of",
            "",
            *(f"  {key:22}{doc}" for key, doc in experiments.summaries().items()),
            "",
            f"{name} EXPERIMENT --help lists the flags of an experiment.",
        ]
    )


if __name__ == "__main__":
    console()

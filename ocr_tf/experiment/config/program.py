"""How this program and its commands are called, for help and messages; TensorFlow-free."""

from __future__ import annotations

import sys
from pathlib import Path

from ocr_tf.version import ROOT

CONSOLE = "ocr-tf"


def command_name(command: str) -> str:
    """A command as a person types it here: `tools/evaluate` in a checkout, else `ocr-tf evaluate`."""
    in_checkout = (ROOT / "tools" / command).exists()
    started_by_console = Path(sys.argv[0]).name == CONSOLE
    return f"tools/{command}" if in_checkout and not started_by_console else f"{CONSOLE} {command}"


def program_name() -> str:
    """How the running program was called: `python -m package.module`, a command, or a script's path."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    launched = spec is not None and spec.name.endswith(".cli.launch")  # by a script of tools/
    if launched or Path(sys.argv[0]).name == CONSOLE:
        command, *rest = sys.argv[1:] or ("",)
        named = [rest[0]] if command in ("train", "study") and rest else []
        return " ".join([command_name(command), *named])
    if spec is not None:
        return f"python -m {spec.name.removesuffix('.__main__')}"
    return f"python {sys.argv[0]}"

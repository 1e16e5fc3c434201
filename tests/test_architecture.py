"""The design's rules that can be read off the imports."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "ocr_tf"

# Each part with its rank: a module imports parts of lower ranks, and its own part.
RANKS = {
    "types": 0,
    "alphabet": 0,
    "errors": 0,
    "options": 0,
    "rng": 0,
    "progress": 0,
    "data": 1,
    "encoders": 1,
    "rnn": 1,
    "decode": 1,
    "metrics": 1,
    "alignment_plot": 1,
    "heads": 2,
    "recognizer": 3,
    "experiment": 4,
    "bench": 5,
    "study": 6,
    "experiments": 7,
}

# The bottom parts are one vocabulary: among themselves they may.
BOTTOM = 0

# Outside libraries with one importer each.
SINGLE = {
    "tensorflow_addons": "ocr_tf/heads/attention.py",
    "absl.flags": "ocr_tf/experiment/flags.py",
}

TENSORFLOW_FREE = [
    "ocr_tf.types",
    "ocr_tf.options",
    "ocr_tf.alphabet",
    "ocr_tf.alignment_plot",
    "ocr_tf.encoders",
    "ocr_tf.heads",
    "ocr_tf.metrics.alignment",
    "ocr_tf.metrics.calibration",
    "ocr_tf.metrics.paired",
    "ocr_tf.experiment.config",
    "ocr_tf.experiment.description",
    "ocr_tf.experiment.evaluate",
    "ocr_tf.experiment.flags",
    "ocr_tf.experiment.launch",
    "ocr_tf.experiment.runs",
    "ocr_tf.experiment.tools",
    "ocr_tf.study.answer",
    "ocr_tf.study.command",
    "ocr_tf.study.controls",
    "ocr_tf.study.grid",
    "ocr_tf.study.schedule",
]


def sources() -> list[Path]:
    return sorted([*PACKAGE.rglob("*.py"), *(ROOT / "experiments").rglob("*.py")])


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def part_of(module: str) -> str:
    """ocr_tf.heads.ctc -> heads; experiments.x -> experiments; ocr_tf alone -> ''."""
    names = module.split(".")
    if names[0] == "experiments":
        return "experiments"
    return names[1] if names[0] == "ocr_tf" and len(names) > 1 else ""


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports anywhere in it; `from a import b` gives a and a.b."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (above, node.module)))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sources(), ids=label)
def test_imports_point_one_way(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    own = part_of(module.removesuffix(".__init__"))
    if not own:
        return  # ocr_tf/__init__.py: tested to import nothing of ours, below.
    assert own in RANKS, f"give {own} a rank"
    for name in imported(path):
        other = part_of(name)
        if not other or name == "ocr_tf.__version__":
            continue
        assert other in RANKS, f"{label(path)} imports {name}, which has no rank"
        allowed = other == own or RANKS[other] < RANKS[own] or RANKS[other] == RANKS[own] == BOTTOM
        assert allowed, f"{label(path)} ({own}) must not import {name} ({other})"


def test_the_package_itself_imports_nothing_of_ours():
    ours = [name for name in imported(PACKAGE / "__init__.py") if name.startswith("ocr_tf")]
    assert ours == []


def test_ranks_name_only_what_the_design_has():
    there = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert set(RANKS) - there == {"experiments"}


@pytest.mark.parametrize("library", SINGLE)
def test_a_library_has_one_importer(library):
    importers = {
        label(path)
        for path in [*sources(), *(ROOT / "tests").rglob("*.py")]
        if any(name == library or name.startswith(library + ".") for name in imported(path))
    }
    assert importers == {SINGLE[library]}


def experiments() -> list[str]:
    return [f"experiments.{p.stem}" for p in sorted((ROOT / "experiments").glob("[!_]*.py"))]


def test_there_are_experiments():
    assert experiments()


@pytest.mark.parametrize("module", [*TENSORFLOW_FREE, *experiments()])
def test_help_needs_no_tensorflow(module):
    heavy = "('tensorflow', 'keras', 'tensorflow_addons')"
    code = (
        f"import {module}, sys; loaded = [m for m in {heavy} if m in sys.modules]; "
        "sys.exit(', '.join(loaded) or 0)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.returncode == 0, process.stderr

"""The design's rules that can be read off the source: who may import whom, and what needs TensorFlow."""

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

# Each room with its rank: a module imports rooms of lower ranks, and its own room. Rooms of one rank do
# not import one another, but for the lowest: they are one vocabulary.
RANKS = {
    "ocr_tf.types": 0,
    "ocr_tf.version": 0,
    "ocr_tf.alphabet": 0,
    "ocr_tf.errors": 0,
    "ocr_tf.options": 0,
    "ocr_tf.rng": 0,
    "ocr_tf.positions": 0,
    "ocr_tf.graphs": 0,
    "ocr_tf.progress": 0,
    "ocr_tf.processor": 0,
    "ocr_tf.registry": 0,
    "ocr_tf.text_file": 0,
    "ocr_tf.atomic": 0,
    "ocr_tf.normalization": 0,
    "ocr_tf.reading_order": 0,
    "ocr_tf.terminal": 0,
    "ocr_tf.library_lines": 0,
    "ocr_tf.language": 0.5,
    "ocr_tf.data": 1,
    "ocr_tf.encoders": 1,
    "ocr_tf.rnn": 1,
    "ocr_tf.decode": 1,
    "ocr_tf.metrics": 1,
    "ocr_tf.alignment_plot": 1,
    "ocr_tf.classical": 2,
    "ocr_tf.heads": 2,
    "ocr_tf.recognizer": 3,
    "ocr_tf.ensemble": 4,
    "ocr_tf.experiment": 3.5,  # the package's own docstring; its rooms are a tower:
    "ocr_tf.experiment.config": 4,
    "ocr_tf.experiment.runs": 5,
    "ocr_tf.experiment.tensorboard": 6,
    "ocr_tf.experiment.inference": 7,
    "ocr_tf.experiment.training": 8,
    "ocr_tf.experiment.serving": 9,
    "ocr_tf.page": 9.5,
    "ocr_tf.bench": 10,
    "ocr_tf.study": 14,  # command, compare, worker, tune, config and what they share
    "ocr_tf.study.comparison": 11,
    "ocr_tf.study.analysis": 12,
    "ocr_tf.study.report": 13,
    "ocr_tf.preflight": 13.5,
    "ocr_tf.systems": 13.5,
    "ocr_tf.cli": 15,
    "ocr_tf.api": 15.5,
    "experiments": 16,
}

# A room's configuration stands below the room, so that command lines and lower rooms can read it.
RANKS |= {"ocr_tf.study.config": 10.5, "ocr_tf.study.searches": 10.25}

# Outside libraries with one importer each.
SINGLE = {
    "tensorflow_addons": "ocr_tf/heads/attention.py",
    "absl.flags": "ocr_tf/experiment/config/flags.py",
}

HEAVY = ("tensorflow", "keras", "tensorflow_addons")

# A module whose docstring says this imports no TensorFlow, directly or through others.
FREE = "TensorFlow-free"


def sources() -> list[Path]:
    return sorted([*PACKAGE.rglob("*.py"), *(ROOT / "experiments").rglob("*.py")])


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in ("ocr_tf", "experiments")


def room_of(module: str) -> str:
    """The innermost room: ocr_tf.heads.ctc -> ocr_tf.heads."""
    names = module.split(".")
    for end in range(len(names), 0, -1):
        if ".".join(names[:end]) in RANKS:
            return ".".join(names[:end])
    return ""


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports anywhere in it, and every module of ours that a string names."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (above, node.module)))
            named = [f"{module}.{alias.name}" for alias in node.names]
            # `from a import b` is an import of a.b where that is a module, and of a otherwise.
            yield from (name if not is_ours(name) or is_module(name) else module for name in named)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value.partition(":")[0]
            if is_ours(name) and "." in name.strip(".") and is_module(name):
                yield name


@pytest.mark.parametrize("path", sources(), ids=label)
def test_imports_point_one_way(path):
    own = room_of(module_of(path))
    if not own:
        return  # ocr_tf/__init__.py: tested to import nothing of ours, below.
    for name in imported(path):
        if not is_ours(name) or name == "ocr_tf":
            continue
        other = room_of(name)
        assert other, f"{label(path)} imports {name}, which has no rank"
        allowed = other == own or RANKS[other] < RANKS[own] or RANKS[other] == RANKS[own] == 0
        assert allowed, f"{label(path)} ({own}) must not import {name} ({other})"


# Who may load a module by a name that is computed: the named registries of parts.
DYNAMIC = {
    "ocr_tf/bench/memory.py": "imports in a fresh process, by names that are checked above",
    "ocr_tf/cli/experiments.py": "experiments by name",
    "ocr_tf/registry.py": "files that register parts from outside the package",
}


def test_modules_are_loaded_by_computed_names_in_few_places():
    found = set()
    for path in sources():
        for node in ast.walk(tree_of(path)):
            name = getattr(node, "attr", getattr(node, "id", ""))
            if isinstance(node, (ast.Attribute, ast.Name)) and name in (
                "import_module",
                "__import__",
            ):
                found.add(label(path))
    assert found == set(DYNAMIC)


def test_modules_of_a_room_form_no_circle():
    """Also not within a room: whoever reads a file can read what it needs first."""
    arrows: dict[str, set[str]] = {}
    for path in sources():
        names = {name for name in imported(path) if is_ours(name) and name != module_of(path)}
        arrows[module_of(path)] = {name for name in names if "." in name and not is_face(name)}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name not in done:
            for other in sorted(arrows.get(name, ())):
                visit(other, (*above, name))
            done.add(name)

    for name in sorted(arrows):
        visit(name, ())


def is_face(name: str) -> bool:
    """A package's own file, which its modules may import for what it registers."""
    return ROOT.joinpath(*name.split("."), "__init__.py").exists()


def test_the_package_itself_loads_nothing_before_it_is_used():
    code = (
        "import sys, ocr_tf\n"
        "print(*(name for name in sys.modules if name.startswith('ocr_tf.')))\n"
        "names = {name: getattr(ocr_tf, name) for name in ocr_tf.__all__}\n"
        "assert set(names) <= set(dir(ocr_tf)) and not hasattr(ocr_tf, 'no_such_name')\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (process.stdout, process.stderr) == ("ocr_tf.version\n\n", "")


def test_the_public_names_are_listed_alike():
    import ocr_tf
    from ocr_tf import api

    assert ocr_tf.__all__ == api.__all__ == sorted(api.__all__)


def test_ranks_name_only_what_the_tree_has():
    assert [name for name in RANKS if not is_module(name)] == []


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


def tensorflow_free() -> list[str]:
    """The modules that say so themselves."""
    paths = [path for path in sources() if FREE in (ast.get_docstring(tree_of(path)) or "")]
    return [module_of(path) for path in paths]


def test_there_are_experiments_and_modules_without_tensorflow():
    assert experiments() and len(tensorflow_free()) > 20


def test_modules_that_say_so_need_no_tensorflow():
    """One process imports them one after the other and names the first that loads it."""
    modules = ["ocr_tf", *tensorflow_free(), *experiments()]
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        f"    loaded = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]\n"
        "    if loaded: sys.exit(f'{name} loads {loaded}')\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.returncode == 0, process.stderr


def test_graphs_are_made_without_autograph():
    """It takes two fifths of a training's start; benchmarks of plain Keras are what Keras makes of itself."""
    own = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "bench"]
    makers = [path.name for path in own if "tf.function(" in path.read_text("utf-8")]
    assert makers == ["graphs.py"]

"""Keeps a study's report while nothing that it depends on has changed: report/inputs.json remembers.

It depends on the runs and their evaluations, the study's settings and its conditions, its plan and looks, the
test images, the code and the machine that measured the cost. Files are compared by size and time of change.
TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from ocr_tf.atomic import atomic_write
from ocr_tf.data.dataset import open_sources
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.config.serialize import configuration
from ocr_tf.experiment.runs import provenance
from ocr_tf.study.config import Study
from ocr_tf.study.study_folder import StudyFolder
from ocr_tf.version import PACKAGE

# Of a run's folder: what reports are made from, and not TensorBoard's events, which are made from it.
OF_A_RUN = ("*.json", "*.tsv", "*.txt", "metrics.jsonl", "checkpoints/*.npz", "evaluations/*/*")
REPORT = "report.html"


@dataclasses.dataclass(frozen=True)
class Kept:
    """What report/inputs.json holds."""

    inputs: str  # sha256 over everything that the report depends on
    files: tuple[str, ...]  # that the report consists of, relative to its folder
    lines: tuple[str, ...]  # that the study printed


def kept_lines(
    folder: StudyFolder, given: Study, conditions: Mapping[str, Experiment]
) -> Optional[Sequence[str]]:
    """Looks whether a study's report is still the one that would be made.

    Args:
        folder: of the study.
        given: its settings.
        conditions: as they were trained.

    Returns:
        The lines that the study printed; None where the report has to be made.
    """
    kept = _read(_memory(folder))
    if kept is None or REPORT not in kept.files:
        return None
    complete = all((folder.report_path / name).exists() for name in kept.files)
    return kept.lines if complete and kept.inputs == _inputs(folder, given, conditions) else None


def forget(folder: StudyFolder) -> None:
    """Forgets what the report depends on, before another one begins to take its place."""
    _memory(folder).unlink(missing_ok=True)


def remember(
    folder: StudyFolder, given: Study, conditions: Mapping[str, Experiment], lines: Sequence[str]
) -> None:
    """Remembers what the report that was just made depends on, and the lines that were printed."""
    path = _memory(folder)
    files = (p for p in folder.report_path.rglob("*") if p.is_file() and p != path)
    names = tuple(sorted(str(p.relative_to(folder.report_path)) for p in files))
    kept = Kept(_inputs(folder, given, conditions), names, tuple(lines))
    text = json.dumps(dataclasses.asdict(kept), indent=1, ensure_ascii=False) + "\n"
    atomic_write(path, text.encode())


def _memory(folder: StudyFolder) -> Path:
    return folder.report_path / "inputs.json"


def _read(path: Path) -> Optional[Kept]:
    """What was remembered; None where nothing was, or it is damaged."""
    try:
        content = json.loads(path.read_bytes())
        return Kept(content["inputs"], tuple(content["files"]), tuple(content["lines"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _inputs(folder: StudyFolder, given: Study, conditions: Mapping[str, Experiment]) -> str:
    content = {
        "settings": flags.dump(given),
        "contrasts": list(given.contrasts.items()),
        "conditions": {name: configuration(one) for name, one in conditions.items()},
        "runs": list(_states(_run_files(folder, given, conditions))),
        "tuning": list(_states([folder.tuned_path])),
        "looks": list(_states([folder.plan_path, folder.looks_path])),
        "test": list(_states(_test_files(given))),
        "code": _code(),
        "machine": _machine(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _run_files(
    folder: StudyFolder, given: Study, conditions: Mapping[str, Experiment]
) -> Iterator[Path]:
    for condition in conditions:
        for seed in range(given.study.seeds):
            run = folder.run(condition, seed)
            for pattern in OF_A_RUN:
                yield from sorted(run.glob(pattern))


def _test_files(given: Study) -> list[Path]:
    source = open_sources(given.data.test)
    return [Path(source.origin(i)) for i in range(len(source.samples))]


def _states(paths: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    """Name, bytes and time of change of each file; -1 for what is missing."""
    for path in paths:
        try:
            status = path.stat()
            yield str(path), status.st_size, status.st_mtime_ns
        except (OSError, ValueError):  # nor is what a generator of lines names a path
            yield str(path), -1, -1


def _code() -> str:
    """sha256 of the package's files, committed or not."""
    package = PACKAGE
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class Machine(NamedTuple):
    """What the cost is measured with."""

    versions: dict[str, Optional[str]]  # by package
    processor: str


def _machine() -> Machine:
    surroundings = provenance.surroundings()
    return Machine(surroundings["versions"], surroundings["processor"])

"""The command `bench`: measures what the command line names, prints tables and writes JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Callable

import tensorflow as tf

from ocr_tf.atomic import atomic_write
from ocr_tf.bench import export, models, networks, report
from ocr_tf.bench.config import Bench
from ocr_tf.bench.machine import machine
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.library_lines import without_library_lines


def run(config: Bench, names: list[str], experiment: Callable[[str], Experiment]) -> None:
    """Measures what `names` stand for, prints tables and writes `--output`.

    Raises:
        InputError: a name or a size that cannot be measured, or an output that cannot be written.
    """
    # It warns of functions that are traced often, which is what measuring several networks does.
    tf.get_logger().setLevel("ERROR")
    with without_library_lines():
        _measure(config, names, experiment)


def _measure(config: Bench, names: list[str], experiment: Callable[[str], Experiment]) -> None:
    output = Path(config.output)
    if config.output and (output.is_dir() or not output.parent.is_dir()):
        raise InputError(f"--output={output}: not a file in a folder that there is")
    for flag in ("dtypes", "measure"):
        if not getattr(config, flag):
            raise InputError(f"--{flag} is empty: name at least one, or leave the flag out")
    named, exports = models.find(names, experiment)
    served = export.load(config, exports)
    contests = networks.prepare(config, named)
    here = machine()
    _print([report.opening(config, here, bool(named))])
    session, answers = None, []
    if contests:
        session = networks.measure(config, contests)
        _print(report.network_lines(session, config.batch_size))
    if served:
        answers = export.measure(config, served)
        _print(report.export_lines(answers, config.batch_size))
    if config.output:
        content = report.as_json(config, here, session, answers)
        atomic_write(output, (json.dumps(content) + "\n").encode())


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)

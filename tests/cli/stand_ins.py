"""Recorders in the place of the functions that commands end in, so that no command line does any work."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

import pytest

# Each command's module, whose `run` does the work.
WORKERS = {
    "align": "ocr_tf.experiment.inference.align",
    "bench": "ocr_tf.bench.command",
    "bench_data": "ocr_tf.bench.data",
    "bench_search": "ocr_tf.bench.search",
    "compare": "ocr_tf.study.compare",
    "compare_systems": "ocr_tf.systems.command",
    "evaluate": "ocr_tf.experiment.inference.evaluate",
    "export": "ocr_tf.experiment.serving.saved_model",
    "inspect_data": "ocr_tf.preflight.command",
    "make_records": "ocr_tf.data.records.make",
    "predict": "ocr_tf.experiment.serving.predict",
    "read_page": "ocr_tf.page.command",
    "score": "ocr_tf.experiment.inference.score",
    "show_augmentation": "ocr_tf.experiment.training.show_augmentation",
    "suspects": "ocr_tf.study.report.label_errors",
    "train_classical": "ocr_tf.classical.train",
    "train_lm": "ocr_tf.experiment.training.train_lm",
    "train": "ocr_tf.experiment.training.loop",
    "tune_search": "ocr_tf.experiment.inference.tune_search",
}


def record_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Puts a recorder in the place of every worker.

    Returns:
        A list that grows by (command, *arguments) with each call.
    """
    calls: list[tuple] = []

    def recorder(command: str) -> Any:
        return lambda *arguments: calls.append((command, *arguments))

    for command, module in WORKERS.items():
        replace_module(monkeypatch, module, recorder(command))
    return calls


def replace_module(monkeypatch: pytest.MonkeyPatch, name: str, run: Any) -> None:
    """Makes `from PACKAGE import MODULE` give a module that holds `run` alone."""
    package, _, leaf = name.rpartition(".")
    stand_in = types.SimpleNamespace(run=run)
    monkeypatch.setitem(sys.modules, name, stand_in)
    monkeypatch.setattr(importlib.import_module(package), leaf, stand_in, raising=False)

"""Shows a report to the renderers of analysis and cost, which take these sections as plain values."""

from __future__ import annotations

from typing import Any

from ocr_tf.study.report.content import Report

Untyped = dict[str, Any]


def untyped(report: Report) -> Untyped:
    """Gathers what the renderers of analysis and cost read."""
    pair = report.headline
    return {
        "study": {"metric": report.study.metric, "normalization": report.study.normalization},
        "pair": {"a": pair.a, "b": pair.b} if pair else None,
        "conditions": [
            {"name": c.name, "width": c.experiment.data.width if c.experiment else None}
            for c in report.conditions
        ],
        "why": report.analysis or {},
        "cost": report.cost or {},
    }

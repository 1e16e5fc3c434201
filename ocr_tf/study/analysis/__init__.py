"""Why conditions differ: where, how, and what their networks hold of it.

    {"slices": `slices.compare`, "edits": `operations.edits`, "confusions": `operations.confused`,
     "failures": `operations.failures`, "calibration": `calibration.calibration`,
     "probes": `probes.probes`,
     "cross_scores": {"errors": `cross.errors`, "choices": `cross.choices`},
     "alignments": `aligning.alignments`,
     "missing": [why a part is left out, a sentence each]}

Each function's docstring gives its part. The first five and the errors of `cross` come from the
evaluations alone, without TensorFlow; the slices by training and by images, and the rest, from what
`material.behind` finds. Everything is exploratory but the slices' tests, which are corrected for their
number.
"""

from __future__ import annotations

from typing import Any

from ocr_tf.study.analysis import calibration, error_types, search_errors, slices
from ocr_tf.study.comparison.inputs import Material, behind
from ocr_tf.study.comparison.results import Grid

__all__ = ["Material", "behind", "why"]


def why(grid: Grid, material: Material, metric: str = "cer") -> dict[str, Any]:
    """The whole section; see the package's docstring.

    Args:
        material: `behind(grid)`, or less.
        metric: that the slices are compared by.
    """
    looks = unreachable = None
    deep: dict[str, Any] = {}
    choices: list[dict[str, Any]] = []
    if material.source is not None:
        from ocr_tf.study.analysis import (
            image_features,  # Here and below, because they load TensorFlow.
        )

        looks = image_features.looks(material.source)
    if material.source is not None and material.runs:
        from ocr_tf.study.analysis import alignment, probes
        from ocr_tf.study.comparison.models import Networks, cross_scores

        networks = Networks(grid, material.runs)
        if networks.conditions() == grid.conditions:
            unreachable = {c: networks.unreachable(c, material.source) for c in grid.conditions}
        choices = search_errors.choices(grid, cross_scores(networks, grid, material.source))
        deep["alignments"] = alignment.alignments(networks, grid, material.source)
        if material.trained:
            deep["probes"] = probes.probes(networks, grid, material.trained, material.source)
    return {
        "slices": slices.compare(
            grid, slices.members(grid.references, material.trained, looks), metric
        ),
        "edits": error_types.edits(grid),
        "confusions": error_types.confused(grid),
        "failures": error_types.failures(grid, unreachable),
        "calibration": calibration.calibration(grid),
        "cross_scores": {"errors": search_errors.errors(grid), "choices": choices},
        **deep,
        "missing": list(material.missing),
    }

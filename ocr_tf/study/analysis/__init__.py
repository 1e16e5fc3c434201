"""Finds where and how conditions differ, as far as their readings, images and networks tell.

`analyze` gives an `Analysis` (see `content`), `cost.measure` a `Cost` (see `cost_content`). Slices, kinds
of errors and calibration come from the readings alone, without TensorFlow; the slices by training texts and
images, and the rest, from what `comparison.inputs.open_inputs` opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ocr_tf.study.analysis import calibration, error_types, image_features, search_errors, slices
from ocr_tf.study.analysis.content import Alignments, Analysis, Probe
from ocr_tf.study.comparison.inputs import Inputs
from ocr_tf.study.comparison.results import Grid

if TYPE_CHECKING:
    from ocr_tf.study.analysis.line_images import LineImages
    from ocr_tf.study.comparison.models import Networks


def analyze(
    grid: Grid,
    inputs: Inputs,
    images: Optional[LineImages] = None,
    networks: Optional[Networks] = None,
    metric: str = "cer",
) -> Analysis:
    """Analyzes the differences between conditions; what there are no inputs for is left out.

    Args:
        grid: the readings.
        inputs: what they came from.
        images: of `inputs.source`; None where there are none.
        networks: of `inputs.runs`; None where there are none.
        metric: that the slices are compared by.
    """
    features = unreachable = None
    scores: dict[tuple[str, str, int], search_errors.Scores] = {}
    alignments: Optional[Alignments] = None
    probes: dict[str, Probe] = {}
    source = inputs.source
    if source is not None and images is not None:
        features = image_features.measure_images(images.image, len(source.samples))
        if networks is not None:
            # These load TensorFlow.
            from ocr_tf.study.analysis import alignment
            from ocr_tf.study.analysis import probes as probing
            from ocr_tf.study.comparison.models import cross_scores

            if networks.conditions() == grid.conditions:
                unreachable = {c: networks.unreachable(c, source) for c in grid.conditions}
            scores.update(cross_scores(networks, grid, source))
            alignments = alignment.alignments(networks, grid.of_networks, source, images)
            if inputs.trained and not networks.unusable:
                probes = probing.probes(networks, grid.of_networks, inputs.trained, source, images)
    missing = list(inputs.missing)
    if networks is not None and networks.unusable:
        missing.append(f"probes and cost: {networks.unusable}")
    members = slices.members(grid.references, inputs.trained, features)
    return Analysis(
        slices=slices.compare(grid, members, metric),
        edits=error_types.edits(grid),
        confusions=error_types.confused(grid),
        failures=error_types.failures(grid, unreachable),
        calibration=calibration.calibration(grid),
        search_errors=search_errors.SearchErrors(
            search_errors.errors(grid), search_errors.choices(grid, scores)
        ),
        alignments=alignments,
        probes=probes,
        missing=tuple(missing),
    )

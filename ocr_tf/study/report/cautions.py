"""What is said beside a verdict that rests on few seeds or groups, whose false alarms are more than 5 %.

The figures are those of tests/metrics/test_paired_unequal_simulated.py, test_paired_family_simulated.py and
test_paired_simulated.py.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

from ocr_tf.metrics.paired import RECIPES
from ocr_tf.study.comparison.statistics import ComparedPair
from ocr_tf.study.report.formatting import SPACE

UNEQUAL = 4  # times the variance of the seeds of another condition
MANY_PAIRS = 15  # of six conditions
FEW_GROUPS = 4.0  # as many groups of one size say as much


def caution(pair: ComparedPair) -> Optional[str]:
    """Says how often conditions that do not differ get such a verdict; None where it is about 5 % or less."""
    if pair.verdict.target != RECIPES or not pair.verdict.better:
        return None
    groups = pair.recipes.units if pair.recipes.signature.groups else 0
    if pair.recipes.effective_units < min(FEW_GROUPS, groups / 2):
        return (
            "A few groups have most of the lines: in simulations where one of them had more than half, up to "
            f"10{SPACE}% of conditions that do not differ were told apart, where 5{SPACE}% were asked for."
        )
    counts = np.array(pair.recipes.seed_counts)
    spreads = counts * np.array(pair.recipes.variance_seeds)
    if counts.min() == 2:
        most = 18 if pair.verdict.pairs >= MANY_PAIRS else 14
        return (
            f"Two seeds say little of how far a third would be: in simulations up to {most}{SPACE}% of "
            f"conditions that do not differ were told apart, where 5{SPACE}% were asked for."
        )
    unequal = counts.max() > 3 or spreads.max() > UNEQUAL * spreads.min()
    if counts.min() == 3 and (unequal or pair.verdict.pairs >= MANY_PAIRS):
        why = "whose seeds vary unequally or are not as many" if unequal else "among six or more"
        return (
            f"With three seeds, up to 9{SPACE}% of conditions that do not differ, {why}, were told apart in "
            f"simulations, where 5{SPACE}% were asked for."
        )
    return None

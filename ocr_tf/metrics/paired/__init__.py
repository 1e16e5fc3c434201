"""Paired statistics: two or more conditions on the same lines, each under several seeds.

    a, b = Outcomes("ctc", errors, lengths, seeds, ids, signature), Outcomes("attention", ...)
    recipes(a, b)               the headline: D, its interval over seeds and lines, V_L, V_S, V_R
    models(a, b)                these trained models: permutation, and the interval over lines
    smallest_detectable(...)    what that could have seen, and what more seeds or lines would
    superiority(a, b)           how often another training of A would beat one of B
    verdict(...)                the decision: who is better, if that can be told
    equivalence(..., margin)    whether the difference is less than what matters
    tied_groups(...)            the groups of several conditions that cannot be told apart
    contrasts([a, b, c, d], {name: ((a, b), (c, d))})    does A - B differ from C - D?
    change(...)                 the decision on one of them
    spending                    the levels of several looks at one growing study

Several sets of lines have files of their own: `macro` (the mean over test sets), `meta_analysis` (random
effects over data sets) and `replicability` (on how many of them a difference holds).

TensorFlow-free. Rates and differences are fractions; D = R_A - R_B is of errors, so below 0 A is better.

Sources: Obuchowski, Rockette and Hillis, and Gallas (multi-reader multi-case analysis); Koehn 2004;
Bisani and Ney 2004; Clark et al. 2011 (optimizer instability); Dror et al. 2018; Bouthillier et al.
2021. Each formula's is where it is computed.
"""

from ocr_tf.metrics.paired.comparison import (
    MODELS,
    RECIPES,
    Comparison,
    Estimate,
    Rate,
    models,
    pairing_threshold,
    rate,
    recipes,
    seed_correlation,
)
from ocr_tf.metrics.paired.contrast import Contrast, Named, contrasts
from ocr_tf.metrics.paired.equivalence import Equivalence, equivalence
from ocr_tf.metrics.paired.mcnemar import McNemar, mcnemar
from ocr_tf.metrics.paired.multiple_comparisons import Pair, Slice, pairwise, slices, too_small
from ocr_tf.metrics.paired.outcomes import (
    NotComparable,
    Outcomes,
    Result,
    Signature,
    same_networks,
)
from ocr_tf.metrics.paired.power import Detectable, smallest_detectable
from ocr_tf.metrics.paired.resampling import Bootstrap, Permutation, crossed_bootstrap, permutation
from ocr_tf.metrics.paired.settling import Settling, settling
from ocr_tf.metrics.paired.spending import NextLook
from ocr_tf.metrics.paired.superiority import Superiority, superiority
from ocr_tf.metrics.paired.ties import tied_groups
from ocr_tf.metrics.paired.verdict import (
    ALPHA,
    FALLS,
    RISES,
    TARGETS,
    TIED,
    WITHHELD,
    Change,
    Verdict,
    change,
    untrained,
    verdict,
)

__all__ = [
    "ALPHA",
    "FALLS",
    "MODELS",
    "RECIPES",
    "RISES",
    "TARGETS",
    "TIED",
    "WITHHELD",
    "Bootstrap",
    "Change",
    "Comparison",
    "Contrast",
    "Detectable",
    "Equivalence",
    "Estimate",
    "McNemar",
    "Named",
    "NextLook",
    "NotComparable",
    "Outcomes",
    "Pair",
    "Permutation",
    "Rate",
    "Result",
    "Settling",
    "Signature",
    "Slice",
    "Superiority",
    "Verdict",
    "change",
    "contrasts",
    "crossed_bootstrap",
    "equivalence",
    "mcnemar",
    "models",
    "pairing_threshold",
    "pairwise",
    "permutation",
    "rate",
    "recipes",
    "same_networks",
    "seed_correlation",
    "settling",
    "slices",
    "smallest_detectable",
    "superiority",
    "tied_groups",
    "too_small",
    "untrained",
    "verdict",
]

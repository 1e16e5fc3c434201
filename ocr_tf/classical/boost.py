"""Boosted trees, one ensemble against the rest, by OpenCV (Real AdaBoost); TensorFlow-free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from ocr_tf.classical.one_vs_rest import UNSEEN, problems
from ocr_tf.types import Array

TREES, DEPTH = 60, 2
SUM = cv2.ml.STAT_MODEL_RAW_OUTPUT | cv2.ml.DTREES_PREDICT_SUM


class BoostedTrees:
    """An ensemble for each class; see `one_vs_rest.Decisions`."""

    def __init__(self, ensembles: list[Any]):
        """Takes an ensemble for each class, None for one without samples."""
        self._ensembles = ensembles

    @classmethod
    def train(cls, features: Array, labels: Array, classes: int) -> BoostedTrees:
        """Trains on features [N, F] float32 and labels [N] int."""
        ensembles: list[Any] = [None] * classes
        for wanted, chosen in problems(labels, classes):
            ensembles[wanted] = train_ensemble(
                features[chosen], labels[chosen] == wanted, TREES, DEPTH
            )
        return cls(ensembles)

    def values(self, features: Array) -> Array:
        """See `Decisions.values`."""
        decided = np.full([len(features), len(self._ensembles)], UNSEEN)
        for place, ensemble in enumerate(self._ensembles):
            if ensemble is not None and len(features):
                decided[:, place] = decide(ensemble, features)
        return decided

    def arrays(self) -> dict[str, Array]:
        """See `Decisions.arrays`."""
        texts = ["" if one is None else dump_ensemble(one) for one in self._ensembles]
        return {"ensembles": np.array([text.encode() for text in texts])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> BoostedTrees:
        """Takes what `arrays` gave. Raises KeyError."""
        texts = [bytes(text).decode() for text in arrays["ensembles"]]
        return cls([load_ensemble(text) if text else None for text in texts])


def train_ensemble(features: Array, yes: Array, trees: int, depth: int) -> Any:
    """Trains one ensemble on features [N, F] float32 and answers [N] bool."""
    ensemble = cv2.ml.Boost.create()
    ensemble.setBoostType(cv2.ml.BOOST_REAL)
    ensemble.setWeakCount(trees)
    ensemble.setMaxDepth(depth)
    ensemble.train(features, cv2.ml.ROW_SAMPLE, yes.astype(np.int32))
    return ensemble


def decide(ensemble: Any, features: Array) -> Array:
    """Sums the votes of an ensemble's trees: [N, F] -> [N], positive for yes."""
    _, votes = ensemble.predict(np.ascontiguousarray(features, np.float32), flags=SUM)
    decided: Array = votes.ravel().astype(np.float64)
    return decided


def dump_ensemble(ensemble: Any) -> str:
    """Writes an ensemble as OpenCV's JSON."""
    storage = cv2.FileStorage(".json", cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY)
    ensemble.write(storage)
    return str(storage.releaseAndGetString())


def load_ensemble(text: str) -> Any:
    """Reads what `dump_ensemble` wrote. Raises cv2.error for what is none."""
    storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    ensemble = cv2.ml.Boost.create()
    ensemble.read(storage.root())
    return ensemble

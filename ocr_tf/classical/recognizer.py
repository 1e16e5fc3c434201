"""Line images to texts: the classical recognizer, as it is trained, kept and used; TensorFlow-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Optional

import cv2
import numpy as np

from ocr_tf.alphabet import Alphabet
from ocr_tf.classical import lattice as lattices
from ocr_tf.classical.binarize import find_ink
from ocr_tf.classical.classifier import Classifier
from ocr_tf.classical.features import SIZE, features_of
from ocr_tf.classical.lattice import Lattice, Spelled
from ocr_tf.classical.logistic import Logistic
from ocr_tf.classical.rules import repair
from ocr_tf.classical.search import Guide, search
from ocr_tf.classical.segment import Pieces, cut_pieces
from ocr_tf.classical.slant import upright
from ocr_tf.types import Array

WIDTH = 16  # paths that are kept at a cut


class Preparation(NamedTuple):
    """How a line becomes runs of pieces."""

    height: int  # pixels that lines are scaled to
    binarize: str  # one of `binarize.METHODS`
    longest: int  # pieces of a character


class Text(NamedTuple):
    """A reading of one line."""

    text: str
    log_prob: float  # log p(text | image), summed over all segmentations, without a language model
    objective: float  # what the search ranked by


class ClassicalRecognizer(NamedTuple):
    """Segments, classifies and searches."""

    alphabet: Alphabet
    preparation: Preparation
    classifier: Classifier
    spaces: Logistic  # by the width of a gap
    dirt: float  # log p of a piece to be in no character
    rules: str = "none"  # one of `rules.RULES`

    def recognize(
        self, images: Sequence[Array], guide: Optional[Guide] = None, width: int = WIDTH
    ) -> list[Text]:
        """Reads lines, each by itself.

        Args:
            images: [H, W] uint8 each. One without ink has the empty text.
            guide: a language model over the recognizer's alphabet.
            width: paths that are kept at a cut, where there is a guide.
        """
        return [self._read(image, guide, width) for image in images]

    def _read(self, image: Array, guide: Optional[Guide], width: int) -> Text:
        lattice = self.lattice(prepare(image, self.preparation))
        found = search(lattice, self.classes, self.space, guide, width)
        text = self.alphabet.decode(found.ids)
        text = repair(text, self.rules, self.alphabet.symbols)
        spelled = self.spelled(text)
        log_prob = lattices.log_score(lattice, spelled) - lattices.log_total(lattice)
        return Text(text, min(0.0, float(log_prob)), found.objective)

    @property
    def classes(self) -> Array:
        """The symbol's id of each class: [C] int64, all symbols but the space."""
        return classes_of(self.alphabet)

    @property
    def space(self) -> Optional[int]:
        """The id of the space; None where the alphabet has none."""
        symbols = self.alphabet.symbols
        return symbols.index(" ") if " " in symbols else None

    def lattice(self, pieces: Pieces) -> Lattice:
        """Weighs the runs of a line by the classifier, and its gaps."""
        features = features_of(pieces, self.preparation.longest)
        return lattice_of(features, pieces.gaps(), self.classifier, self.spaces, self.dirt)

    def spelled(self, text: str) -> Spelled:
        """Brings a text to classes and spaces; raises ValueError for a symbol outside the alphabet."""
        return spell(text, self.alphabet)


def prepare(image: Array, preparation: Preparation) -> Pieces:
    """Scales a line, [H, W] uint8, finds its ink, turns it upright and cuts it into pieces."""
    height, width = image.shape
    columns = max(1, round(width * preparation.height / height))
    how = cv2.INTER_AREA if height > preparation.height else cv2.INTER_LINEAR
    scaled = cv2.resize(image, (columns, preparation.height), interpolation=how)
    return cut_pieces(upright(find_ink(scaled, preparation.binarize)))


def lattice_of(
    features: Array, gaps: Array, classifier: Classifier, spaces: Logistic, dirt: float
) -> Lattice:
    """Weighs runs by their odds of being a character, and gaps by those of a space.

    Args:
        features: [P, K, F] float32 of the line's runs.
        gaps: [P + 1] at its cuts.
        classifier: its last class is "not a character".
        spaces: by the width of a gap.
        dirt: log p of a piece to be in no character.
    """
    total, longest, _ = features.shape
    log_probs = classifier.log_probs(features.reshape(-1, SIZE))
    odds = log_probs[:, :-1] - log_probs[:, -1:]
    runs = odds.reshape(total, longest, odds.shape[1])
    runs[~features.any(axis=2)] = lattices.NEVER
    return Lattice(runs, *spaces.log_probs(gaps.astype(np.float64)), dirt)


def classes_of(alphabet: Alphabet) -> Array:
    """Returns the ids of all symbols but the space, [C] int64."""
    return np.array([i for i, symbol in enumerate(alphabet.symbols) if symbol != " "], np.int64)


def spell(text: str, alphabet: Alphabet) -> Spelled:
    """Brings a text to the order of the image: the class of each character, and spaces before it.

    Raises:
        ValueError: a symbol is outside the alphabet.
    """
    places = {int(symbol): place for place, symbol in enumerate(classes_of(alphabet))}
    classes, spaces, spaced = [], [], False
    for symbol in alphabet.encode(text):
        if symbol in places:
            classes.append(places[symbol])
            spaces.append(spaced)
        spaced = symbol not in places
    return Spelled(np.array(classes, np.int64), np.array(spaces, bool))

"""The network of an experiment: encoder, sequence, head."""

from __future__ import annotations

from typing import Any, Optional, Union

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import Search
from ocr_tf.rnn import stack_bidirectional
from ocr_tf.types import Batch, Frames, Hypotheses, Images, Labels, Tensor


class Recognizer(tf.keras.Model):
    """Reads line images [B, H, W, 1]. A key, given in training, turns on dropout and batch statistics."""

    def __init__(
        self,
        encoder: Any,
        sequence: Any,
        head: Any,
        alphabet: Alphabet,
        height: int,
        *,
        seed: int = 0,
        bfloat16: bool = False,
        frozen: tuple[str, ...] = (),
    ):
        """Builds the parts and gives every weight its keyed first value.

        Args:
            encoder: its configuration, one of ENCODERS.
            sequence: the configuration of the recurrent layers.
            head: its configuration, one of HEADS.
            alphabet: the symbols that are read.
            height: H of the images.
            seed: of the first weights.
            bfloat16: whether encoder and sequence compute in mixed bfloat16.
            frozen: parts that do not learn and compute as at inference.
        """
        super().__init__(name="recognizer")
        dtype = "mixed_bfloat16" if bfloat16 else "float32"
        self.alphabet, self.height, self.frozen = alphabet, height, frozen
        self.encoder = encoder.build(height, dtype)
        self.sequence = stack_bidirectional(
            sequence.layers,
            sequence.units,
            sequence.dropout,
            dtype,
            cell=sequence.cell,
            stack=sequence.stack,
            projection=sequence.projection,
        )
        self.head = head.build(alphabet)
        for part in frozen:
            getattr(self, part).trainable = False
        self._make_weights()
        rng.initialize(self.variables, seed)

    def _make_weights(self) -> None:
        image = Images(tf.zeros([1, self.height, 8, 1]), tf.constant([8]))
        self.loss(image, Labels(tf.zeros([1, 1], tf.int32), tf.constant([1])))
        self.built = True

    def _key(self, part: str, key: Optional[Tensor]) -> Optional[Tensor]:
        return None if key is None or part in self.frozen else rng.fold(key, part)

    def call(self, images: Images, key: Optional[Tensor] = None) -> Frames:
        """Images [B, H, W, 1] -> Frames [B, T, U], what heads read."""
        frames = self.encoder(images, self._key("encoder", key))
        return self.sequence(frames, self._key("sequence", key))

    def loss(
        self,
        images: Images,
        labels: Labels,
        key: Optional[Tensor] = None,
        progress: Union[Tensor, float] = 1.0,
    ) -> Tensor:
        """Computes what training minimizes, [B]; see `Head.loss`."""
        return self.head.loss(self(images, key), labels, self._key("head", key), progress)

    def recognize(self, images: Images, search: Optional[Search] = None) -> Hypotheses:
        """Reads images; without a search, greedily."""
        return self.head.decode(self(images), search)

    def parts(self) -> dict[str, list[tf.Variable]]:
        """Returns the variables of encoder, sequence and head."""
        return {name: getattr(self, name).variables for name in ("encoder", "sequence", "head")}


def batch_signature(height: int) -> Batch:
    """Returns the signature of every batch of lines of this height."""
    ids, flags = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.bool)
    images = Images(tf.TensorSpec([None, height, None, 1], tf.float32), ids)
    return Batch(images, Labels(tf.TensorSpec([None, None], tf.int32), ids), ids, flags)

"""Encoded images to texts in one graph: what an export holds, and what predict runs."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from ocr_tf.data.image import Geometry, prepare_batch
from ocr_tf.recognizer import Recognizer


class Served(NamedTuple):
    text: tf.Tensor  # [B] string, UTF-8; empty where not ok
    log_prob: tf.Tensor  # [B] log p(text | image), natural log; minus infinity where not ok
    ok: tf.Tensor  # [B] bool, false where the bytes are no image that can be used


class Serving(tf.Module):
    """Reads batches of encoded images; a bad one fails alone. Holds the weights, not Keras' layers."""

    def __init__(self, model: Recognizer, geometry: Geometry, alphabet_file: str):
        super().__init__(name="ocr_tf")
        self.weights = list(model.variables)
        self.symbols = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                alphabet_file,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
            ),
            default_value="",
        )

        def read(images: tf.Tensor) -> dict[str, tf.Tensor]:
            # Convolutions refuse an empty batch, so an image that fails stands in for none.
            count = tf.size(images)
            images = tf.cond(count > 0, lambda: images, lambda: tf.constant([""]))
            prepared, ok = prepare_batch(images, geometry)
            best = model.recognise(prepared)
            ids, lengths = best.ids[:, 0], best.lengths[:, 0]
            inside = tf.sequence_mask(lengths, tf.shape(ids)[1]) & ok[:, None]
            symbols = self.symbols.lookup(tf.cast(tf.where(inside, ids, -1), tf.int64))
            text = tf.strings.reduce_join(symbols, axis=1)
            log_prob = tf.where(ok, best.log_probs[:, 0], float("-inf"))
            return Served(text[:count], log_prob[:count], ok[:count])._asdict()

        self.read = tf.function(read, input_signature=[tf.TensorSpec([None], tf.string, "images")])

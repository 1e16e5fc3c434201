"""Lines to texts in one graph, asked in several ways: an export holds it, and predict runs it."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

import tensorflow as tf

from ocr_tf.data.image import original_widths, prepare_batch
from ocr_tf.decode import Search
from ocr_tf.decode.spans import by_column, spans
from ocr_tf.encoders import rows_of
from ocr_tf.experiment.inference.load import Trained
from ocr_tf.graphs import graph
from ocr_tf.types import Frames, Images, Labels

DEFAULT = "serving_default"

# In the place of log p where there is no text, and of log 0: JSON, which TensorFlow Serving answers in,
# has no infinity. Its exponential is 0 in every floating-point type, and sums of some stay finite.
NO_LOG_PROB = -1e9


class Served(NamedTuple):
    """The answer of the signature `serving_default`, which takes encoded images."""

    text: tf.Tensor  # [B] string, UTF-8; empty where not ok
    log_prob: tf.Tensor  # [B] log p(text | image), natural log; NO_LOG_PROB where not ok
    ok: tf.Tensor  # [B] bool, false where the bytes are no image that can be used


class NBest(NamedTuple):
    """The answer of the signature `n_best`: K texts of each encoded image, best first."""

    texts: tf.Tensor  # [B, K] string, UTF-8
    log_probs: tf.Tensor  # [B, K], NO_LOG_PROB where not valid
    valid: tf.Tensor  # [B, K] bool, false where fewer were found
    ok: tf.Tensor  # [B] bool


class Aligned(NamedTuple):
    """The answer of the signature `aligned`: the text of each encoded image, and a span for each symbol.

    A span is where the network emits the symbol, not where its glyph is. For attention the two mostly
    agree; CTC may emit the first and the last symbol of a line at the image's edges, tens of pixels
    from their glyphs.
    """

    text: tf.Tensor
    log_prob: tf.Tensor
    ok: tf.Tensor
    symbols: tf.Tensor  # [B, L] string, UTF-8; empty behind the text's end
    lengths: tf.Tensor  # [B] int32, symbols of the text
    spans: (
        tf.Tensor
    )  # [B, L, 2] float32, begin and end of the middle 80 % of its weight, in columns
    # of the image as it was sent, turned by --data.rotate
    confidences: Optional[
        tf.Tensor
    ]  # [B, L] float32, see `Head.symbol_confidences`; 0 behind the end


class Serving(tf.Module):
    """Gives a trained network's signatures as functions; `tensors` takes pixels, all others images.

    A bad image fails alone. Any number of lines, none too. Holds the weights, not Keras' layers.
    """

    def __init__(
        self,
        trained: Trained,
        n_best_search: Optional[Search] = None,
        search: Optional[Search] = None,
    ):
        """Without `search`, the signatures of one text read greedily.

        Args:
            trained: the network and its experiment.
            n_best_search: what the signature `n_best` searches with; None leaves it out.
            search: what all other signatures search with.
        """
        super().__init__(name="ocr_tf")
        model, experiment = trained.model, trained.experiment
        head, stride, rows = model.head, experiment.encoder.stride, rows_of(experiment.encoder)
        self.geometry = geometry = trained.geometry
        self.weights = list(model.variables)
        symbols = tf.constant([*model.alphabet.symbols, ""])
        encoded = tf.TensorSpec([None], tf.string, "images")
        pixels = tf.TensorSpec([None, geometry.height, None, 1], tf.float32, "pixels")
        widths = tf.TensorSpec([None], tf.int32, "widths")

        # Functions of their own, so that they stand in the graph once, however many call them.
        prepare = graph(lambda images: prepare_batch(images, geometry), [encoded])
        frames_of = graph(lambda *images: model(Images(*images)), [pixels, widths])

        def spell(ids: tf.Tensor, lengths: tf.Tensor, ok: tf.Tensor) -> tf.Tensor:
            """[..., L] ids -> [..., L] strings, empty behind the lengths and where not ok."""
            inside = tf.sequence_mask(lengths, tf.shape(ids)[-1]) & ok[..., None]
            return tf.gather(symbols, tf.where(inside, ids, len(model.alphabet)))

        def read(frames: Frames, ok: tf.Tensor) -> tuple[Served, Labels, tf.Tensor]:
            best = head.decode(frames, search)
            labels = Labels(best.ids[:, 0], tf.where(ok, best.lengths[:, 0], 0))
            spelt = spell(*labels, ok)
            log_prob = _finite(best.log_probs[:, 0], ok)
            return Served(tf.strings.reduce_join(spelt, axis=1), log_prob, ok), labels, spelt

        def serving_default(images: tf.Tensor) -> dict[str, tf.Tensor]:
            prepared, ok = prepare(_some(images))
            return _first(read(frames_of(*prepared), ok)[0], tf.size(images))

        def tensors(pixels: tf.Tensor, widths: tf.Tensor) -> dict[str, tf.Tensor]:
            count = tf.size(widths)
            pixels, widths = _some_pixels(pixels, widths)
            served, _, _ = read(frames_of(pixels, widths), tf.ones_like(widths, tf.bool))
            answer = _first(served, count)
            return {name: answer[name] for name in ("text", "log_prob")}

        def n_best(images: tf.Tensor) -> dict[str, tf.Tensor]:
            prepared, ok = prepare(_some(images))
            best = head.decode(frames_of(*prepared), n_best_search)
            valid = best.valid & ok[:, None]
            texts = tf.strings.reduce_join(spell(best.ids, best.lengths, valid), axis=2)
            log_probs = _finite(best.log_probs, valid)
            return _first(NBest(texts, log_probs, valid, ok), tf.size(images))

        def aligned(images: tf.Tensor) -> dict[str, tf.Tensor]:
            some = _some(images)
            prepared, ok = prepare(some)
            frames = frames_of(*prepared)
            served, labels, spelt = read(frames, ok)
            steps = spans(by_column(head.align(frames, labels), rows))
            scaled = _columns(steps, frames.lengths // rows, prepared.widths, stride)
            factors = original_widths(some, ok, geometry) / prepared.widths
            columns = scaled * tf.cast(factors, tf.float32)[:, None, None]
            confidences = head.symbol_confidences(frames, labels)
            answer = Aligned(*served, spelt, labels.lengths, columns, confidences)
            return _first(answer, tf.size(images))

        self.serving_default = graph(serving_default, [encoded])
        self.tensors = graph(tensors, [pixels, widths])
        self.aligned = graph(aligned, [encoded])
        if n_best_search is not None:
            self.n_best = graph(n_best, [encoded])

    def signatures(self) -> dict[str, Callable[..., Any]]:
        """The functions by their names in a SavedModel."""
        names = (DEFAULT, "tensors", "aligned", "n_best")
        return {name: getattr(self, name) for name in names if hasattr(self, name)}


def _finite(log_probs: tf.Tensor, valid: tf.Tensor) -> tf.Tensor:
    return tf.where(valid, tf.maximum(log_probs, NO_LOG_PROB), NO_LOG_PROB)


def _some(images: tf.Tensor) -> tf.Tensor:
    """Convolutions refuse an empty batch, so an image that fails stands in for none."""
    return tf.cond(tf.size(images) > 0, lambda: images, lambda: tf.constant([""]))


def _some_pixels(pixels: tf.Tensor, widths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The same for pixels [B, H, W, 1] of any width; widths are kept within 1 and W."""
    shape = tf.shape(pixels)
    lines, columns = tf.maximum(1 - shape[0], 0), tf.maximum(1 - shape[2], 0)
    pixels = tf.pad(pixels, [[0, lines], [0, 0], [0, columns], [0, 0]])
    return pixels, tf.clip_by_value(tf.pad(widths, [[0, lines]]), 1, shape[2] + columns)


def _columns(steps: tf.Tensor, lengths: tf.Tensor, widths: tf.Tensor, stride: int) -> tf.Tensor:
    """Places [B, L, 2] in steps to columns of the encoder's image: `encoders.edges`, in a graph."""
    lengths, widths = (tf.cast(v, tf.float32)[:, None, None] for v in (lengths, widths))
    whole = tf.minimum(steps, lengths - 1)
    last = widths - stride * (lengths - 1)  # columns of the last step, which the image cuts
    return stride * whole + last * (steps - whole)


def _first(answer: Any, count: tf.Tensor) -> dict[str, tf.Tensor]:
    """An answer's tensors by name, those that there are, without what stood in for an empty batch."""
    return {name: value[:count] for name, value in answer._asdict().items() if value is not None}

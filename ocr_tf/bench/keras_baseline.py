"""The plain Keras way of the same network: Conv2D, BatchNormalization, Bidirectional, no masks.

Written as one would without this toolkit, for one size of image, with as many weights. CTC's loss and
search are TensorFlow's; an attention head, which Keras does not have, is ours. The optimizer is Keras'
own of the experiment's name, without clipping.
"""

from __future__ import annotations

import math
from typing import Any, Callable

import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.bench.plain_parts import check_plain
from ocr_tf.encoders import CRNN, Compact, halve
from ocr_tf.errors import InputError
from ocr_tf.experiment.config.experiment import Experiment, Train
from ocr_tf.heads import CTC
from ocr_tf.types import Batch, Frames, Tensor

layers = tf.keras.layers
BOTH, HEIGHT = (2, 2), (2, 1)  # what a pooling halves
GRAY = 1e-2  # keeps a line of one gray from a division by zero


def crnn(values: Any, config: CRNN, height: int) -> Any:
    """Adds Shi et al. 2015, Table 1, its last convolution padded along the width: see encoders/crnn.py."""
    left, filters = halve(halve(halve(halve(height)))), config.width
    values = _pool(_block(values, filters, "conv1"), BOTH)
    values = _pool(_block(values, 2 * filters, "conv2"), BOTH)
    values = _block(values, 4 * filters, "conv3")
    values = _pool(_block(values, 4 * filters, "conv4"), HEIGHT)
    values = _block(values, 8 * filters, "conv5", normalize=True)
    values = _pool(_block(values, 8 * filters, "conv6", normalize=True), HEIGHT)
    values = layers.ZeroPadding2D(((0, 0), (0, 1)))(values)
    return _block(values, 8 * filters, "conv7", kernel_size=(left, 2), padding="valid")


def compact(values: Any, config: Compact, height: int) -> Any:
    """Adds the layers of encoders/compact.py."""
    if config.standardize:
        axes = [1, 2, 3]
        values = layers.Lambda(lambda v: v - tf.reduce_mean(v, axes, keepdims=True))(values)
        values = layers.Lambda(lambda v: v / (tf.math.reduce_std(v, axes, True) + GRAY))(values)
    inputs = []  # of each convolution
    for number, layer in enumerate(config.convolutions(height), 1):
        inputs.append(values)
        settings = {"kernel_size": layer.kernel, "strides": layer.stride}
        if layer.stride > 1:
            values = layers.ZeroPadding2D(layer.kernel[0] // 2)(values)
            settings["padding"] = "valid"
        around = None
        if layer.around:
            around = layers.Conv2D(layer.filters, 1, use_bias=False, name=f"stage{number}")(
                inputs[-layer.around]
            )
        values = _block(values, layer.filters, f"conv{number}", layer.normalize, around, **settings)
        if layer.pool != (1, 1):
            values = _pool(values, layer.pool)
    return layers.Dropout(config.dropout)(values) if config.dropout else values


OPTIMIZERS = {
    "adam": tf.keras.optimizers.Adam,
    "adamw": tf.keras.optimizers.AdamW,
    "adadelta": tf.keras.optimizers.Adadelta,
}
CELLS = {"lstm": layers.LSTM, "gru": layers.GRU, "rnn": layers.SimpleRNN}
ENCODERS: dict[type, Callable[[Any, Any, int], Any]] = {CRNN: crnn, Compact: compact}


def _block(
    values: Any,
    filters: int,
    name: str,
    normalize: bool = False,
    around: Any = None,
    **settings: Any,
) -> Any:
    settings = {"kernel_size": 3, "padding": "same", "use_bias": not normalize, **settings}
    values = layers.Conv2D(filters, name=name, **settings)(values)
    if normalize:
        values = layers.BatchNormalization(momentum=0.95, name=f"{name}_norm")(values)
    return layers.ReLU()(values if around is None else layers.Add()([values, around]))


def _pool(values: Any, factors: tuple[int, int]) -> Any:
    return layers.MaxPooling2D(factors, padding="same")(values)


def below_the_head(experiment: Experiment, width: int) -> tf.keras.Model:
    """Images [B, H, width, 1] to frames [B, T, U].

    Raises:
        InputError: the encoder or the stack has no baseline, or parts are frozen.
    """
    if type(experiment.encoder) not in ENCODERS:
        raise InputError(
            f"--against=keras: no plain Keras baseline of encoder {experiment.encoder_name}; there are "
            f"{', '.join(sorted(kind.__name__.lower() for kind in ENCODERS))}"
        )
    check_plain(experiment, "keras")
    before = tf.keras.mixed_precision.global_policy()
    policy = "mixed_bfloat16" if experiment.train.mixed else "float32"
    tf.keras.mixed_precision.set_global_policy(policy)
    try:
        images = tf.keras.Input([experiment.data.height, width, 1])
        values = ENCODERS[type(experiment.encoder)](
            images, experiment.encoder, experiment.data.height
        )
        values = layers.Permute((2, 1, 3))(values)
        values = layers.Reshape([values.shape[1], math.prod(values.shape[2:])])(values)
        sequence = experiment.sequence
        for number in range(1, sequence.layers + 1):
            cell = CELLS[sequence.cell](sequence.units, return_sequences=True, name=sequence.cell)
            values = layers.Bidirectional(cell, name=f"bidirectional{number}")(values)
            if sequence.dropout:
                values = layers.Dropout(sequence.dropout)(values)
        return tf.keras.Model(images, values)
    finally:
        tf.keras.mixed_precision.set_global_policy(before)


def _optimizer(train: Train) -> tf.keras.optimizers.Optimizer:
    if train.optimizer == "momentum":
        return tf.keras.optimizers.SGD(train.learning_rate, momentum=train.momentum)
    return OPTIMIZERS[train.optimizer](train.learning_rate)


class KerasBaseline:
    """The plain network of an experiment on one batch; `train` and `read` are things to time."""

    def __init__(self, experiment: Experiment, alphabet: Alphabet, batch: Batch):
        self.batch, self.alphabet = batch, alphabet
        self.below = below_the_head(experiment, int(batch.images.values.shape[2]))
        self.has_ctc = isinstance(experiment.head, CTC)
        if self.has_ctc:
            self.head = layers.Dense(alphabet.classes, dtype="float32", name="output")
        else:
            self.head = experiment.head.build(alphabet)
        self._loss(batch, training=False)  # makes the head's weights
        self.optimizer = _optimizer(experiment.train)
        self.optimizer.build(self.trainable)
        self._train, self._read = tf.function(self._take), tf.function(self._recognize)

    @property
    def trainable(self) -> list[tf.Variable]:
        """All variables that learn."""
        return self.below.trainable_variables + self.head.trainable_variables

    def parameters(self) -> int:
        """Counts the numbers that are learned."""
        return sum(math.prod(variable.shape) for variable in self.trainable)

    def train(self) -> Any:
        """Takes one whole training step."""
        return self._train(self.batch)

    def read(self) -> Any:
        """Reads images as texts, without gradients."""
        return self._read(self.batch)

    def _take(self, batch: Batch) -> Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self._loss(batch, training=True))
        gradients = tape.gradient(loss, self.trainable)
        self.optimizer.apply_gradients(zip(gradients, self.trainable))
        return loss

    def _frames(self, batch: Batch, training: bool) -> Frames:
        values = tf.cast(self.below(batch.images.values, training=training), tf.float32)
        return Frames(values, tf.fill([tf.shape(values)[0]], tf.shape(values)[1]))

    def _loss(self, batch: Batch, training: bool) -> Tensor:
        frames, labels = self._frames(batch, training), batch.labels
        if not self.has_ctc:
            step = tf.cast(self.optimizer.iterations, tf.int32) if training else 0
            return self.head.loss(frames, labels, tf.stack([0, step]) if training else None)
        return tf.nn.ctc_loss(
            labels=tf.RaggedTensor.from_tensor(labels.ids, labels.lengths).to_sparse(),
            logits=tf.transpose(self.head(frames.values), [1, 0, 2]),
            label_length=None,
            logit_length=frames.lengths,
            blank_index=self.alphabet.blank,
        )

    def _recognize(self, batch: Batch) -> Any:
        frames = self._frames(batch, training=False)
        if not self.has_ctc:
            return self.head.decode(frames)
        logits = tf.transpose(self.head(frames.values), [1, 0, 2])
        return tf.nn.ctc_greedy_decoder(logits, frames.lengths, blank_index=self.alphabet.blank)

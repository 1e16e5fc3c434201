"""Attention: a recurrent decoder that looks at the frames anew for every symbol.

Bahdanau et al. 2015, in tensorflow-addons' wiring: an LSTM cell reads the previous symbol and the previous
attention vector; its output queries the frames; the attention vector, a layer over cell output and
context, gives the logits. With several mechanisms, each has its own context, and a part of the vector. The
only file that imports tensorflow_addons.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, Optional

import tensorflow as tf

from ocr_tf import rng
from ocr_tf.alphabet import Alphabet
from ocr_tf.decode.autoregressive import State
from ocr_tf.heads import attention_loop
from ocr_tf.heads.autoregressive import AutoregressiveHead
from ocr_tf.heads.base import as_float32
from ocr_tf.positions import positions
from ocr_tf.types import Frames, Tensor

# The compiled operations do not load everywhere, and exported graphs must not need them.
os.environ["TF_ADDONS_PY_OPS"] = "1"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library announces its end of life at import
    import tensorflow_addons as tfa

if TYPE_CHECKING:
    from ocr_tf.heads import Attention


class LocationAttention(tfa.seq2seq.AttentionMechanism):
    """Attention that also sees where it has looked so far: `taps` weights on the summed alignment.

    Chorowski et al. 2015, equations 8 and 9, with the sum of all alignments (Shen et al. 2018) in place of
    the last one, and their two linear maps in one. Its state is that sum, [B, T]. To be mixed with one of
    tensorflow-addons' mechanisms, which makes the layers.
    """

    def __init__(self, units: int, taps: int, **kwargs: Any):
        """Makes the mechanism; `kwargs` are those of the one that this is mixed with."""
        super().__init__(units, **kwargs)
        self.taps = taps
        self.location: Any = None  # [taps, units], made by `build`

    def build(self, shape: Any) -> None:
        """Makes the weights."""
        super().build(shape)
        if self.taps:
            self.location = self.add_weight("location", [self.taps, self.units])

    def _energies(self, query: Tensor, state: Tensor) -> Tensor:
        """Scores every frame: the cell's output [B, U], state [B, T] -> [B, T]."""
        raise NotImplementedError

    def _convolved(self, state: Tensor, kernel: Tensor) -> Tensor:
        """Convolves the state along the frames, zeros behind its ends: [B, T], [taps, n] -> [B, T, n]."""
        # TensorFlow Lite converts no slices that add an axis here.
        return tf.nn.conv1d(tf.expand_dims(state, 2), tf.expand_dims(kernel, 1), 1, "SAME")

    def _calculate_attention(self, query: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        alignments = self.probability_fn(self._energies(query, state), state)
        return alignments, state + alignments


class AdditiveAttention(LocationAttention, tfa.seq2seq.BahdanauAttention):
    """Scores a frame by a hidden layer over it and the query: Bahdanau et al. 2015, section A.1.2."""

    def _energies(self, query: Tensor, state: Tensor) -> Tensor:
        hidden = self.keys + tf.expand_dims(self.query_layer(query), 1)
        if self.taps:
            hidden += self._convolved(state, self.location)
        return tf.linalg.matvec(tf.tanh(hidden), self.attention_v)


class DotAttention(LocationAttention, tfa.seq2seq.LuongAttention):
    """Scores a frame by a product of its key and the query: Luong et al. 2015, equation 8, "general".

    The location term is added to the key.
    """

    def _energies(self, query: Tensor, state: Tensor) -> Tensor:
        energies = tf.linalg.matvec(self.keys, query)
        if self.taps:
            # The product of the query with each tap's weights first, which is less to compute.
            by_tap = tf.matmul(query, self.location, transpose_b=True)  # [B, taps]
            windows = self._convolved(state, tf.eye(self.taps))
            energies += tf.linalg.matvec(windows, by_tap)
        return energies


class AttentionHead(AutoregressiveHead):
    """A recurrent decoder with attention; see the module."""

    config: Attention

    def __init__(self, alphabet: Alphabet, config: Attention, name: str = "head"):
        super().__init__(alphabet, config, name)
        numbers = range(1, config.heads + 1) if config.heads > 1 else [""]
        self.mechanisms = [_mechanism(config, f"mechanism{number}") for number in numbers]
        # `output_attention` must stay on: without it the logits would come from a cell output that has
        # not seen the frames at this step.
        self.wrapper = tfa.seq2seq.AttentionWrapper(
            tf.keras.layers.LSTMCell(config.units, name="decoder_lstm", dtype=tf.float32),
            self.mechanisms,
            attention_layer=[
                tf.keras.layers.Dense(
                    config.attention_units // config.heads,
                    config.output,
                    use_bias=False,
                    name=f"attention_layer{number}",
                    dtype=tf.float32,
                )
                for number in numbers
            ],
            output_attention=True,
            name="wrapper",
            dtype=tf.float32,
        )
        self.make_symbol_layers(config.embedding, config.attention_units)

    def _memory(self, frames: Frames) -> Tensor:
        """Returns what a mechanism is shown of the frames, [B, T, D + positions], 0 behind their ends."""
        values = as_float32(frames).values
        batch, steps = tf.shape(values)[0], tf.shape(values)[1]
        # Position in the frames lets the decoder move on from where it looked last; content alone
        # must find its place anew at every symbol, which long lines full of repeats make hard.
        places = tf.tile(positions(steps, self.config.positions)[None], [batch, 1, 1])
        inside = tf.expand_dims(tf.sequence_mask(frames.lengths, steps), 2)
        return tf.where(inside, tf.concat([values, places], axis=-1), 0.0)

    def begin(self, frames: Frames) -> State:
        """Shows the frames to the mechanisms, which keep them; see `AutoregressiveHead.begin`."""
        memory = self._memory(frames)
        for mechanism in self.mechanisms:
            mechanism.setup_memory(memory, memory_sequence_length=frames.lengths)
        return self.wrapper.get_initial_state(batch_size=tf.shape(memory)[0], dtype=tf.float32)

    def advance(self, inputs: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """See `AutoregressiveHead.advance`; the alignment is the mean of the mechanisms'."""
        attended, state = self.wrapper(inputs, state)
        return attended, tf.add_n(state.alignments) / self.config.heads, state

    def attend(
        self, frames: Frames, inputs: Tensor, key: Optional[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """See `AutoregressiveHead.attend`; one additive mechanism has a loop with its own gradient."""
        if not self.wrapper.built:  # its weights are made at its first step
            self.wrapper(inputs[:, 0], self.begin(frames))
        if self.config.scoring == "additive" and self.config.heads == 1:
            attended, alignments = self._looped(frames, inputs)
        else:
            attended, alignments = super().attend(frames, inputs, key)
        return rng.dropout(attended, self.config.dropout, key, "attended"), alignments

    def _looped(self, frames: Frames, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Runs `attention_loop` over the embedded symbols [B, N, E]: [B, N, M], [B, N, T]."""
        cell, units = self.wrapper._cell, self.config.units
        (mechanism,) = self.mechanisms
        symbols, feedback = tf.split(cell.kernel, [self.config.embedding, -1])
        output, context = tf.split(self.wrapper._attention_layers[0].kernel, [units, -1])
        memory = self._memory(frames)
        seen = attention_loop.Memory(
            keys=mechanism.memory_layer(memory),
            values=memory @ context,
            outside=tf.where(
                tf.sequence_mask(frames.lengths, tf.shape(memory)[1]), 0.0, attention_loop.OUTSIDE
            ),
        )
        weights = attention_loop.Weights(
            feedback=feedback,
            recurrent=cell.recurrent_kernel,
            query=mechanism.query_layer.kernel,
            score=mechanism.attention_v,
            output=output,
            location=mechanism.location,
        )
        projected = tf.transpose(inputs, [1, 0, 2]) @ symbols + cell.bias
        attended, alignments = attention_loop.decode(
            projected, seen, weights, squash=self.config.output == "tanh"
        )
        return tf.transpose(attended, [1, 0, 2]), tf.transpose(alignments, [1, 0, 2])


def _mechanism(config: Attention, name: str) -> LocationAttention:
    """Makes one mechanism; keys that meet the cell's output in a product have its size."""
    if config.scoring == "dot":
        return DotAttention(config.units, config.location, name=name, dtype=tf.float32)
    units = config.attention_units // config.heads
    return AdditiveAttention(units, config.location, name=name, dtype=tf.float32)

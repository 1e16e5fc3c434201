"""The recurrent layers between encoder and head; TensorFlow-free until a stack is made.

Its files:

    stack   bidirectional layers one after another, of any cell
    loop    what the cells' recurrences share
    lstm    long short-term memory (Hochreiter and Schmidhuber 1997)
    gru     the gated recurrent unit (Cho et al. 2014)
    elman   the simple recurrent network (Elman 1990)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr_tf.rnn.stack import StackedBidirectional

CELLS = ("lstm", "gru", "rnn")
STACKS = ("deep", "separate")


def stack_bidirectional(
    layers: int,
    units: int,
    dropout: float = 0.0,
    dtype: str = "float32",
    *,
    cell: str = "lstm",
    stack: str = "deep",
    projection: int = 0,
) -> StackedBidirectional:
    """Makes bidirectional recurrent layers; dropout acts on the output of each layer.

    Frames [B, T, D] -> Frames [B, T, 2 * units], or as they came with 0 layers.

    Args:
        layers: how many.
        units: U of each direction.
        dropout: rate.
        dtype: `float32` or `mixed_bfloat16`.
        cell: one of CELLS.
        stack: one of STACKS. In `deep`, each layer reads both directions of the layer below (Graves et al.
            2013, Speech Recognition with Deep Recurrent Neural Networks, section 2). In `separate`, it
            reads its own direction alone: a stack forward and a stack backward, which meet at the top.
        projection: units of a linear layer between one layer and the next; 0: there is none.
    """
    from ocr_tf.rnn.stack import StackedBidirectional

    return StackedBidirectional(
        layers, units, dropout, cell, stack, projection, name="sequence", dtype=dtype
    )

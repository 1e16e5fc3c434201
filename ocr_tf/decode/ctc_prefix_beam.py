"""CTC's prefix beam search: the paths of a text are summed while the best prefixes are followed.

Graves 2012, Supervised Sequence Labelling with Recurrent Neural Networks, section 7.5.3; Hannun et al.
2014, First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs. All
lines of a batch, and all their prefixes, go on together, in TensorFlow's operations.

    B, T, C  lines, steps, classes      W  prefixes of a line
    M        symbols by which a prefix may grow at a step      G  numbers in a guide's state

Without a guide M is W + 1, and no other symbol can matter: of M continuations of a prefix, one may be its
own last symbol again, and each that was in the beam already ranks there at least as high. So the W best
are the W best of all.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import tensorflow as tf

from ocr_tf.alphabet import Alphabet
from ocr_tf.decode import ctc_lattice
from ocr_tf.decode.ctc_greedy import best_path
from ocr_tf.decode.guide import Guide
from ocr_tf.types import Frames, Hypotheses, Tensor

NEVER = -1e9  # stands for log 0, as sums and differences must stay finite
LAST = -1e30  # ranks below all texts that there are
MINUS_INFINITY = float("-inf")
NONE = -1  # the last symbol of the empty prefix; of no symbol added
NAME_STEP = 0x5851F42D4C957F2D  # Knuth's multiplier


class Prefixes(NamedTuple):
    """The prefixes of each line, [B, W]; those that there are not have NEVER."""

    last: Tensor  # int32, the last symbol; NONE where there is none
    name: Tensor  # int64, a hash of the symbols: equal for equal prefixes, else all but surely not
    parent: Tensor  # int64, the name without the last symbol
    in_blank: Tensor  # log p of the paths that end in a blank
    in_symbol: Tensor  # log p of those that end in the last symbol
    guided: Tensor  # what the guide gave for the symbols
    states: Tensor  # [B, W, G] int32, the guide's


class _Step(NamedTuple):
    """Holds the log probabilities of a step, or of all: then each is [T, ...]."""

    values: Tensor  # [B, C] log p
    blank: Tensor  # [B, 1] log p of the blank
    symbols: Tensor  # [B, M] int32, by which a prefix may grow
    gains: Tensor  # [B, M] their log p


class _Texts(NamedTuple):
    """Texts of each line, apart from their scores."""

    ids: Tensor  # [B, N, L], padded
    lengths: Tensor  # [B, N]
    guided: Tensor  # [B, N] what the guide gives, the end included; minus infinity where there is no text


def prefix_beam(
    log_probs: Frames,
    alphabet: Alphabet,
    width: int,
    best: int,
    guide: Optional[Guide] = None,
    symbols: int = 0,
) -> Hypotheses:
    """Returns the texts that a beam finds, best first by `ctc_lattice.score` and what the guide adds.

    The search sums only the paths that stayed in its beam, so all that it finds, and the text of the best
    path, are scored anew and sorted: fewer texts are the first of more, and none is worse than greedy
    search's. A line of which the guide allows nothing that was found reads as empty, and not ended.

    Args:
        log_probs: [B, T, C] natural log, normalized over C.
        alphabet: its classes.
        width: W, prefixes of a line that are kept at every step.
        best: K, texts of a line that are returned, at most W.
        guide: a language model or lexicon; what it gives is added while prefixes grow.
        symbols: M, with a guide: a prefix grows by one of so many, the best of a step; 0: by any.
    """
    blank, pad = alphabet.blank, alphabet.pad
    found = _search(log_probs, alphabet, width, guide, symbols)
    greedy, _ = best_path(log_probs, blank, pad)
    most = tf.maximum(tf.shape(found.ids)[2], tf.shape(greedy.ids)[1])
    ids, own = _widened(found.ids, most, pad), _widened(greedy.ids[:, None], most, pad)
    real = found.guided > MINUS_INFINITY
    known = tf.reduce_any(tf.reduce_all(ids == own, axis=2) & real, axis=1)
    given = tf.zeros_like(found.guided[:, 0])
    if guide is not None:
        given = guide.score(greedy.ids, greedy.lengths)
    given = tf.where(known, MINUS_INFINITY, given)
    nothing = ~tf.reduce_any(real, axis=1) & (given == MINUS_INFINITY)
    ids = tf.concat([ids, tf.where(nothing[:, None, None], pad, own)], axis=1)
    lengths = tf.concat([found.lengths, tf.where(nothing, 0, greedy.lengths)[:, None]], axis=1)
    guided = tf.concat([found.guided, tf.where(nothing, LAST, given)[:, None]], axis=1)

    scores = ctc_lattice.score_each(log_probs, ids, lengths, blank)
    objective, order = tf.math.top_k(scores + guided, best)
    valid = objective > MINUS_INFINITY
    ids = tf.where(valid[:, :, None], tf.gather(ids, order, batch_dims=1), pad)
    lengths = tf.where(valid, tf.gather(lengths, order, batch_dims=1), 0)
    score = tf.where(valid, tf.gather(scores, order, batch_dims=1), MINUS_INFINITY)
    ended = valid & ~nothing[:, None]
    return Hypotheses(ids[:, :, : tf.reduce_max(lengths)], lengths, score, objective, ended, valid)


def _widened(ids: Tensor, most: Tensor, pad: int) -> Tensor:
    """Pads texts [B, N, L] to [B, N, most]."""
    more = most - tf.shape(ids)[2]
    return tf.pad(ids, [[0, 0], [0, 0], [0, more]], constant_values=pad)


def _search(
    log_probs: Frames, alphabet: Alphabet, width: int, guide: Optional[Guide], symbols: int
) -> _Texts:
    """Follows the best prefixes to the end of each line: N = W texts."""
    count = width + 1 if guide is None else symbols or len(alphabet)
    steps = _steps(log_probs, alphabet.blank, min(count, len(alphabet)))
    most, batch = tf.shape(steps.values)[0], tf.shape(steps.values)[1]
    parts = guide.size if guide is not None else 0

    def body(t: Tensor, prefixes: Prefixes, added: Any, parents: Any) -> Any:
        step = _Step(*(values[t] for values in steps))
        prefixes, grown_by, slots = _grown(prefixes, step, width, guide)
        return t + 1, prefixes, added.write(t, grown_by), parents.write(t, slots)

    first = tf.tile(tf.where(tf.range(width) == 0, 0.0, NEVER)[None], [batch, 1])
    # Of the prefixes that there are not, no two have the same name.
    names = tf.tile(-tf.range(width, dtype=tf.int64)[None], [batch, 1])
    begin = Prefixes(
        last=tf.fill([batch, width], NONE),
        name=names,
        parent=names - width,
        in_blank=first,
        in_symbol=tf.fill([batch, width], NEVER),
        guided=tf.zeros([batch, width]),
        states=tf.zeros([batch, width, parts], tf.int32),
    )
    arrays = [tf.TensorArray(tf.int32, most, element_shape=[None, width]) for _ in range(2)]
    row = tf.TensorShape([None, width])
    shapes = (
        tf.TensorShape([]),
        Prefixes._make([*[row] * 6, row.concatenate([parts])]),
        *[tf.TensorShape(None)] * 2,
    )
    _, last, added, parents = tf.while_loop(
        lambda t, *_: t < most, body, (0, begin, *arrays), shapes
    )
    ids, lengths = _spelled(added.stack(), parents.stack(), alphabet.pad)
    guided = last.guided
    if guide is not None:
        guided += guide.ends(last.states)
    there = _log_add(last.in_blank, last.in_symbol) > NEVER / 2
    return _Texts(ids, lengths, tf.where(there, guided, MINUS_INFINITY))


def _steps(log_probs: Frames, blank: int, count: int) -> _Step:
    """Lists all steps, [T, ...], with the `count` best symbols of each.

    Steps behind a line's end are certain blanks, which change nothing.
    """
    values = tf.transpose(tf.maximum(log_probs.values, NEVER), [1, 0, 2])
    inside = tf.transpose(tf.sequence_mask(log_probs.lengths, tf.shape(values)[0]))[:, :, None]
    blanks = tf.where(inside, values[:, :, blank:], 0.0)
    values = tf.where(inside, values, NEVER)
    best, symbols = tf.math.top_k(values[:, :, :blank], count)
    return _Step(values, blanks, symbols, best)


def _grown(
    prefixes: Prefixes, step: _Step, width: int, guide: Optional[Guide]
) -> tuple[Prefixes, Tensor, Tensor]:
    """Takes a step: prefixes stay as they are, or grow by a symbol; the best of both go on.

    Returns:
        The prefixes after it; the symbol that each has grown by, or NONE; the place in `prefixes` of what
        it has grown from.
    """
    last, name, parent, in_blank, in_symbol, guided, states = prefixes
    symbols, count = step.symbols, step.symbols.shape[1]
    total = _log_add(in_blank, in_symbol)
    again = tf.gather(step.values, tf.maximum(last, 0), batch_dims=1)  # the last symbol's log p
    again = tf.where(last == NONE, NEVER, again)

    # A prefix grows by its own last symbol only from a blank: otherwise the symbol is one with it.
    listed = symbols[:, None, :] == last[:, :, None]  # [B, W, M]
    grown = tf.where(listed, in_blank[:, :, None], total[:, :, None]) + step.gains[:, None, :]

    # A prefix that another one grows into is one with that continuation: [B, W of them, W others].
    into = parent[:, :, None] == name[:, None, :]
    twice = last[:, :, None] == last[:, None, :]
    sources = tf.where(into, tf.where(twice, in_blank[:, None, :], total[:, None, :]), NEVER)
    joined = tf.reduce_max(sources, axis=2) + again
    stays_blank, stays_symbol = total + step.blank, _log_add(in_symbol + again, joined)
    source = tf.argmax(into, axis=2, output_type=tf.int32)  # [B, W]
    rank = tf.argmax(listed, axis=2, output_type=tf.int32)
    is_double = tf.reduce_any(into, axis=2) & tf.reduce_any(listed, axis=2)
    taken = tf.where(is_double, source * count + rank, width * count)
    grown = _without(tf.reshape(grown, [-1, width * count]), taken)

    stay_ranks, grown_ranks = _log_add(stays_blank, stays_symbol), grown
    if guide is not None:
        gains = tf.gather(guide.gains(states), symbols, axis=2, batch_dims=1)  # [B, W, M]
        gains = tf.reshape(guided[:, :, None] + gains, [-1, width * count])
        stay_ranks, grown_ranks = stay_ranks + guided, grown_ranks + gains
    _, places = tf.math.top_k(tf.concat([stay_ranks, grown_ranks], axis=1), width)
    stays = places < width
    at = tf.maximum(places - width, 0)  # in `grown`
    slots = tf.where(stays, places, at // count)

    def pick(values: Tensor) -> Tensor:
        return tf.gather(values, slots, batch_dims=1)

    new = tf.gather(symbols, at % count, batch_dims=1)
    own = pick(name)
    if guide is not None:
        guided = tf.where(stays, pick(guided), tf.gather(gains, at, batch_dims=1))
        before = pick(states)
        states = tf.where(stays[:, :, None], before, guide.follow(before, new))
    after = Prefixes(
        last=tf.where(stays, pick(last), new),
        name=tf.where(stays, own, own * NAME_STEP + tf.cast(new, tf.int64) + 1),
        parent=tf.where(stays, pick(parent), own),
        in_blank=tf.where(stays, pick(stays_blank), NEVER),
        in_symbol=tf.where(stays, pick(stays_symbol), tf.gather(grown, at, batch_dims=1)),
        guided=guided,
        states=states,
    )
    return after, tf.where(stays, NONE, new), slots


def _without(values: Tensor, taken: Tensor) -> Tensor:
    """Sets values [B, N] to NEVER at the places [B, P]; a place of N is none."""
    rows = tf.broadcast_to(tf.range(tf.shape(values)[0])[:, None], tf.shape(taken))
    places = tf.stack([rows, taken], axis=2)
    wider = tf.pad(values, [[0, 0], [0, 1]])
    gone = tf.fill(tf.shape(taken), NEVER)
    return tf.tensor_scatter_nd_update(wider, places, gone)[:, :-1]


def _spelled(added: Tensor, parents: Tensor, pad: int) -> tuple[Tensor, Tensor]:
    """Goes back from the last prefixes: ids [B, W, L] and lengths [B, W].

    Args:
        added: [T, B, W], the symbol that each prefix has grown by at a step, or NONE.
        parents: [T, B, W], the place of what it has grown from.
        pad: what fills ids behind a text's length.
    """
    steps, batch, width = tf.shape(added)[0], tf.shape(added)[1], added.shape[2]

    def body(t: Tensor, slots: Tensor, symbols: Any) -> Any:
        symbols = symbols.write(t, tf.gather(added[t], slots, batch_dims=1))
        return t - 1, tf.gather(parents[t], slots, batch_dims=1), symbols

    symbols = tf.TensorArray(tf.int32, steps, element_shape=[None, width])
    last = tf.tile(tf.range(width)[None], [batch, 1])
    shapes = (tf.TensorShape([]), tf.TensorShape([None, width]), tf.TensorShape(None))
    *_, symbols = tf.while_loop(lambda t, *_: t >= 0, body, (steps - 1, last, symbols), shapes)
    written = tf.transpose(symbols.stack(), [1, 2, 0])  # [B, W, T]
    is_symbol = written != NONE
    lengths = tf.reduce_sum(tf.cast(is_symbol, tf.int32), axis=2)
    # A stable sort brings the symbols to the front, in their order.
    order = tf.argsort(tf.cast(~is_symbol, tf.int32), axis=2, stable=True)
    order = order[:, :, : tf.reduce_max(lengths)]
    ids = tf.gather(tf.where(is_symbol, written, pad), order, batch_dims=2)
    return ids, lengths


def _log_add(one: Tensor, other: Tensor) -> Tensor:
    """Returns log(exp(one) + exp(other)), of finite values."""
    most = tf.maximum(one, other)
    return most + tf.math.log1p(tf.exp(tf.minimum(one, other) - most))

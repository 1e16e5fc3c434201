"""Beam search for heads that put out one symbol at a time, over `autoregressive.Decoder`.

Sutskever et al. 2014, Sequence to Sequence Learning with Neural Networks, section 3.2, but for the ends of
texts: the end of every prefix counts, for it takes no place from those that go on. Texts are ranked by

    (log p(text | image) + guide(text) + coverage * covered) / ((6 + N) / 6)^length_norm

of N symbols and an end (Wu et al. 2016, Google's Neural Machine Translation System, equation 14, without its
coverage); covered is the number of frames that were given more than half a symbol's attention in all
(Chorowski and Jaitly 2017, Towards Better Decoding and Language Model Integration in Sequence to Sequence
Models, equation 11). A guide is a language model or lexicon, added while prefixes grow (shallow fusion).
Beside a CTC branch over the same frames, log p is a weighted mean of both branches'; CTC's for a prefix is
that of all texts that begin with it (`ctc_prefix_scores`).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import tensorflow as tf

from ocr_tf.decode.autoregressive import Decoder, Loop, State, greedy, state_shapes
from ocr_tf.decode.ctc_prefix_scores import PrefixScores
from ocr_tf.decode.guide import Guide
from ocr_tf.types import Hypotheses, Tensor

LAST = -1e30  # ranks below all texts that there are
MINUS_INFINITY = float("-inf")
COVERED = 0.5  # of attention, from which on a frame has been read


class Ranking(NamedTuple):
    """Ranks texts by log p and what else counts; but for `ctc`, the fields are options of `Beam`."""

    ctc: Optional[PrefixScores] = None  # of a CTC branch over the same frames
    ctc_weight: float = 0.0  # w of it, and 1 - w of the decoder
    guide: Optional[Guide] = None
    bonus: float = 0.0  # the most that the guide may give for a symbol
    length_norm: float = 0.0
    coverage: float = 0.0

    def of(self, total: Tensor, covered: Tensor, symbols: Tensor) -> Tensor:
        """Ranks texts: log p and guide [B, N], covered frames [B, N], symbols [B, 1]."""
        if self.coverage:
            total += self.coverage * covered
        return total / self._norm(symbols) if self.length_norm else total

    def bound(self, total: Tensor, frames: Tensor, symbols: Tensor) -> Tensor:
        """The best that prefixes [B, N] may still become; `frames` [B, 1] is also the most symbols."""
        left = tf.cast(frames - symbols, tf.float32)
        total += max(0.0, self.bonus) * left + max(0.0, self.coverage) * tf.cast(frames, tf.float32)
        if not self.length_norm:
            return total
        return tf.maximum(total / self._norm(frames), total / self._norm(symbols))

    def _norm(self, symbols: Tensor) -> Tensor:
        return ((6 + tf.cast(symbols, tf.float32)) / 6) ** self.length_norm


PLAIN = Ranking()


class _Texts(NamedTuple):
    """N texts a line; those whose objective is minus infinity are none."""

    ids: Tensor  # [B, N, t], padded
    objective: Tensor  # [B, N]
    log_probs: Tensor  # [B, N]
    ended: Tensor  # [B, N] bool


class _Prefixes(NamedTuple):
    """W prefixes a line; those whose log p is minus infinity are none."""

    last: Tensor  # [B, W] last symbol
    texts: Tensor  # [B, W, t]
    log_probs: Tensor  # [B, W]
    guided: Tensor  # [B, W] what the guide gave
    by_ctc: Any  # PrefixSums, or () without a CTC branch
    states: Tensor  # [B, W, G] the guide's
    looked: Tensor  # [B, W, T] attention in all, or [B, W, 0] where it does not count


def beam(
    decoder: Decoder, bounds: Tensor, width: int, best: int, ranking: Ranking = PLAIN
) -> Hypotheses:
    """Returns the K best texts that a beam finds, each of at most `bounds` [B] symbols.

    At the bound every prefix is finished, and has `ended` only where the end is its likeliest class.
    A line's search stops when none of its prefixes can beat its K texts. The text of greedy search is among
    those that are ranked, so that none is worse. A line of which the guide allows nothing that was found
    reads as empty, and not ended. A line reads the same in any batch.

    Args:
        decoder: steps N = B * width prefixes.
        bounds: [B] int32, also the frames of each line.
        width: prefixes of a line that are kept at every step.
        best: K, at most `width`.
        ranking: what counts beside log p.
    """
    end, pad = decoder.alphabet.end, decoder.alphabet.pad
    guide, ctc, classes = ranking.guide, ranking.ctc, decoder.alphabet.classes
    empty, looked = _first_step(decoder, bounds, ranking)
    batch, most, frames = tf.shape(bounds)[0], tf.reduce_max(bounds), bounds[:, None]

    def go_on(t: Tensor, prefixes: _Prefixes, *_: Any) -> Tensor:
        # One step beyond the bound may still put out the end.
        return (t <= most) & tf.reduce_any(prefixes.log_probs > MINUS_INFINITY)

    def body(t: Tensor, prefixes: _Prefixes, finished: _Texts, state: State) -> Loop:
        step, alignment, state = decoder.step(tf.reshape(prefixes.last, [-1]), state)
        likeliest = tf.argmax(step, axis=-1, output_type=tf.int32)
        step = tf.reshape(step, [batch, width, classes])
        log_probs = prefixes.log_probs[:, :, None] + step
        guided = tf.broadcast_to(prefixes.guided[:, :, None], tf.shape(step))
        if guide is not None:
            ends = guide.ends(prefixes.states)[:, :, None]
            guided += tf.concat([guide.gains(prefixes.states), ends], axis=2)
        ranked = log_probs + guided
        if ctc is not None:
            ends = ctc.whole(prefixes.by_ctc)[:, :, None]
            by_ctc = tf.concat([ctc.gains(prefixes.by_ctc), ends], axis=2)
            weight = ranking.ctc_weight
            ranked = (1 - weight) * log_probs + weight * by_ctc + guided
        seen = prefixes.looked
        if ranking.coverage:
            seen += tf.reshape(alignment, [batch, width, -1])
        covered = tf.reduce_sum(tf.cast(seen > COVERED, tf.float32), axis=2)

        at_bound = frames == t
        ending = _Texts(
            prefixes.texts,
            ranking.of(ranked[:, :, end], covered, t),
            log_probs[:, :, end],
            ~at_bound | (tf.reshape(likeliest, [batch, width]) == end),
        )
        finished = _best(finished, ending, best)

        ranks = tf.where(tf.range(classes) == end, MINUS_INFINITY, ranked)
        total, places = tf.math.top_k(tf.reshape(ranks, [batch, width * classes]), width)
        beaten = ranking.bound(total, frames, t + 1) <= finished.objective[:, -1:]
        parents, symbols = places // classes, places % classes

        def pick(values: Tensor) -> Tensor:
            return tf.gather(values, parents, batch_dims=1)

        def pick_at(values: Tensor) -> Tensor:
            return tf.gather(tf.reshape(values, [batch, width * classes]), places, batch_dims=1)

        gone = at_bound | beaten | (total == MINUS_INFINITY)
        states, grown_by = pick(prefixes.states), tf.where(gone, 0, symbols)
        after = _Prefixes(
            last=symbols,
            texts=tf.concat([pick(prefixes.texts), symbols[:, :, None]], axis=2),
            log_probs=tf.where(gone, MINUS_INFINITY, pick_at(log_probs)),
            guided=tf.where(gone, 0.0, pick_at(guided)),
            by_ctc=() if ctc is None else ctc.follow(prefixes.by_ctc, parents, grown_by),
            states=states if guide is None else guide.follow(states, grown_by),
            looked=pick(seen),
        )
        rows = tf.reshape(tf.range(batch)[:, None] * width + parents, [-1])
        state = tf.nest.map_structure(lambda x: tf.gather(x, rows), state)
        return t + 1, after, _longer(finished, tf.shape(finished.ids)[2] + 1, pad), state

    parts = guide.size if guide is not None else 0
    prefixes = _Prefixes(
        last=tf.fill([batch, width], decoder.alphabet.start),
        texts=tf.zeros([batch, width, 0], tf.int32),
        log_probs=tf.tile(tf.where(tf.range(width) == 0, 0.0, MINUS_INFINITY)[None], [batch, 1]),
        guided=tf.zeros([batch, width]),
        by_ctc=() if ctc is None else ctc.begin(width),
        states=tf.zeros([batch, width, parts], tf.int32),
        looked=tf.zeros([batch, width, looked]),
    )
    none = tf.fill([batch, best], MINUS_INFINITY)
    finished = _Texts(
        tf.zeros([batch, best, 0], tf.int32), none, none, tf.zeros([batch, best], tf.bool)
    )
    state = decoder.begin(width)
    row, column = tf.TensorShape([None, width]), tf.TensorShape([None, best])
    shapes = (
        tf.TensorShape([]),
        _Prefixes(
            row,
            row.concatenate([None]),
            row,
            row,
            state_shapes(prefixes.by_ctc),
            row.concatenate([parts]),
            row.concatenate([None]),
        ),
        _Texts(column.concatenate([None]), column, column, column),
        state_shapes(state),
    )
    _, _, finished, _ = tf.while_loop(go_on, body, (0, prefixes, finished, state), shapes)
    if not ranking.coverage and ctc is None:
        finished = _with(finished, _followed(decoder, bounds, ranking), best, pad)
    return _hypotheses(_or_empty(finished, empty, best, pad), pad)


def _first_step(decoder: Decoder, bounds: Tensor, ranking: Ranking) -> tuple[Tensor, Tensor]:
    """Returns log p of the empty text [B, 1], and the frames whose attention counts, 0 or T."""
    started = tf.fill(tf.shape(bounds), decoder.alphabet.start)
    step, alignment, _ = decoder.step(started, decoder.begin(1))
    frames = tf.shape(alignment)[1] if ranking.coverage else tf.constant(0)
    return step[:, decoder.alphabet.end :], frames


def _followed(decoder: Decoder, bounds: Tensor, ranking: Ranking) -> _Texts:
    """Ranks the text of greedy search (N = 1), without coverage and CTC, which are not known of it."""
    found = greedy(decoder, bounds)
    total = found.log_probs
    if ranking.guide is not None:
        total += ranking.guide.score(found.ids[:, 0], found.lengths[:, 0])[:, None]
    objective = ranking.of(total, tf.zeros_like(total), found.lengths)
    return _Texts(found.ids, objective, found.log_probs, found.ended)


def _longer(texts: _Texts, most: Tensor, pad: int) -> _Texts:
    """Pads ids to `most` symbols."""
    more = most - tf.shape(texts.ids)[2]
    return texts._replace(ids=tf.pad(texts.ids, [[0, 0], [0, 0], [0, more]], constant_values=pad))


def _with(finished: _Texts, followed: _Texts, count: int, pad: int) -> _Texts:
    """Adds each line's text of greedy search where it is new."""
    most = tf.maximum(tf.shape(finished.ids)[2], tf.shape(followed.ids)[2])
    finished, own = _longer(finished, most, pad), _longer(followed, most, pad)
    real = finished.objective > MINUS_INFINITY
    known = tf.reduce_any(tf.reduce_all(finished.ids == own.ids, axis=2) & real, axis=1)
    new = tf.where(known[:, None], MINUS_INFINITY, own.objective)
    return _best(finished, own._replace(objective=new), count)


def _or_empty(finished: _Texts, log_prob: Tensor, count: int, pad: int) -> _Texts:
    """Gives lines without any text the empty one, whose log p is known [B, 1]."""
    nothing = finished.objective[:, :1] == MINUS_INFINITY
    empty = _Texts(
        tf.fill(tf.shape(finished.ids[:, :1]), pad),
        tf.where(nothing, LAST, MINUS_INFINITY),
        log_prob,
        tf.zeros_like(nothing),
    )
    return _best(finished, empty, count)


def _best(one: _Texts, other: _Texts, count: int) -> _Texts:
    both = _Texts(*(tf.concat(pair, axis=1) for pair in zip(one, other)))
    _, chosen = tf.math.top_k(both.objective, count)
    return _Texts(*(tf.gather(values, chosen, batch_dims=1) for values in both))


def _hypotheses(texts: _Texts, pad: int) -> Hypotheses:
    valid = texts.objective > MINUS_INFINITY
    ids = tf.where(valid[:, :, None], texts.ids, pad)
    lengths = tf.reduce_sum(tf.cast(ids != pad, tf.int32), axis=2)
    return Hypotheses(
        ids=ids[:, :, : tf.reduce_max(lengths)],
        lengths=lengths,
        log_probs=tf.where(valid, texts.log_probs, MINUS_INFINITY),
        objective=texts.objective,
        ended=texts.ended & valid,
        valid=valid,
    )

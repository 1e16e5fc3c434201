"""Other CTC decoders with the same language model: pyctcdecode with KenLM, and flashlight-text.

Each is a class that a process of a pool makes once and that reads lines one by one, as they are used.
"""

from __future__ import annotations

import importlib.util
import logging
import math
import os
from typing import Any, NamedTuple

from ocr_tf.types import Array

UNPRUNED = 1e9
FIRST = 0x4E00  # the characters that stand for symbols: one each, and no space


class Settings(NamedTuple):
    """Tells all decoders the same."""

    symbols: int  # K, classes but the blank, which is the last
    arpa: str  # a model whose token of symbol k is `stand_in(k)`; empty: none
    width: int
    lm_weight: float
    prune: bool  # as the decoder does by itself


class Found(NamedTuple):
    """The text of a line."""

    ids: list[int]
    claimed: float  # its score, as the decoder says


def stand_in(symbol: int) -> str:
    """Returns the character that stands for a symbol in a rival's model and vocabulary."""
    return chr(FIRST + symbol)


class PyCTCDecode:
    """Searches with pyctcdecode: symbols are words to it, for it asks a model about words alone."""

    NAME, NEEDS, PRUNES = "pyctcdecode", ("pyctcdecode", "kenlm"), True

    def __init__(self, settings: Settings):
        import kenlm
        from pyctcdecode import Alphabet, BeamSearchDecoderCTC
        from pyctcdecode.language_model import LanguageModel

        names = [f"\u2581{stand_in(k)}" for k in range(settings.symbols)]
        model = None
        if settings.arpa:
            model = LanguageModel(
                kenlm.Model(settings.arpa),
                [stand_in(k) for k in range(settings.symbols)],
                alpha=settings.lm_weight,
                beta=0.0,
            )
        self._decoder = BeamSearchDecoderCTC(Alphabet([*names, ""], True), model)
        self._options: dict[str, Any] = {"beam_width": settings.width}
        if not settings.prune:
            self._options |= {"beam_prune_logp": -UNPRUNED, "token_min_logp": -UNPRUNED}

    def read(self, log_probs: Array) -> Found:
        """Searches a line [T, C], natural log."""
        best = self._decoder.decode_beams(log_probs, **self._options)[0]
        text, claimed = best[0], best[-1]
        return Found([ord(word) - FIRST for word in text.split()], float(claimed))


class Flashlight:
    """Searches with flashlight-text, without a lexicon."""

    NAME, NEEDS, PRUNES = "flashlight-text", ("flashlight",), False

    def __init__(self, settings: Settings):
        from flashlight.lib.text import decoder
        from flashlight.lib.text.decoder import ZeroLM
        from flashlight.lib.text.dictionary import Dictionary

        names = Dictionary()
        for k in range(settings.symbols):
            names.add_entry(stand_in(k))
        model = ZeroLM()
        if settings.arpa:
            from flashlight.lib.text.decoder.kenlm import KenLM

            model = KenLM(settings.arpa, names)
        self._blank = settings.symbols
        self._decoder = decoder.LexiconFreeDecoder(
            decoder.LexiconFreeDecoderOptions(
                beam_size=settings.width,
                beam_size_token=settings.symbols + 1,
                beam_threshold=UNPRUNED,
                lm_weight=settings.lm_weight * math.log(10),
                sil_score=0.0,
                log_add=True,
                criterion_type=decoder.CriterionType.CTC,
            ),
            model,
            -1,
            self._blank,
            [],
        )

    def read(self, log_probs: Array) -> Found:
        """Searches a line [T, C], natural log."""
        steps, classes = log_probs.shape
        best = self._decoder.decode(log_probs.ctypes.data, steps, classes)[0]
        tokens = [token for token in best.tokens if token >= 0]
        kept = [token for token, before in zip(tokens, [self._blank, *tokens]) if token != before]
        return Found([token for token in kept if token != self._blank], float(best.score))


RIVALS = (PyCTCDecode, Flashlight)


def installed(rival: Any) -> bool:
    """Tells if all that a rival needs is installed."""
    return all(importlib.util.find_spec(name) is not None for name in rival.NEEDS)


_reader: Any = None  # of a process of a pool


def begin(rival: Any, settings: Settings) -> None:
    """Makes a process' reader; what KenLM and pyctcdecode say meanwhile goes nowhere."""
    global _reader
    logging.disable(logging.WARNING)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    _reader = rival(settings)


def read_some(lines: list[Array]) -> list[Found]:
    """Searches some lines with a process' reader."""
    return [_reader.read(line) for line in lines]

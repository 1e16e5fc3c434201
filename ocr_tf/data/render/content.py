"""What lines say: words of a lexicon, pieces of a corpus, templates, numbers; TensorFlow-free.

A text is drawn on demand from random numbers of its own and may come again, as words do in print. What is
drawn for one split is never drawn for another: a hash of the text decides, whatever its case.
"""

from __future__ import annotations

import dataclasses
import re
import string
import unicodedata
from bisect import bisect_right
from typing import Protocol

import numpy as np

from ocr_tf.data.render.patterns import PATTERNS, Pattern, Text, pattern_of
from ocr_tf.data.render.splits import is_in
from ocr_tf.data.render.template import parse
from ocr_tf.errors import InputError
from ocr_tf.normalization import nfc
from ocr_tf.text_file import read_text_file

CASES = ("mixed", "keep", "lower", "upper", "title")
TRIES = 2000  # texts drawn before a split, or bounds of length, are taken to hold none
LONGEST_NUMBER = 6
MARKS_TRIED = 40  # so many in vain: the word stands alone
# What stands before, within and behind words on signs and in print; {} is the word.
MARKED = (
    *(5 * ("{}.",)), *(4 * ("{},",)), *(2 * ("{}!", "{}?", "{}:", "{}...", "{}'s", '"{}"', "({})")),
    *("{};", "{}-", "{}'", '{}"', "{})", "{}%", "{}*", "{}/", "${}", "#{}", "@{}", "&{}"),
    *("({}", '"{}', "'{}'", "-{}", "*{}", "+{}"),
)  # fmt: skip
JOINED = ("-", ".", "'", "&", "/")
JOINS = 0.2  # share of marks that stand within a word of several symbols


class Content(Protocol):
    """Texts to draw from."""

    symbols: frozenset[str]  # every symbol that may stand in a picture

    def draw(self, random: np.random.Generator) -> Text:
        """Draws a text of the split.

        Raises:
            InputError: none was found in many tries.
        """
        ...


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Which texts are wanted."""

    spec: str  # for messages
    split: str  # "train", "test" or "all"
    shortest: int = 1  # symbols
    longest: int = 25
    case: str = "keep"

    def hold(self, label: str) -> bool:
        """Whether a text belongs to the split and is of the length."""
        return self.shortest <= len(label) <= self.longest and is_in(label, self.split)

    def none(self, what: str) -> InputError:
        """The error that there is no such text."""
        return InputError(
            f"{self.spec}: {what} has no text of {self.shortest} to {self.longest} symbols in the split "
            f"{self.split}; widen length=, give more texts, or take split=all"
        )


def cased(text: str, case: str, random: np.random.Generator) -> str:
    """Writes a text in small letters, in capitals or with one capital; "mixed" draws which."""
    if case == "mixed":
        case = ("keep", "lower", "upper", "title")[int(random.random() * 4)]
    if case == "keep":
        return text
    changed = {"lower": text.lower, "upper": text.upper, "title": text.capitalize}[case]()
    return nfc(changed)


def _every_case(symbols: frozenset[str], case: str) -> frozenset[str]:
    if case == "keep":
        return symbols
    return symbols.union(*({*s.lower(), *s.upper()} for s in symbols))


class Lexicon:
    """Words, each as likely as any other.

    The split is of the word: with few words it may leave one side empty, which is an error that says so;
    `split=all` draws from all.
    """

    def __init__(self, path: str, bounds: Bounds):
        words = [
            nfc(line.strip()) for line in read_text_file(path, "lexicon", WAY_OUT).splitlines()
        ]
        if not any(words):
            raise InputError(f"{path}: holds no words; write one on each line")
        self._words = [word for word in words if word and bounds.hold(word)]
        if not self._words:
            raise bounds.none(path)
        self._bounds = bounds
        self.symbols = _every_case(frozenset().union(*self._words), bounds.case)

    def draw(self, random: np.random.Generator) -> Text:
        """See `Content.draw`."""
        word = self._words[int(random.random() * len(self._words))]
        text = cased(word, self._bounds.case, random)
        return Text(text, text)


WAY_OUT = "give a UTF-8 file"


class Corpus:
    """Pieces of running text that begin and end between words, or between characters that need no spaces.

    A line of the file belongs to one split as a whole, and so does each piece: pieces of two splits
    neither overlap nor are equal.
    """

    def __init__(self, path: str, bounds: Bounds):
        text = nfc(read_text_file(path, "corpus", WAY_OUT))
        lines = [" ".join(line.split()) for line in text.splitlines()]
        self._text = "\n".join(line for line in lines if line and is_in(line, bounds.split))
        if not any(lines):
            raise InputError(f"{path}: holds no text")
        if not self._text:
            raise bounds.none(path)
        self._path, self._bounds = path, bounds
        self._ends = [match.start() for match in re.finditer("\n", self._text)] + [len(self._text)]
        self.symbols = _every_case(frozenset(self._text) - {"\n"}, bounds.case)

    def draw(self, random: np.random.Generator) -> Text:
        """See `Content.draw`."""
        bounds, text = self._bounds, self._text
        for _ in range(TRIES):
            where, wanted = random.random(2)
            start = int(where * len(text))
            end = self._ends[bisect_right(self._ends, start - 1)]
            while start < end and not _breaks(text, start):
                start += 1
            stop = min(
                end, start + bounds.shortest + int(wanted * (bounds.longest + 1 - bounds.shortest))
            )
            while stop > start and stop < end and not _breaks(text, stop):
                stop -= 1
            piece = nfc(text[start:stop].strip())
            if bounds.hold(piece):
                drawn = cased(piece, bounds.case, random)
                return Text(drawn, drawn)
        raise bounds.none(self._path)


def _breaks(text: str, at: int) -> bool:
    """Whether a piece may begin or end before text[at]."""
    if at == 0 or at == len(text) or text[at - 1].isspace() or text[at].isspace():
        return True
    return (
        unicodedata.east_asian_width(text[at - 1]) == unicodedata.east_asian_width(text[at]) == "W"
    )


class Patterned:
    """Texts of a template or of a named pattern."""

    def __init__(self, template: str, bounds: Bounds):
        """`template` is a name in PATTERNS or as `ocr_tf.data.render.template` describes."""
        self._name, self._bounds = f"template={template}", bounds
        self._pattern = _pattern(template, bounds.spec)
        self.symbols = _every_case(self._pattern.alphabet, bounds.case)

    def draw(self, random: np.random.Generator) -> Text:
        """See `Content.draw`."""
        for _ in range(TRIES):
            text = self._pattern.draw(random)
            if self._bounds.hold(text.label):
                drawn = cased(text.drawn, self._bounds.case, random)
                return text if drawn == text.drawn else Text(drawn, drawn)
        raise self._bounds.none(self._name)


def _pattern(template: str, spec: str) -> Pattern:
    if template in PATTERNS:
        return PATTERNS[template]
    try:
        return pattern_of((parse(template),))
    except InputError as error:
        raise InputError(f"{spec}: {error}; named templates are {', '.join(PATTERNS)}") from None


class Syllables:
    """Strings that could be words: for where no lexicon is given.

    They are built of syllables in the way of English, so that letters have neighbors as in print. A
    lexicon of real words trains a better reader.
    """

    ONSETS = (
        "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p ph pl pr qu r s sc sh sl sp st str t th "
        "tr v w y z"
    )
    NUCLEI = "a a a ai au e e e ea ee i i i ie o o o oa oo ou u u y"
    CODAS = "   b ck ct d ft g ght l ll lt m mp n n nd ng nt p r r rd rk rm rn rst s s sh ss st t t th x"

    def __init__(self, bounds: Bounds):
        self._bounds = bounds
        self._parts = [part.split(" ") for part in (self.ONSETS, self.NUCLEI, self.CODAS)]
        self.symbols = _every_case(frozenset(string.ascii_lowercase), bounds.case)

    def draw(self, random: np.random.Generator) -> Text:
        """See `Content.draw`."""
        for _ in range(TRIES):
            syllables = (1, 1, 2, 2, 2, 3, 3, 4)[int(random.random() * 8)]
            draws = random.random((syllables, 3)).tolist()
            word = "".join(
                parts[int(draw * len(parts))]
                for syllable in draws
                for parts, draw in zip(self._parts, syllable)
            )
            if self._bounds.hold(word):
                text = cased(word, self._bounds.case, random)
                return Text(text, text)
        raise self._bounds.none("the built-in syllables")


class Punctuated:
    """Words, a share of them with marks before, within or behind them."""

    def __init__(self, words: Content, share: float, bounds: Bounds):
        self._words, self._share, self._bounds = words, share, bounds
        marks = "".join((*MARKED, *JOINED)).replace("{}", "")
        self.symbols = words.symbols | frozenset(marks)

    def draw(self, random: np.random.Generator) -> Text:
        """See `Content.draw`."""
        word = self._words.draw(random).drawn
        if random.random() < self._share:
            # A word with marks is another text: it has to be of the split, too.
            for where, which in random.random((MARKS_TRIED, 2)).tolist():
                text = _marked(word, where, which)
                if self._bounds.hold(text):
                    return Text(text, text)
        return Text(word, word)


def _marked(word: str, where: float, which: float) -> str:
    if where < JOINS and len(word) > 1:
        at = 1 + int(where / JOINS * (len(word) - 1))
        return word[:at] + JOINED[int(which * len(JOINED))] + word[at:]
    return MARKED[int(which * len(MARKED))].format(word)


class Hanzi:
    """Strings of the 3755 characters of GB 2312's first level, which ordinary Chinese is written in."""

    def __init__(self, bounds: Bounds):
        rows = bytes(
            code
            for row in range(0xB0, 0xD8)
            for column in range(0xA1, 0xFF)
            for code in (row, column)
        )
        # The last row is not full.
        self._characters = rows.decode("gb2312", "ignore")[:3755]
        self._bounds = bounds
        self.symbols = frozenset(self._characters)

    def draw(self, random: np.random.Generator) -> Text:
        """See `Content.draw`."""
        bounds = self._bounds
        for _ in range(TRIES):
            length = int(random.integers(bounds.shortest, bounds.longest + 1))
            draws = random.random(length) * len(self._characters)
            text = "".join(self._characters[int(draw)] for draw in draws)
            if bounds.hold(text):
                return Text(text, text)
        raise bounds.none("the built-in characters")


class Numbers:
    """Another content, and for a share of the lines whole numbers instead."""

    def __init__(self, other: Content, share: float, bounds: Bounds):
        self._other, self._share, self._bounds = other, share, bounds
        self.symbols = other.symbols | frozenset(string.digits)

    def draw(self, random: np.random.Generator) -> Text:
        """See `Content.draw`."""
        if random.random() >= self._share:
            return self._other.draw(random)
        bounds = self._bounds
        most = min(LONGEST_NUMBER, bounds.longest)
        for _ in range(TRIES):
            length = int(random.integers(min(bounds.shortest, most), most + 1))
            text = "".join(map(str, random.integers(0, 10, length).tolist()))
            if bounds.hold(text):
                return Text(text, text)
        raise bounds.none("numbers")

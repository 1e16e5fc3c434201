"""Speech as lines: recordings, or strings of digits that a synthesizer says; TensorFlow-free.

    spoken:FOLDER/labels.tsv
    spoken:digits?count=4000&length=1-6&split=train&seed=0

The first is a labels file as `tsv` has it, which lists WAV files in the place of images. The second speaks
by espeak-ng: line i is a function of seed, split, length and i, and of the program's version, which is in
the name and in the ids. A hash decides for every string and for every speaker whether they are for
training or for testing, so that the splits share neither. Accents, speeds and pitches are in both.

The image of a line is that of its cepstral coefficients, 13 rows by a column for each 10 ms; see
`ocr_tf.data.speech.mfcc`.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np

from ocr_tf.data.image_file import read_regular_file
from ocr_tf.data.png import encode_png
from ocr_tf.data.render.splits import SPLITS, generator, is_in
from ocr_tf.data.source import Facts, ImageFiles, MadeLines, Sample, Source
from ocr_tf.data.sources.tsv import open_tsv
from ocr_tf.data.spec import one_of, split_options, whole_number
from ocr_tf.data.speech import espeak
from ocr_tf.data.speech.mfcc import COEFFICIENTS, gray, mfcc
from ocr_tf.data.speech.wav_file import decode_wav
from ocr_tf.errors import InputError

OPTIONS = {"count": "2000", "seed": "0", "split": "train", "length": "1-6"}
MAX_COUNT, LONGEST = 1_000_000, 20
SPEEDS, PITCHES = (130, 210), (20, 80)  # words a minute; of espeak-ng's 0 to 99
FRAMES = 30  # of a digit at 175 words a minute, on the average
VERSION = 1  # to be raised whenever the same sound gives another image
_SAID = 32  # the random stream of a line; those of drawn lines are below


def open_spoken(rest: str) -> Source:
    """Opens `digits?key=value&key=value` or a labels file of recordings, what stands behind `spoken:`.

    Raises:
        InputError: an unknown option, a value out of its range, no synthesizer or one without the
            voices; or what `open_tsv` raises.
    """
    if rest.partition("?")[0] != "digits":
        return open_tsv(rest, "spoken", Recordings)
    spec = f"spoken:{rest}"
    _, values = split_options("spoken", rest, OPTIONS)
    count = whole_number(spec, "count", values["count"], 1, MAX_COUNT)
    seed = whole_number(spec, "seed", values["seed"], 0, 2**31 - 1)
    split = one_of(spec, "split", values["split"], SPLITS)
    low, _, high = values["length"].partition("-")
    shortest = whole_number(spec, "length", low, 1, LONGEST)
    longest = whole_number(spec, "length", high or low, shortest, LONGEST)
    try:
        return SpokenDigits(count, seed, split, shortest, longest)
    except InputError as error:
        raise InputError(f"{spec}: {error}") from None


def image_of(wav: bytes) -> bytes:
    """Makes the PNG of an utterance's cepstral coefficients.

    Raises:
        InputError: as `decode_wav`.
    """
    return encode_png(gray(mfcc(decode_wav(wav))), compress_level=1)


class Recordings(ImageFiles):
    """WAV files below a folder, listed in a labels file."""

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        try:
            return image_of(read_regular_file(self.path(i)))
        except InputError as error:
            raise InputError(f"{self.place(i)}: {self.path(i)}: {error}") from None

    def stamp(self, i: int) -> Optional[str]:
        """See `Source.stamp`; the image also depends on how it is made."""
        stamp = super().stamp(i)
        return None if stamp is None else f"{stamp}\tmfcc {VERSION}"


class Utterance(NamedTuple):
    """What is said, and how."""

    digits: str
    accent: str
    speaker: str
    speed: int
    pitch: int


class SpokenDigits(MadeLines):
    """Strings of digits, spoken when they are asked for."""

    def __init__(self, count: int, seed: int, split: str, shortest: int, longest: int):
        """Makes the source.

        Args:
            count: of the lines.
            seed: other lines.
            split: of strings and speakers.
            shortest: digits of a line at least.
            longest: digits of a line at most.

        Raises:
            InputError: espeak-ng is missing, or one of its voices.
        """
        length = f"{shortest}-{longest}"
        name = f"spoken:digits?count={count}&seed={seed}&split={split}&length={length}"
        prefix = f"spoken/digits-{espeak.version()}-{VERSION}-{seed}-{split}-{length}"
        super().__init__(name, prefix, count)
        self._seed, self._split = seed, split
        self._shortest, self._longest = shortest, longest
        self._speakers = [name for name in espeak.SPEAKERS if is_in(name, split)]

    def utterance(self, i: int) -> Utterance:
        """Draws what line i says, and how."""
        random = generator(self._seed, i, _SAID)
        digits = ""
        while not digits or not is_in(digits, self._split):
            length = random.integers(self._shortest, self._longest + 1)
            digits = "".join(map(str, random.integers(10, size=length)))
        accent = espeak.ACCENTS[random.integers(len(espeak.ACCENTS))]
        speaker = self._speakers[random.integers(len(self._speakers))]
        speed, pitch = (int(random.integers(low, high + 1)) for low, high in (SPEEDS, PITCHES))
        return Utterance(digits, accent, speaker, speed, pitch)

    def sample(self, i: int) -> Sample:
        """See `Source.sample`."""
        return Sample(self.line_id(i), self.utterance(i).digits, self.origin(i))

    def sound(self, i: int) -> bytes:
        """Speaks line i: a WAV file.

        Raises:
            InputError: the synthesizer failed.
        """
        said = self.utterance(i)
        try:
            return espeak.speak(
                " ".join(said.digits), said.accent, said.speaker, said.speed, said.pitch
            )
        except InputError as error:
            raise InputError(f"{self.origin(i)}: {error}") from None

    def read(self, i: int) -> bytes:
        """See `Source.read`."""
        return image_of(self.sound(i))

    def facts(self) -> Facts:
        """See `Source.facts`: nothing is spoken for them, so that widths are estimates."""
        said = map(self.utterance, range(len(self)))
        widths = np.array([round(FRAMES * len(one.digits) * 175 / one.speed) for one in said])
        return self.facts_of(np.full(len(self), COEFFICIENTS), widths, exact=False)

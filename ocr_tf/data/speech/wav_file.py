"""Reads WAV files as one channel at 16 kHz; TensorFlow-free."""

from __future__ import annotations

import io
import math
import wave

import numpy as np

from ocr_tf.data.speech.mfcc import RATE, WINDOW
from ocr_tf.errors import InputError
from ocr_tf.types import Array

SLOWEST, FASTEST = 4_000, 192_000  # samples a second that are taken
CONVERT = "convert it: ffmpeg -i FILE -ac 1 -c:a pcm_s16le NEW.wav"


def decode_wav(encoded: bytes) -> Array:
    """Decodes a WAV file of PCM samples of 8, 16, 24 or 32 bits.

    Channels are averaged. Another rate than 16 kHz is converted by polyphase filtering. The number of
    samples is what is there: programs that write into a pipe cannot know it in the header.

    Args:
        encoded: the content of the file.

    Returns:
        [N] float64 in [-1, 1], or little beyond after a conversion; N >= 400.

    Raises:
        InputError: it is no such file, or shorter than 25 ms; the message lacks the path, which the
            caller knows.
    """
    if not encoded:
        raise InputError("zero bytes")
    try:
        with wave.open(io.BytesIO(encoded)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:
        if encoded[:4] == b"RIFF" and encoded[8:12] == b"WAVE":
            raise InputError(
                f"WAV of another kind than PCM, or truncated ({error}); {CONVERT}"
            ) from None
        raise InputError(f"not a WAV file; {CONVERT}") from None
    if not SLOWEST <= rate <= FASTEST:
        raise InputError(f"{rate} samples a second, not {SLOWEST} to {FASTEST}; {CONVERT}")
    if width not in (1, 2, 3, 4):
        raise InputError(f"WAV of {8 * width} bits, not 8 to 32; {CONVERT}")
    whole = len(data) // (channels * width) * channels * width
    sound = _samples(data[:whole], width).reshape(-1, channels).mean(axis=1)
    if rate != RATE and len(sound):
        import scipy.signal

        common = math.gcd(rate, RATE)
        sound = scipy.signal.resample_poly(sound, RATE // common, rate // common)
    if len(sound) < WINDOW:
        raise InputError(f"{1000 * len(sound) / RATE:.0f} ms of sound; at least 25 are needed")
    return sound


def _samples(data: bytes, width: int) -> Array:
    """Brings little-endian PCM of `width` bytes a sample to [N] float64 in [-1, 1)."""
    if width == 1:
        return np.frombuffer(data, np.uint8) / 128.0 - 1.0
    padded = np.zeros([len(data) // width, 4], np.uint8)  # the high bytes of 32 bits
    padded[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
    return padded.view("<i4")[:, 0] / 2.0**31

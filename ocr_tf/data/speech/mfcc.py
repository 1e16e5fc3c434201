"""Mel-frequency cepstral coefficients, and the gray image of them; TensorFlow-free.

Davis and Mermelstein 1980, Comparison of Parametric Representations for Monosyllabic Word Recognition in
Continuously Spoken Sentences: the power spectrum of short windows is summed under triangles that are
equally wide in mel, and the cosine transform of the logarithms is cut off behind the first coefficients.
"""

from __future__ import annotations

import functools
from typing import Union

import numpy as np

from ocr_tf.types import Array

RATE = 16_000  # samples a second
WINDOW, HOP = 400, 160  # samples: 25 and 10 ms
SPECTRUM = 512  # length of the Fourier transform
EMPHASIS = 0.97
BANDS = 26
COEFFICIENTS = 13
FLOOR = 1e-6  # of the loudest band of an utterance: what is 60 dB below counts as that
MIDDLE, DEVIATION = 128, 32  # gray of a coefficient's mean, and of one standard deviation


def mfcc(sound: Array) -> Array:
    """Computes the cepstral coefficients of an utterance.

    The signal is pre-emphasized (x[t] - 0.97 x[t - 1]), windowed (Hamming, 25 ms every 10 ms) and
    transformed; the powers are summed under 26 mel triangles up to 8 kHz. Coefficients are those of the
    orthonormal DCT-II of the natural logarithms.

    Args:
        sound: [N] samples at 16 kHz, any scale, N >= 400.

    Returns:
        [T, 13] float64, T = 1 + (N - 400) // 160. Silence is 0 but for the first coefficient.
    """
    import scipy.fft

    emphasized = np.append(sound[:1], sound[1:] - EMPHASIS * sound[:-1]).astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(emphasized, WINDOW)[::HOP]
    spectrum = scipy.fft.rfft(frames * np.hamming(WINDOW), SPECTRUM)  # [T, 257]
    energies = np.abs(spectrum) ** 2 @ triangles().T
    loudest = energies.max()
    logarithms = np.log(np.maximum(energies, FLOOR * loudest if loudest > 0 else 1.0))
    cepstrum: Array = scipy.fft.dct(logarithms, type=2, norm="ortho")[:, :COEFFICIENTS]
    return cepstrum


@functools.cache
def triangles() -> Array:
    """Returns the weights of each band's frequencies, [26, 257]; neighbors cross at one half in mel.

    The corners of the triangles are equally far apart in mel, 2595 log10(1 + f / 700), from 0 to 8 kHz.
    """
    corners = np.linspace(0, mel(RATE / 2), BANDS + 2)
    left, top, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    places = mel(np.fft.rfftfreq(SPECTRUM, 1 / RATE))
    rising, falling = (places - left) / (top - left), (right - places) / (right - top)
    return np.maximum(0, np.minimum(rising, falling))


def mel(frequency: Union[Array, float]) -> Array:
    """Returns frequencies in Hz on the mel scale."""
    return 2595 * np.log10(1 + np.asarray(frequency) / 700)


def gray(features: Array) -> Array:
    """Draws features [T, n] as gray [n, T] uint8, the first coefficient in the uppermost row.

    Each coefficient is brought to mean 128 and a deviation of 32 grays over the utterance, which takes
    out loudness and what a microphone adds (cepstral mean and variance normalization, Viikki and Laurila
    1998); beyond four deviations it is cut off.
    """
    centered = features - features.mean(axis=0)
    deviations = centered.std(axis=0)
    scaled = DEVIATION * centered / np.where(deviations > 1e-9, deviations, 1.0)
    return np.clip(np.rint(MIDDLE + scaled.T), 0, 255).astype(np.uint8)

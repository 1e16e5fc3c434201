"""Recordings, and digits that espeak-ng says; these tests skip where it is not installed."""

from __future__ import annotations

import io
import math
import shutil
import struct
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ocr_tf.data.dataset import open_source
from ocr_tf.data.sources import spoken
from ocr_tf.data.speech import espeak, mfcc
from ocr_tf.data.speech.wav_file import decode_wav
from ocr_tf.errors import InputError

from .formats import message, pixels, put

speaks = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def tone(rate: int = 16_000, seconds: float = 0.4) -> np.ndarray:
    """Two tones, one behind the other, as [N] in -1 to 1."""
    time = np.arange(round(rate * seconds)) / rate
    frequency = np.where(time < seconds / 2, 440.0, 1760.0)
    return 0.5 * np.sin(2 * np.pi * frequency * time)


def wav(sound: np.ndarray, rate: int = 16_000, width: int = 2) -> bytes:
    """Encodes [N] or [N, channels] in -1 to 1 as PCM."""
    channels = 1 if sound.ndim == 1 else sound.shape[1]
    largest = 2 ** (8 * width - 1)
    whole = np.clip(np.rint(sound * largest), -largest, largest - 1).astype("<i8").reshape(-1)
    if width == 1:
        data = (whole + 128).astype(np.uint8).tobytes()
    else:
        data = whole.view(np.uint8).reshape(-1, 8)[:, :width].tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, rate, 0, "NONE", ""))
        writer.writeframes(data)
    return file.getvalue()


def slow_mfcc(sound: np.ndarray) -> np.ndarray:
    """The definition, sum by sum."""
    emphasized = [sound[0], *(sound[t] - 0.97 * sound[t - 1] for t in range(1, len(sound)))]
    time, bins = np.arange(400), np.arange(257)
    window = 0.54 - 0.46 * np.cos(2 * math.pi * time / 399)
    waves = np.exp(-2j * math.pi * np.outer(bins, time) / 512)
    corners = [
        700 * (10 ** (2595 * math.log10(1 + 8000 / 700) * k / 27 / 2595) - 1) for k in range(28)
    ]

    def as_mel(frequency):
        return 2595 * math.log10(1 + frequency / 700)

    frames = []
    for start in range(0, len(sound) - 399, 160):
        power = np.abs(waves @ (window * emphasized[start : start + 400])) ** 2
        bands = []
        for left, top, right in zip(corners, corners[1:], corners[2:]):
            total = 0.0
            for k in range(257):
                frequency = k * 16_000 / 512
                if left < frequency <= top:
                    part = (as_mel(frequency) - as_mel(left)) / (as_mel(top) - as_mel(left))
                elif top < frequency < right:
                    part = (as_mel(right) - as_mel(frequency)) / (as_mel(right) - as_mel(top))
                else:
                    part = 0.0
                total += part * power[k]
            bands.append(total)
        frames.append(bands)
    loudest = max(map(max, frames))
    cepstra = []
    for bands in frames:
        logs = [math.log(max(band, 1e-6 * loudest)) for band in bands]
        row = []
        for n in range(13):
            total = sum(x * math.cos(math.pi * n * (k + 0.5) / 26) for k, x in enumerate(logs))
            row.append(total * math.sqrt((1 if n == 0 else 2) / 26))
        cepstra.append(row)
    return np.array(cepstra)


def test_cepstra_are_those_of_the_definition():
    random = np.random.default_rng(0)
    sound = random.standard_normal(400 + 160 * 4 + 90) * np.linspace(0, 1, 1130)
    found = mfcc.mfcc(sound)
    assert found.shape == (5, 13)
    np.testing.assert_allclose(found, slow_mfcc(sound), rtol=1e-9, atol=1e-9)


def test_the_image_does_not_depend_on_loudness_and_silence_is_gray():
    sound = tone()
    image = mfcc.gray(mfcc.mfcc(sound))
    np.testing.assert_array_equal(mfcc.gray(mfcc.mfcc(1e-3 * sound)), image)
    assert image.shape == (13, 1 + (6400 - 400) // 160) and image.dtype == np.uint8
    np.testing.assert_allclose(image.mean(axis=1), 128, atol=1)
    assert (mfcc.gray(mfcc.mfcc(np.zeros(2000))) == 128).all()
    assert mfcc.mfcc(sound[:400]).shape == (1, 13)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_width_of_samples_gives_the_same_sound(width):
    found = decode_wav(wav(tone(), width=width))
    np.testing.assert_allclose(found, tone(), atol=2.0 ** (1 - 8 * width))


def test_channels_are_averaged():
    left, right = tone(), 0.25 * np.ones(6400)
    found = decode_wav(wav(np.stack([left, right], axis=1)))
    np.testing.assert_allclose(found, (left + right) / 2, atol=1e-4)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_other_rates_are_brought_to_16_khz(rate):
    found = decode_wav(wav(tone(rate), rate))
    assert abs(len(found) - 6400) <= 1
    inner = np.r_[400:2800, 3600:6000]  # away from the ends of the tones, where filters ring
    np.testing.assert_allclose(found[inner], tone()[inner], atol=0.01)


def test_a_header_that_knows_no_length_is_taken():
    """As of a file that was written into a pipe."""
    whole = wav(tone())
    piped = whole[:40] + struct.pack("<I", 0x7FFFF000) + whole[44:]
    np.testing.assert_array_equal(decode_wav(piped), decode_wav(whole))


def floats() -> bytes:
    return wav(tone())[:20] + struct.pack("<H", 3) + wav(tone())[22:]


@pytest.mark.parametrize(
    "encoded, words",
    [
        (b"", "zero bytes"),
        (b"ID3\x04 an MP3", "not a WAV file; convert it: ffmpeg"),
        (floats(), "of another kind than PCM.*convert it: ffmpeg"),
        (wav(tone())[:30], "truncated"),
        (wav(tone(seconds=0.02)), "20 ms of sound; at least 25"),
        (wav(np.zeros(0)), "0 ms of sound"),
        (wav(tone(1_000), 1_000), "1000 samples a second"),
    ],
)
def test_what_is_no_sound_is_said_with_its_place(encoded, words, tmp_path):
    put(tmp_path / "a.wav", encoded)
    put(tmp_path / "labels.tsv", "a.wav\t1\n")
    source = open_source(f"spoken:{tmp_path}/labels.tsv")
    with pytest.raises(InputError, match=words) as caught:
        source.read(0)
    assert str(caught.value).startswith(f"{tmp_path}/labels.tsv:1: {tmp_path}/a.wav: ")
    assert "\n" not in str(caught.value)


def test_recordings_are_listed_as_images_are(tmp_path):
    for name in ("a", "b"):
        put(tmp_path / "set" / f"{name}.wav", wav(tone(seconds=0.3 if name == "a" else 0.5)))
    put(tmp_path / "set" / "labels.tsv", "a.wav\t12\ttrain\nb.wav\t3\ttest\n")
    source = open_source(f"spoken:{tmp_path}/set?split=test")
    assert [(s.id, s.text) for s in source.samples] == [("set/b.wav", "3")]
    image = pixels(source.read(0))
    np.testing.assert_array_equal(image, mfcc.gray(mfcc.mfcc(decode_wav(wav(tone(seconds=0.5))))))
    assert source.stamp(0) != open_source(f"tsv:{tmp_path}/set?split=test").stamp(0)
    Path(tmp_path / "set" / "b.wav").unlink()
    assert source.stamp(0) is None
    assert "b.wav: No such file" in message(source.read, 0)
    assert "spoken:FILE?split=" in message(open_source, f"spoken:{tmp_path}/set")


@speaks
def test_line_i_is_a_function_of_the_options_and_i():
    few, many = (open_source(f"spoken:digits?count={n}&seed=3") for n in (5, 40))
    assert list(many.samples)[:5] == [
        sample._replace(place=sample.place.replace("count=5&", "count=40&"))
        for sample in few.samples
    ]
    alone = [many.read(i) for i in range(5)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(few.read, [4, 3, 2, 1, 0] * 2)) == alone[::-1] * 2
    other = open_source("spoken:digits?count=5&seed=4")
    assert list(other.texts) != list(few.texts) and not {*other.ids} & {*few.ids}


@speaks
def test_splits_share_no_string_and_no_speaker():
    train, test = (
        [source.utterance(i) for i in range(len(source))]
        for source in (
            spoken.open_spoken(f"digits?count=3000&split={split}&seed={seed}")
            for split, seed in [("train", 0), ("test", 1)]
        )
    )
    for part in ("digits", "speaker"):
        assert not {getattr(u, part) for u in train} & {getattr(u, part) for u in test}
    assert {u.speaker for u in train} | {u.speaker for u in test} == {*espeak.SPEAKERS}
    assert {u.accent for u in train} == {u.accent for u in test} == {*espeak.ACCENTS}
    assert {len(u.digits) for u in train} == set(range(1, 7))


@speaks
def test_images_are_of_the_voice_and_about_as_wide_as_the_facts_say():
    source = spoken.open_spoken("digits?count=24&length=4")
    images = [pixels(source.read(i)) for i in range(len(source))]
    facts = source.facts()
    assert not facts.exact and len({image.tobytes() for image in images}) == 24
    assert all(image.shape[0] == height for image, height in zip(images, facts.heights))
    ratios = np.array([image.shape[1] for image in images]) / facts.widths
    assert 0.9 < ratios.mean() < 1.1 and ratios.max() < 1.6
    said = source.utterance(0)
    other = next(name for name in espeak.SPEAKERS if name != said.speaker)
    sounds = [espeak.speak("1 2", said.accent, name, 170, 50) for name in (said.speaker, other)]
    assert sounds[0] != sounds[1]


@speaks
@pytest.mark.parametrize(
    "spec, words",
    [
        ("digits?cuont=3", "did you mean count"),
        ("digits?count=0", "whole number"),
        ("digits?split=val", "train or test"),
        ("digits?length=6-1", "whole number from 6"),
        ("digits?length=0-3", "whole number from 1"),
        ("nowhere", "cannot read the labels"),
    ],
)
def test_bad_specs_say_what_there_is(spec, words):
    assert words in message(open_source, f"spoken:{spec}")


@pytest.fixture
def anew():
    """The program is looked for once in a process."""
    espeak.version.cache_clear()
    yield
    espeak.version.cache_clear()


def test_without_the_synthesizer_there_is_a_way_out(anew, monkeypatch):
    monkeypatch.setenv("PATH", "")
    said = message(open_source, "spoken:digits")
    assert "espeak-ng is not installed" in said and "apt install" in said and "FOLDER" in said


def test_a_synthesizer_without_the_voices_or_that_fails_is_refused(anew, tmp_path, monkeypatch):
    program = put(tmp_path / "espeak-ng", "#!/bin/sh\necho 'Pty Language Age Name File'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert "has no voice en-us, en-us-nyc" in message(open_source, "spoken:digits?count=3")
    put(program, "#!/bin/sh\necho broken pipe >&2; exit 1\n")
    assert "broken pipe" in message(open_source, "spoken:digits?count=3")

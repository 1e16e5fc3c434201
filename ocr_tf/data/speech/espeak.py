"""Speaks text by espeak-ng, a formant synthesizer: the same arguments give the same bytes; TensorFlow-free.

Speakers are espeak-ng's voice variants, which differ in formants, pitch and the source of the voice;
those that whisper, croak or play a robot, and copies of others, are left out.
"""

from __future__ import annotations

import functools
import shutil
import subprocess

from ocr_tf.errors import InputError

PROGRAM = "espeak-ng"
SECONDS = 30  # that the program is given: it takes some hundredths of one
ACCENTS = (
    *("en-us", "en-us-nyc", "en-gb", "en-gb-x-rp", "en-gb-scotland"),
    *("en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"),
)
SPEAKERS = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5"),
    *("Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Henrique", "Hugo"),
    *("Jacky", "Lee", "Marco", "Mario", "Michael", "Mike", "adam", "anika", "antonio", "aunty"),
    *("belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma", "grandpa"),
    *("gustave", "iven", "john", "kaukovalta", "linda", "marcelo", "max", "michel", "miguel"),
    *("norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby"),
    *("steph", "travis", "victor", "zac"),
)


def speak(text: str, accent: str, speaker: str, speed: int, pitch: int) -> bytes:
    """Speaks a text: a WAV file of 16 bits, one channel, 22,050 samples a second.

    Args:
        text: what to say; digits apart by spaces are said one by one.
        accent: one of ACCENTS.
        speaker: one of SPEAKERS.
        speed: words a minute.
        pitch: 0 to 99.

    Raises:
        InputError: the program failed.
    """
    voice = f"{accent}+{speaker}"
    options = ["-v", voice, "-s", str(speed), "-p", str(pitch), "-z", "--stdout"]
    return _run([*options, text])


@functools.cache
def version() -> str:
    """Returns the version of the program, as "1.51", after a check that it has every voice.

    Where a voice is missing it would take another one, and say nothing.

    Raises:
        InputError: the program is not installed, or lacks a voice.
    """
    if shutil.which(PROGRAM) is None:
        raise InputError(
            f"{PROGRAM} is not installed; `apt install espeak-ng`, or give recordings as "
            "spoken:FOLDER/labels.tsv"
        )
    known = _names(_run(["--voices=en"]), 1) | _names(_run(["--voices=variant"]), 4)
    missing = [name for name in (*ACCENTS, *SPEAKERS) if name.lower() not in known]
    if missing:
        raise InputError(
            f"this {PROGRAM} has no voice {', '.join(missing[:3])}"
            f"{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}; "
            "install version 1.51 with all of its voices"
        )
    words = _run(["--version"]).decode("utf-8", "replace").split()
    return next((word for word in words if word[0].isdigit()), "unknown")


def _names(listing: bytes, column: int) -> set[str]:
    """Takes the last parts of the names in a column of a table of voices."""
    rows = [line.split() for line in listing.decode("utf-8", "replace").splitlines()[1:]]
    return {row[column].rpartition("/")[2].lower() for row in rows if len(row) > column}


def _run(arguments: list[str]) -> bytes:
    try:
        done = subprocess.run(
            [PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{PROGRAM} {' '.join(arguments)}: {error}") from None
    if done.returncode or not done.stdout:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise InputError(f"{PROGRAM} {' '.join(arguments)}: {said or 'said nothing'}")
    return done.stdout

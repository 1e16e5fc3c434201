"""PRESETS: the bounds within which a line's looks are drawn; TensorFlow-free.

A chance is the share of lines that have something; a range is (least, greatest) of a uniform draw. Lengths
are in ems where glyphs are meant and in heights of the image otherwise; grays go from 0 to 255.
"""

from __future__ import annotations

import dataclasses
from typing import Any

Range = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Ink:
    """How glyphs are drawn and set."""

    written: float = 0.0  # chance of pen strokes instead of type
    fonts: tuple[
        str, ...
    ] = ()  # words in the names of fonts that are preferred, where there are any
    pen: Range = (0.06, 0.16)  # width of a stroke, heights of a digit
    unsteady: Range = (0.015, 0.05)  # deviation of a stroke's points, heights of a digit
    spaced: float = 0.5  # chance of letters set apart or together by
    spacing: Range = (-0.06, 0.26)  # ems, more often little than much
    weight: float = 0.2  # chance of strokes made thicker or thinner by a pixel
    jittered: float = 0.08  # chance of glyphs that stand each for itself, with deviations of
    jitter_shift: float = 0.04  # ems
    jitter_turn: float = 0.06  # radians
    underlined: float = 0.03  # chance


@dataclasses.dataclass(frozen=True)
class Layers:
    """What lies about and under the ink."""

    border: float = 0.15  # chance of an edge in a color of its own
    border_width: Range = (0.02, 0.07)  # ems
    hollow: float = 0.3  # chance that a border has the ground's color within
    shadow: float = 0.2  # chance
    shadow_shift: Range = (0.03, 0.14)  # ems
    shadow_blur: Range = (0.0, 0.05)  # ems
    embossed: float = 0.0  # chance of relief: light and dark flanks


@dataclasses.dataclass(frozen=True)
class Geometry:
    """Where the ink goes: one projective map, after the line is bent."""

    filled: Range = (0.62, 1.06)  # of the height, by the ink's bounding box
    sides: Range = (0.0, 0.30)  # heights, left and right
    stretch: Range = (0.66, 1.24)  # of the width
    turned: float = 0.35  # chance of a turn of
    turn: float = 0.14  # radians, deviation; others turn by a fourth of that
    shear: float = 0.14  # columns a row, deviation
    perspective: Range = (0.0, 0.16)  # heights that each corner moves at most
    bent: float = 0.18  # chance of an arc or a wave of
    bend: Range = (0.08, 0.40)  # heights of the ink


@dataclasses.dataclass(frozen=True)
class Ground:
    """Colors, and what the ink lies on."""

    kind: str = "scene"  # "scene", "paper" or "card"
    contrast: Range = (22.0, 230.0)  # grays between ink and ground
    texture: Range = (0.0, 60.0)  # grays, more often little than much
    ink_texture: float = 0.25  # chance of texture in the ink as well
    parts: float = 0.3  # chance of edges, bars and patches of other colors
    neighbors: float = 0.16  # chance of pieces of other text about the line
    lit: float = 0.3  # chance of uneven light
    light: Range = (0.1, 0.6)  # of the gray, from end to end
    # Strength of a card's print. Not in the repr, which enters the digest of a set: the difficulty does.
    art: float = dataclasses.field(default=1.0, repr=False)


@dataclasses.dataclass(frozen=True)
class Damage:
    """What a camera and a codec do."""

    coarse: float = 0.3  # chance of fewer pixels, and enlarging:
    pixels: Range = (0.38, 0.9)  # of the rows
    blurred: float = 0.4  # chance
    blur: Range = (0.01, 0.04)  # deviation, heights
    moved: float = 0.1  # chance of a camera that moved by
    motion: Range = (0.04, 0.11)  # heights
    sharpened: float = 0.15  # chance of bright and dark seams
    noise: Range = (0.0, 14.0)  # grays, deviation; more often little than much
    quality: Range = (25.0, 95.0)  # of JPEG


@dataclasses.dataclass(frozen=True)
class Style:
    """All bounds of a preset."""

    height: int  # pixels
    ink: Ink = Ink()
    layers: Layers = Layers()
    geometry: Geometry = Geometry()
    ground: Ground = Ground()
    damage: Damage = Damage()


PRESETS: dict[str, Style] = {
    # Words cut from photographs and signs, as MJSynth draws them: Jaderberg et al. 2014, section 2.
    "words": Style(32),
    "bankcard": Style(
        48,
        Ink(
            written=0.3,
            fonts=("OCR", "mono", "courier", "typewriter", "cmtt", "roadgeek", "DIN"),
            pen=(0.09, 0.15),
            unsteady=(0.0, 0.004),
            spaced=0.9,
            spacing=(0.0, 0.22),
            jittered=0.0,
            underlined=0.0,
        ),
        Layers(border=0.04, hollow=0.0, shadow=0.12, embossed=0.6),
        Geometry(
            filled=(0.5, 0.86),
            sides=(0.1, 0.7),
            stretch=(0.85, 1.15),
            turned=0.2,
            turn=0.03,
            shear=0.04,
            perspective=(0.0, 0.10),
            bent=0.0,
        ),
        Ground(
            "card", (60.0, 200.0), (4.0, 26.0), parts=0.8, neighbors=0.15, lit=0.6, light=(0.1, 0.5)
        ),
        Damage(coarse=0.25, pixels=(0.45, 0.9), blur=(0.008, 0.03), noise=(0.0, 9.0)),
    ),
    "phone": Style(
        48,
        Ink(
            written=1.0,
            spaced=0.6,
            spacing=(-0.06, 0.14),
            weight=0.1,
            jittered=1.0,
            underlined=0.06,
        ),
        Layers(border=0.0, shadow=0.0),
        Geometry(
            filled=(0.55, 0.95),
            sides=(0.05, 0.5),
            stretch=(0.85, 1.2),
            turn=0.05,
            shear=0.06,
            perspective=(0.0, 0.06),
            bent=0.4,
            bend=(0.04, 0.22),
        ),
        Ground("paper", (60.0, 220.0), (0.0, 22.0), parts=0.25, neighbors=0.12, light=(0.05, 0.4)),
        Damage(coarse=0.25, pixels=(0.5, 0.9), blurred=0.4, blur=(0.006, 0.025), noise=(0.0, 9.0)),
    ),
    "chinese": Style(
        40,
        Ink(spacing=(-0.02, 0.25), jittered=0.04),
        Layers(),
        Geometry(turn=0.08, shear=0.08, perspective=(0.0, 0.12), bent=0.08, bend=(0.05, 0.2)),
        Ground(contrast=(30.0, 230.0)),
        Damage(coarse=0.25, pixels=(0.55, 0.95), blur=(0.006, 0.028), noise=(0.0, 10.0)),
    ),
}


HARDEST = 2.0  # difficulty
CLEAREST = 1.5  # factor on the contrast at difficulty 0
WORST = 5.0  # JPEG quality

# By part of a style: chances, and sizes or ranges, of what makes a line hard to read.
CHANCES = {
    "ink": ("weight", "jittered", "underlined"),
    "layers": ("border", "shadow", "embossed"),
    "geometry": ("turned", "bent"),
    "ground": ("ink_texture", "parts", "neighbors", "lit"),
    "damage": ("coarse", "blurred", "moved", "sharpened"),
}
SIZES = {
    "ink": ("unsteady", "jitter_shift", "jitter_turn"),
    "geometry": ("turn", "shear", "perspective", "bend"),
    "ground": ("texture", "light"),
    "damage": ("blur", "motion", "noise"),
}


def at_difficulty(style: Style, difficulty: float) -> Style:
    """Copies a style with all that makes lines hard to read multiplied by a difficulty.

    0 leaves plain ink of high contrast on a plain ground, and 1 is the style itself. Chances are at most 1.
    Fonts, spacing and the size of the ink do not change.
    """
    changed: dict[str, Any] = {}
    for part in ("ink", "layers", "geometry", "ground", "damage"):
        own = getattr(style, part)
        chances = {name: min(1.0, difficulty * getattr(own, name)) for name in CHANCES[part]}
        sizes = {name: _times(getattr(own, name), difficulty) for name in SIZES.get(part, ())}
        changed[part] = dataclasses.replace(own, **chances, **sizes)
    clear = CLEAREST + (1.0 - CLEAREST) * difficulty
    low, high = style.damage.quality
    changed["ground"] = dataclasses.replace(
        changed["ground"],
        contrast=_times(style.ground.contrast, clear),
        art=min(1.0, difficulty * style.ground.art),
    )
    changed["damage"] = dataclasses.replace(
        changed["damage"], quality=(_quality(low, difficulty), _quality(high, difficulty))
    )
    return dataclasses.replace(style, **changed)


def _times(size: Any, factor: float) -> Any:
    """Multiplies a number, or both ends of a range."""
    return tuple(factor * end for end in size) if isinstance(size, tuple) else factor * size


def _quality(quality: float, difficulty: float) -> float:
    return max(WORST, 100.0 - difficulty * (100.0 - quality))


def everything(style: Style) -> Style:
    """Copies a style with every effect in every line: the most that drawing costs."""
    chances = {
        "ink": ("spaced", "weight", "jittered", "underlined"),
        "layers": ("border", "shadow"),
        "geometry": ("turned", "bent"),
        "ground": ("ink_texture", "parts", "neighbors", "lit"),
        "damage": ("coarse", "blurred", "moved", "sharpened"),
    }
    changed = {
        part: dataclasses.replace(getattr(style, part), **dict.fromkeys(names, 1.0))
        for part, names in chances.items()
    }
    return dataclasses.replace(style, **changed)

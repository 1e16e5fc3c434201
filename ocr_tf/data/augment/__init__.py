"""AUGMENTATIONS: every perturbation of training images, with what its flags are by default.

Its files:

    entry        what an entry is
    geometric    functions of the entries that move pixels
    photometric  functions of the entries that change their gray
    options      a magnitude and a probability for each entry, as flags
    streams      random numbers of (key, entry's name)
    view         the one map of a line's pixels; the size of the result, so that no content leaves it
    augmenter    a line image and its key to the perturbed image

A new entry is a function and its entry here, in the order in which they act. TensorFlow-free.
"""

from __future__ import annotations

from ocr_tf.data.augment import geometric, photometric
from ocr_tf.data.augment.entry import Augmentation, Field, Pixels, Warp
from ocr_tf.registry import Registry

AUGMENTATIONS: Registry[Augmentation] = Registry(
    "augmentation",
    {
        # Where things are.
        "flip": Warp(
            "Mirror left and right; the label stays, so this is for scripts and tests that want it.",
            "",
            None,
            0.0,
            0.0,
            geometric.flip,
        ),
        "scaling": Warp(
            "Scale width and height, each by a factor of its own.",
            "Share of the width and of the height, either way.",
            0.1,
            1.0,
            0.5,
            geometric.scaling,
        ),
        "shear": Warp(
            "Slant the letters.",
            "Columns a row, either way.",
            0.3,
            1.0,
            1.0,
            geometric.shear,
        ),
        "rotation": Warp(
            "Turn the line, so far that one end is a tenth of the height above the other at most.",
            "Radians, either way.",
            0.01,
            1.0,
            0.2,
            geometric.rotation,
        ),
        "perspective": Warp(
            "Look at the line from one end, and from above or below.",
            "Share of the height by which an end grows or shrinks.",
            0.1,
            0.0,
            0.3,
            geometric.perspective,
        ),
        "translation": Warp(
            "Move the line up, down and sideways.",
            "Share of the height, in each direction.",
            0.04,
            1.0,
            0.5,
            geometric.translation,
        ),
        "elastic": Field(
            "Bend strokes by a smooth random field.",
            "Standard deviation of a pixel's displacement, as a share of the height.",
            0.03,
            0.0,
            0.2,
            geometric.elastic,
        ),
        # Ink and what lies on it.
        "dilation": Pixels(
            "Thicken strokes.",
            "Largest radius of the brush, as a share of the height.",
            0.03,
            0.0,
            0.2,
            photometric.dilation,
        ),
        "erosion": Pixels(
            "Thin strokes; thin ones pale and stay.",
            "Largest radius of the brush, as a share of the height.",
            0.03,
            0.0,
            0.2,
            photometric.erosion,
        ),
        "occlusion": Pixels(
            "Lay a patch or a stripe over the line, through which it shows.",
            "Largest side of the patch and width of the stripe, as a share of the height.",
            0.15,
            0.0,
            0.3,
            photometric.occlusion,
        ),
        # Light, lens, sensor, file.
        "contrast": Pixels(
            "Change the contrast with the paper.",
            "Share of the distance from the paper's gray, either way.",
            0.25,
            1.0,
            0.9,
            photometric.contrast,
        ),
        "brightness": Pixels(
            "Lighten or darken the image.",
            "Part of the gray range from -1 to 1, either way.",
            0.15,
            1.0,
            1.0,
            photometric.brightness,
        ),
        "blur": Pixels(
            "Blur by a Gaussian.",
            "Largest standard deviation, as a share of the height.",
            0.03,
            0.0,
            0.2,
            photometric.blur,
        ),
        "gaussian_noise": Pixels(
            "Add white noise.",
            "Largest standard deviation, of the gray range from -1 to 1.",
            0.06,
            1.0,
            1.0,
            photometric.gaussian_noise,
        ),
        "salt_and_pepper": Pixels(
            "Turn pixels white or black.",
            "Largest share of the pixels.",
            0.01,
            0.0,
            0.2,
            photometric.salt_and_pepper,
        ),
        "jpeg": Pixels(
            "Store the line as a JPEG file and read it back.",
            "Quality lost, of 100: 60 gives qualities from 40 on.",
            60.0,
            0.0,
            95.0,
            photometric.jpeg,
        ),
    },
    module_of=lambda entry: str(entry.apply.__module__),
)

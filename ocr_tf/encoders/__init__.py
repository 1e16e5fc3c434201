"""ENCODERS: every encoder's configuration, TensorFlow-free; its network is in the file it builds.

An encoder maps Images [B, H, W, 1] to Frames [B, T, D]. It owns the rule from width to T, stated as
a pure function, and no frame depends on the batch or on padding. Its `stride` is the number of columns
that one step stands for: step t is about columns [stride * t, stride * (t + 1)), though it sees far
around them (CRNN's last convolution, two steps wide, half a step further to the right).

An encoder that keeps rows apart says how many by `map_rows`: steps come column by column, each column from
the top, and step t is about the columns of step t // map_rows. `rows_of` gives 1 for all others.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ocr_tf.options import option
from ocr_tf.registry import Registry
from ocr_tf.types import Array


def edges(steps: int, stride: int, scaled: int, original: int) -> Array:
    """Returns where steps begin and end, in columns of the image before it was resized.

    The result is [steps + 1] float64.

    Args:
        steps: T; those that begin behind the image end where it ends.
        stride: columns of the resized image that a step stands for.
        scaled: width of the resized image (`Images.widths`), whatever was kept of its aspect ratio.
        original: width of the image as it was.
    """
    return np.minimum(np.arange(steps + 1) * stride, scaled) * original / scaled


def rows_of(encoder: Any) -> int:
    """Returns how many steps of an encoder's configuration stand one above the other in each column."""
    rows: int = getattr(encoder, "map_rows", 1)
    return rows


def halve(size: int) -> int:
    """Returns the size that pooling by two with same padding leaves."""
    return -(-size // 2)


class Convolution(NamedTuple):
    """A convolution of an encoder, and the pooling of maxima that follows it."""

    filters: int
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    normalize: bool = False
    pool: tuple[int, int] = (1, 1)  # height and width of the windows
    around: int = 0  # so many convolutions, this one the last, have a 1x1 convolution around them


@dataclasses.dataclass(frozen=True)
class Rectifier:
    """A thin-plate spline that rectifies each image first (Shi et al. 2016, RARE); off by default.

    It is a part of its encoder: trained, frozen, counted and exported with it. Steps stand for columns of
    the rectified image.
    """

    points: int = option(
        0,
        "Fiducial points of the thin-plate spline that rectifies each image first, an even number, as 20; "
        "0: none, images are read as they are.",
        minimum=0,
        maximum=200,
    )
    width: int = option(
        64,
        "Filters of the first convolution that finds the points; the later ones have 2, 4 and 8 times as "
        "many.",
        minimum=1,
    )

    def __post_init__(self) -> None:
        if self.points % 2 or self.points == 2:
            raise ValueError(
                f"--encoder.rectifier.points: an even number from 4 on, or 0, not {self.points}"
            )

    def build(self, dtype: str) -> Any:
        """Makes the layer that maps Images to Images; None if there are no points."""
        if not self.points:
            return None
        from ocr_tf.encoders.rectifier import RectifierLayer

        return RectifierLayer(self, name="rectifier", dtype=dtype)


class Quarter:
    """Has the width rule of encoders that halve the width twice."""

    stride: ClassVar[int] = 4

    def steps(self, width: int) -> int:
        """Returns T of an image `width` pixels wide: ceil(ceil(W / 2) / 2)."""
        return max(1, halve(halve(width)))


@dataclasses.dataclass(frozen=True)
class CRNN(Quarter):
    """CRNN's encoder: seven convolutions, D = 512. Baek et al. 2019 call it VGG.

    Shi et al. 2015, An End-to-End Trainable Neural Network for Image-based Sequence Recognition, Table 1.
    """

    width: int = option(
        64, "Filters of the first convolution; the later ones have multiples of it.", minimum=1
    )
    rectifier: Rectifier = dataclasses.field(default_factory=Rectifier)

    def build(self, height: int, dtype: str = "float32") -> Any:
        """Makes the encoder of images `height` pixels high."""
        from ocr_tf.encoders.crnn import build

        return build(self, height, dtype)


@dataclasses.dataclass(frozen=True)
class Compact(Quarter):
    """Batch-normalized convolutions for training on a CPU."""

    width: int = option(
        32, "Filters of the first convolution; the later ones have multiples of it.", minimum=1
    )
    depth: int = option(1, "Convolutions in each of the last two stages.", minimum=1, maximum=8)
    rows: str = option(
        "keep",
        "What becomes of the rows that the poolings leave: keep (side by side in one frame), or max "
        "(the greatest of each feature).",
        choices=("keep", "max"),
    )
    residual: bool = option(
        False,
        "Lead a 1x1 convolution around the convolutions of each of the last two stages: what it gives is "
        "added to what they give.",
    )
    normalize: bool = option(True, "Normalize batches behind all convolutions but the first.")
    dropout: float = option(0.0, "Dropout rate on the frames.", minimum=0, maximum=0.99)
    standardize: bool = option(
        False,
        "Bring each line to the same mean and deviation of gray before the first convolution.",
    )
    rectifier: Rectifier = dataclasses.field(default_factory=Rectifier)

    def convolutions(self, height: int) -> list[Convolution]:
        """Lists the layers of an encoder of images `height` pixels high."""
        left = halve(halve(halve(height)))  # rows before the last pooling
        poolings = [(2, 1), (2, 1) if self.rows == "keep" else (left, 1)]
        filters = [self.width * n for n in ((4, 4) if self.depth == 1 else (3, 4, 5, 6))]
        layers = [
            Convolution(self.width, (5, 5), stride=2),
            Convolution(2 * self.width, normalize=self.normalize, pool=(2, 2)),
        ]
        for stage, pool in enumerate(poolings):
            share = filters[len(filters) // 2 * stage : len(filters) // 2 * (stage + 1)]
            sizes = share[:1] * (self.depth - len(share) + 1) + share[1:]
            layers += [Convolution(size, normalize=self.normalize) for size in sizes[:-1]]
            around = len(sizes) if self.residual else 0
            layers.append(
                Convolution(sizes[-1], normalize=self.normalize, pool=pool, around=around)
            )
        return layers

    def build(self, height: int, dtype: str = "float32") -> Any:
        """Makes the encoder of images `height` pixels high."""
        from ocr_tf.encoders.compact import build

        return build(self, height, dtype)


@dataclasses.dataclass(frozen=True)
class ResNet(Quarter):
    """A residual network of 29 convolutions, D = 512.

    Cheng et al. 2017, Focusing Attention: Towards Accurate Text Recognition in Natural Images, Table 1.
    """

    width: int = option(
        32, "Filters of the first convolution; the later ones have multiples of it.", minimum=1
    )
    rectifier: Rectifier = dataclasses.field(default_factory=Rectifier)

    def build(self, height: int, dtype: str = "float32") -> Any:
        """Makes the encoder of images `height` pixels high."""
        from ocr_tf.encoders.resnet import build

        return build(self, height, dtype)


@dataclasses.dataclass(frozen=True)
class Map2D:
    """Convolutions that keep the rows of the image apart: attention looks at places, not at columns."""

    stride: ClassVar[int] = 8

    width: int = option(
        32, "Filters of the first convolution; the later ones have multiples of it.", minimum=1
    )
    map_rows: int = option(
        8,
        "Rows of the map: a row takes the maximum of the rows of 8 pixels that it lies over.",
        minimum=1,
        maximum=64,
    )
    positions: int = option(
        16,
        "Sines and cosines of a cell's row that follow its features, and as many of its column, an even "
        "number.",
        minimum=2,
        maximum=512,
    )
    dropout: float = option(0.0, "Dropout rate on the features.", minimum=0, maximum=0.99)

    def __post_init__(self) -> None:
        if self.positions % 2:
            raise ValueError(f"--encoder.positions: an even number, not {self.positions}")

    def steps(self, width: int) -> int:
        """Returns T of an image `width` pixels wide: rows of the map times ceil(W / 8)."""
        return self.map_rows * max(1, halve(halve(halve(width))))

    def build(self, height: int, dtype: str = "float32") -> Any:
        """Makes the encoder of images `height` pixels high."""
        from ocr_tf.encoders.map2d import build

        return build(self, height, dtype)


@dataclasses.dataclass(frozen=True)
class Columns:
    """No network: each column of the image is a step, as the recurrent layers of CLSTM read it.

    Breuel et al. 2013, High-Performance OCR for Printed English and Fraktur using LSTM Networks.
    """

    stride: ClassVar[int] = 1

    features: str = option(
        "pixels",
        "What a column is described by: pixels, the ink of each (0 white, 1 black; standardized, deviations "
        "from the mean, darker ones positive); or hog, histograms of the orientations of gradients in cells "
        "about the column.",
        choices=("pixels", "hog"),
    )
    cell: int = option(8, "Rows of a cell (hog only).", minimum=2)
    around: int = option(
        2,
        "Columns of a cell on either side of the step's own (hog only).",
        minimum=0,
        maximum=32,
    )
    orientations: int = option(
        9, "Bins of a histogram, over half a turn (hog only).", minimum=2, maximum=36
    )
    standardize: bool = option(
        False, "Bring each line to the same mean and deviation of gray before anything else."
    )

    def steps(self, width: int) -> int:
        """Returns T of an image `width` pixels wide: as many."""
        return max(1, width)

    def build(self, height: int, dtype: str = "float32") -> Any:
        """Makes the encoder of images `height` pixels high."""
        from ocr_tf.encoders.columns import ColumnsEncoder

        return ColumnsEncoder(self, name="encoder", dtype=dtype)


ENCODERS: Registry[Any] = Registry(
    "encoder",
    {"crnn": CRNN, "compact": Compact, "resnet": ResNet, "map2d": Map2D, "columns": Columns},
)

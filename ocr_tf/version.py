"""The version of the package, and where its code is; whoever asks need not import the public functions."""

from pathlib import Path

__version__ = "0.2.0.dev0"

PACKAGE = Path(__file__).resolve().parent  # ocr_tf/
ROOT = (
    PACKAGE.parent
)  # of a checkout: has tools/ and experiments/; else where packages are installed

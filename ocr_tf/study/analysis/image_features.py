"""What the images of test lines look like, decoded as the networks' are."""

from __future__ import annotations

from ocr_tf.data.dataset import Source
from ocr_tf.data.fingerprint import read_image
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import as_tensor, measure_batch, original
from ocr_tf.progress import Progress
from ocr_tf.study.analysis.slices import Look, look

CHUNK = 64  # images in memory
ANY_SIZE = Geometry(height=32, width=32)  # stretched, no image is too wide


def looks(source: Source) -> list[Look]:
    """[N] the look of every line of a source, before it is resized."""
    total = len(source.samples)
    found: list[Look] = []
    progress = Progress("looking at images", total)
    for begin in range(0, total, CHUNK):
        span = range(begin, min(begin + CHUNK, total))
        read = [read_image(source, i) for i in span]
        encoded = [data if isinstance(data, bytes) else b"" for data in read]
        usable = measure_batch(as_tensor(encoded), ANY_SIZE).numpy() > 0
        found += [look(original(data) if ok else None) for data, ok in zip(encoded, usable)]
        progress.show(span.stop)
    progress.clear()
    return found

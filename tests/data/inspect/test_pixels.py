import io

import cv2
import numpy as np
import pytest
from PIL import Image

from ocr_tf.data.image import original
from ocr_tf.data.inspect.near import differing_bits, near_pairs
from ocr_tf.data.inspect.pixels import gray, likeness, signature
from tests.data.images import encode, noise


def color(rows=20, columns=60):
    return noise(rows, columns, 3)


def saved(image: Image.Image, kind="PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


FILES = {
    "gray": encode(noise(20, 60)),
    "color": encode(color()),
    "alpha": encode(noise(20, 60, 4)),
    "gray and alpha": encode(noise(20, 60, 2)),
    "16 bits": encode(noise(20, 60).astype(np.uint16) * 257),
    "palette": saved(Image.fromarray(color()).quantize(16)),
    "transparent palette": saved(Image.fromarray(color()).quantize(16), transparency=3),
    "transparent gray": saved(Image.fromarray(noise(20, 60) // 64 * 64), transparency=64),
    "transparent color": saved(Image.fromarray(color() // 128 * 128), transparency=(128, 0, 0)),
    "one bit": saved(Image.fromarray(noise(20, 60)).convert("1")),
    "JPEG": encode(color(), "JPEG", quality=60),
    "gray JPEG": encode(noise(20, 60), "JPEG"),
    "turned JPEG": encode(
        color(),
        "JPEG",
        exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_images_are_decoded_as_in_the_graph(kind):
    image = gray(FILES[kind])
    if image is None:
        assert kind == "transparent gray"  # for the graph
        return
    assert np.abs(image.astype(int) - original(FILES[kind])).max() <= 1


def test_what_is_no_image_is_none():
    assert gray(b"no image") is None and gray(b"") is None


def writing(seed: int, rows=32, columns=150) -> np.ndarray:
    """Random strokes on paper: even ground and contrast, as a line of text has."""
    strokes = np.random.default_rng(seed).random((4, columns // 6)) < 0.4
    page = np.where(strokes, 40, 230).astype(np.uint8)
    return cv2.GaussianBlur(
        cv2.resize(page, (columns, rows), interpolation=cv2.INTER_NEAREST), (0, 0), 1.5
    )


def changed(image):
    yield "compressed", gray(encode(image, "JPEG", quality=40))
    yield "smaller", cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    yield "brighter", np.clip(image * 0.85 + 30, 0, 255).astype(np.uint8)


def test_a_changed_copy_is_found_among_others_and_others_are_not():
    images = [writing(seed) for seed in range(60)]
    copies = [
        (how, seed, image) for seed in range(0, 60, 3) for how, image in changed(images[seed])
    ]
    signed = [signature(image) for image in (*images, *(image for _, _, image in copies))]
    right, down = (
        np.array([getattr(s, way) for s in signed], np.uint64) for way in ("right", "down")
    )
    pairs = near_pairs(right, down, np.array([s.width / s.height for s in signed]))
    known = {tuple(pair) for pair in pairs.tolist()}
    of = [*range(60), *(seed for _, seed, _ in copies)]
    assert all(of[i] == of[j] for i, j in known)
    missed = [how for k, (how, seed, _) in enumerate(copies) if (seed, 60 + k) not in known]
    assert len(missed) <= len(copies) // 20
    assert all(likeness(images[seed], image) > 0.92 for _, seed, image in copies)
    assert likeness(images[0], images[1]) < 0.5


def test_pairs_are_those_that_comparing_each_with_each_finds():
    generator = np.random.default_rng(0)
    centers = generator.integers(0, 2**63, (40, 2), dtype=np.uint64)
    hashes = np.repeat(centers, 6, axis=0)
    for row in hashes:
        for way, most in enumerate((4, 5)):
            for bit in generator.choice(64, generator.integers(0, most), replace=False):
                row[way] ^= np.uint64(1) << np.uint64(bit)
    hashes = np.unique(hashes, axis=0)  # of equal ones, each is paired with the first only
    aspects = generator.choice([1.0, 1.05, 3.0], len(hashes))
    expected = [
        (i, j)
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if bin(int(hashes[i, 0] ^ hashes[j, 0])).count("1") <= 5
        and bin(int(hashes[i, 1] ^ hashes[j, 1])).count("1") <= 8
        and abs(np.log(aspects[i] / aspects[j])) <= 0.1
    ]
    found = near_pairs(hashes[:, 0], hashes[:, 1], aspects)
    assert len(expected) > 100
    assert [tuple(pair) for pair in found.tolist()] == expected


def test_equal_hashes_are_paired_with_the_first():
    same = np.full(5, 7, np.uint64)
    assert near_pairs(same, same, np.ones(5)).tolist() == [[0, k] for k in range(1, 5)]
    none = np.zeros(0, np.uint64)
    assert near_pairs(none, none, np.zeros(0)).tolist() == []
    assert differing_bits(np.uint64([0, 255]), np.uint64([2**64 - 1, 254])).tolist() == [64, 1]

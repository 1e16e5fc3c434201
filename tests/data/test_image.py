import io
import os
import struct
import subprocess
import sys
import textwrap
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ocr_tf.data import image_formats
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import (
    KNOWN,
    as_tensor,
    measure_batch,
    measure_images,
    original,
    original_widths,
    prepare,
    prepare_batch,
    prepare_each,
    why_bad,
)
from ocr_tf.data.image_formats import decoded_bytes

from .images import encode, line, noise, png_chunk, png_header, png_of_zeros

KEEP = Geometry(height=32)


def gray_levels(encoded, height=None):
    """Pixels as 0..255, not resized unless a height is given."""
    height = height or Image.open(io.BytesIO(encoded)).size[1]
    image = prepare(tf.constant(encoded), Geometry(height))
    assert image.dtype == tf.float32 and image.shape[2] == 1
    return (image.numpy()[:, :, 0] + 1) * 127.5


def flat(color, mode, size=(6, 4)):
    return Image.new(mode, size, color)


def bad_images():
    png, jpeg = line(), encode(noise(30, 90, 3), "JPEG")
    return {
        "zero bytes": b"",
        f"not an image ({KNOWN})": b"GIF88a and no more",
        "truncated, corrupt or unsupported PNG": png[: len(png) // 2],
        "truncated, corrupt or unsupported JPEG": jpeg[: len(jpeg) // 2],
        "truncated or corrupt PNG: no size in its header": png[:20],
        "30000x30000 pixels: more than 50 million": png_header(30000, 30000),
        "4294967295x4294967295 pixels: more than 50 million": png_header(2**32 - 1, 2**32 - 1),
        "10000x401 pixels: more than --data.max_pixels=4000000": png_header(10000, 401),
        "65536x2 pixels: a side of more than 65535": png_header(65536, 2),
        "1x1 pixels: too small to hold a line": encode(noise(1, 1)),
        "5000x1 pixels: too small to hold a line": encode(noise(1, 5000)),
        "1x5000 pixels: too small to hold a line": encode(noise(5000, 1)),
        "scaled to height 32 it is 80000 pixels wide, more than --data.max_width=4096": encode(
            noise(2, 5000)
        ),
    }


def test_lossless_formats_give_the_pixels():
    pixels = noise(7, 11)
    np.testing.assert_allclose(gray_levels(encode(pixels)), pixels, atol=1e-3)


def test_gray_is_rec_601():
    pixels = noise(7, 11, 3)
    expected = pixels @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(gray_levels(encode(pixels)), expected, atol=1e-3)
    assert abs(gray_levels(encode(flat((200, 60, 90), "RGB"), "JPEG")) - 105.28).max() < 2


def test_alpha_is_composited_over_white():
    rgba = gray_levels(encode(flat((100, 100, 100, 51), "RGBA")))
    np.testing.assert_allclose(rgba, 100 * 0.2 + 255 * 0.8, atol=1e-2)
    np.testing.assert_allclose(gray_levels(encode(flat((9, 0), "LA"))), 255, atol=1e-2)
    keyed = encode(flat(77, "L"), transparency=77)
    np.testing.assert_allclose(gray_levels(keyed), 255, atol=1e-2)


def test_sixteen_bits_are_scaled_not_cut():
    values = np.array([[0, 257, 300, 51400, 65535]] * 2, np.uint16)
    np.testing.assert_allclose(gray_levels(encode(values)), values / 257.0, atol=1e-3)


def test_sixteen_bit_alpha():
    header = png_header(1, 1)[:8]
    sixteen = struct.pack(">IIBBBBB", 2, 2, 16, 4, 0, 0, 0)  # gray and alpha
    rows = b"\0" + struct.pack(">HHHH", 0, 255, 257 * 100, 65535)
    encoded = header + b"".join(
        png_chunk(name, data)
        for name, data in [(b"IHDR", sixteen), (b"IDAT", zlib.compress(2 * rows)), (b"IEND", b"")]
    )
    np.testing.assert_allclose(
        gray_levels(encoded), [[255 * (1 - 255 / 65535), 100]] * 2, atol=1e-2
    )


def test_palettes_are_expanded():
    image = flat(1, "P")
    image.putpalette([250, 250, 250, 10, 20, 30])
    expected = 0.299 * 10 + 0.587 * 20 + 0.114 * 30
    np.testing.assert_allclose(gray_levels(encode(image)), expected, atol=1e-3)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_pngs_of_few_bits_are_opaque_unless_they_say_otherwise(bits):
    gray = Image.fromarray(noise(8, 8) > 127)
    assert gray.mode == "1"
    np.testing.assert_allclose(gray_levels(encode(gray)), np.asarray(gray) * 255.0, atol=1e-3)
    image = flat(0, "P")
    image.putpalette([40, 40, 40, 90, 90, 90])
    encoded = encode(image, bits=bits)
    assert encoded[24] == bits
    np.testing.assert_allclose(gray_levels(encoded), 40, atol=1e-3)
    clear = encode(image, bits=bits, transparency=0)
    np.testing.assert_allclose(gray_levels(clear), 255, atol=1e-3)


def test_cmyk_jpeg_becomes_gray():
    encoded = encode(flat((0, 255, 255, 0), "CMYK"), "JPEG")  # red
    np.testing.assert_allclose(gray_levels(encoded), 76, atol=3)


def test_the_graph_itself_ignores_orientation_tags():
    exif = Image.Exif()
    exif[0x0112] = 6  # on its side
    encoded = encode(noise(10, 40, 3), "JPEG", exif=exif)
    assert prepare(tf.constant(encoded), Geometry(10)).shape == [10, 40, 1]


@pytest.mark.parametrize(
    "size, width",
    [
        ((32, 100), 100),
        ((2, 2), 32),
        ((5000, 2), 1),
        ((64, 101), 51),
        ((60, 7), 4),
        ((3, 384), 4096),
    ],
)
def test_width_keeps_the_aspect_ratio(size, width):
    encoded = encode(noise(*size))
    assert prepare(tf.constant(encoded), KEEP).shape == [32, width, 1]
    assert measure_batch(as_tensor([encoded]), KEEP).numpy().tolist() == [width]
    assert why_bad(encoded, KEEP) is None


def test_the_key_of_pixels_is_that_of_any_lossless_copy():
    pixels = noise(30, 70)
    image, deep = Image.fromarray(pixels), pixels.astype(np.uint16) * 257
    copies = [
        encode(image, compress_level=0),
        encode(image, compress_level=9),
        encode(image.convert("RGB")),
        encode(image.convert("RGBA")),
        encode(Image.fromarray(deep)),
    ]
    other = pixels.copy()
    other[29, 69] ^= 1
    lossy = encode(image, "JPEG", quality=90)
    different = [encode(other), encode(pixels[:, ::-1]), encode(pixels.T), lossy]
    keys = measure_images(as_tensor([*copies, *different, b"none"])).numpy()[:, 2].tolist()
    assert len(set(keys[:5])) == 1 and len(set(keys)) == 6 and keys[-1] == 0
    decoded = encode(Image.open(io.BytesIO(lossy)))  # a PNG of what the JPEG shows
    assert measure_images(as_tensor([decoded])).numpy()[0, 2] == keys[-2]


def test_the_key_of_pixels_is_made_of_strips_as_of_a_whole(monkeypatch):
    encoded = as_tensor([line(30, 70), encode(noise(41, 9, 3))])
    whole = measure_images(encoded).numpy()
    monkeypatch.setattr(image_formats, "STRIP", 100)
    np.testing.assert_array_equal(measure_images(encoded).numpy(), whole)


def test_the_bound_on_pixels_is_the_geometrys():
    sizes = [(20, 30), (20, 31), (2, 300), (3, 201)]
    encoded = [encode(noise(*size)) for size in sizes]
    bounded = Geometry(height=16, max_width=10**6, max_pixels=600)
    kept = [True, False, True, False]
    assert prepare_batch(as_tensor(encoded), bounded)[1].numpy().tolist() == kept
    assert [image is not None for image in prepare_each(encoded, bounded)] == kept
    assert (measure_batch(as_tensor(encoded), bounded).numpy() > 0).tolist() == kept
    heights, widths = np.array(sizes, np.int32).T
    assert (bounded.scaled_widths(heights, widths) > 0).tolist() == kept
    assert [why_bad(data, bounded) is None for data in encoded] == kept
    assert why_bad(encoded[1], bounded) == "31x20 pixels: more than --data.max_pixels=600"
    assert measure_images(as_tensor(encoded)).numpy()[:, :2].tolist() == [
        list(size) for size in sizes
    ]
    assert [int(decoded_bytes(tf.constant(data), 600)) > 0 for data in encoded] == kept
    # Of a shape that stays within 32 bits as a factor, but not as a product.
    large = np.array([65535], np.int32)
    assert Geometry(8, max_width=2**31 - 1).scaled_widths(large, large).tolist() == [0]


def test_a_small_file_of_many_pixels_is_refused_by_its_header():
    bomb = png_of_zeros(
        8000, 5000
    )  # 160 MB when it is decoded; test_a_saved_model... measures that
    assert len(bomb) < 400_000
    assert prepare_each([bomb], KEEP) == [None]
    assert why_bad(bomb, KEEP) == "8000x5000 pixels: more than --data.max_pixels=4000000"


@pytest.mark.parametrize("rotate", [90, 180, 270])
@pytest.mark.parametrize("kind", ["gray", "color", "alpha", "deep", "JPEG"])
def test_a_turned_image_is_the_one_that_is_stored_turned(rotate, kind):
    """Clockwise: what NumPy turns the other way."""
    if kind == "JPEG":  # of blocks in one color each, so that turning leaves them whole
        pixels = np.kron(noise(4, 9) // 64 * 64, np.ones((8, 8), np.uint8))
    elif kind == "deep":
        pixels = noise(20, 50).astype(np.uint16) * 257
    else:
        channels = {"gray": (), "color": (3,), "alpha": (4,)}[kind]
        pixels = noise(20, 50, *channels)
    file = "JPEG" if kind == "JPEG" else "PNG"
    stored, turned = encode(pixels, file), encode(np.rot90(pixels, -rotate // 90), file)
    close = 1e-6 if file == "PNG" else 0.05
    for plain in (Geometry(16), Geometry(16, width=40)):
        turning = Geometry(16, plain.width, rotate=rotate)
        expected = prepare(tf.constant(turned), plain)
        np.testing.assert_allclose(prepare(tf.constant(stored), turning), expected, atol=close)
        np.testing.assert_allclose(prepare_each([stored], turning)[0], expected[..., 0], atol=close)
        width = expected.shape[1]
        assert measure_batch(as_tensor([stored]), turning).numpy().tolist() == [width]
        size = [np.array([side]) for side in pixels.shape[:2]]
        assert turning.scaled_widths(*size).tolist() == [width]
        ok = tf.constant([True])
        widths = original_widths(as_tensor([stored]), ok, turning).numpy()
        assert widths == original_widths(as_tensor([turned]), ok, plain).numpy()
    np.testing.assert_allclose(
        original(stored, rotate).astype(int), original(turned).astype(int), atol=200 * close
    )


def test_the_width_of_a_turned_image_bounds_it():
    tall, wide = encode(noise(400, 20)), encode(noise(20, 400))
    turning = Geometry(16, max_width=200, rotate=90)
    assert prepare_batch(as_tensor([tall, wide]), turning)[1].numpy().tolist() == [False, True]
    reason = why_bad(tall, turning)
    assert reason == "scaled to height 16 it is 320 pixels wide, more than --data.max_width=200"
    with pytest.raises(ValueError, match="rotate"):
        Geometry(16, rotate=45)


def test_a_fixed_width_stretches_whatever_the_shape():
    fixed = Geometry(height=32, width=100, max_width=50)
    encoded = as_tensor([encode(noise(*size)) for size in [(2, 2), (2, 5000), (5000, 2), (40, 90)]])
    images, ok = prepare_batch(encoded, fixed)
    assert images.values.shape == [4, 32, 100, 1] and ok.numpy().all()
    assert images.widths.numpy().tolist() == [100] * 4


@pytest.mark.parametrize("reason", list(bad_images()))
def test_a_bad_image_fails_alone_and_says_why(reason):
    bad = bad_images()[reason]
    assert why_bad(bad, KEEP) == reason
    with pytest.raises(tf.errors.InvalidArgumentError):
        prepare(tf.constant(bad), KEEP)
    good = line()
    images, ok = prepare_batch(as_tensor([good, bad, good]), KEEP)
    assert ok.numpy().tolist() == [True, False, True]
    assert images.widths.numpy().tolist() == [96, 1, 96]
    assert not images.values[1].numpy().any()
    alone = prepare(tf.constant(good), KEEP).numpy()
    np.testing.assert_array_equal(images.values[0], alone)
    np.testing.assert_array_equal(images.values[2], alone)
    assert measure_batch(as_tensor([bad, good]), KEEP).numpy().tolist() == [0, 96]


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP"])
def test_the_graph_itself_knows_png_and_jpeg_alone(kind):
    encoded = encode(noise(30, 90, 3), kind)
    assert not prepare_batch(as_tensor([encoded]), KEEP)[1].numpy().any()


@pytest.mark.parametrize(
    "pixels, kind",
    [
        (noise(1200, 1000), "PNG"),
        (noise(3, 400_000 // 8, 3), "PNG"),
        (noise(1100, 1000, 4, seed=3), "PNG"),
        (noise(1100, 1000).astype(np.uint16) * 99, "PNG"),
        (noise(60_000, 20), "PNG"),
        (noise(1500, 1001, 3), "JPEG"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "geometry",
    [Geometry(32, max_width=10**6), Geometry(32, width=100), Geometry(32, 100, rotate=270)],
)
def test_an_image_resized_in_strips_is_the_one_resized_whole(pixels, kind, geometry, monkeypatch):
    encoded = tf.constant(encode(pixels, kind))
    monkeypatch.setattr(image_formats, "STRIP", 2**17)
    strips = prepare(encoded, geometry)
    monkeypatch.setattr(image_formats, "STRIP", 2**31 - 1)
    np.testing.assert_allclose(strips, prepare(encoded, geometry), atol=1e-4)


def test_memory_is_foreseen_by_the_header():
    deep = encode(noise(10, 20).astype(np.uint16))
    images = [line(10, 20), deep, encode(noise(10, 20), "JPEG"), b"", b"x" * 99]
    images += [png_header(30000, 30000)]
    assert [int(decoded_bytes(data)) for data in images] == [800, 1600, 1800, 0, 0, 0]


def test_batches_of_nothing_and_of_nothing_good():
    for run in prepare_batch, tf.function(prepare_batch, autograph=False):
        images, ok = run(as_tensor([]), KEEP)
        assert images.values.shape == [0, 32, 1, 1] and ok.shape == [0]
        assert images.widths.shape == [0]
        images, ok = run(as_tensor([b"", b"x"]), KEEP)
        assert images.values.shape == [2, 32, 1, 1] and not ok.numpy().any()
    assert measure_batch(as_tensor([]), KEEP).shape == [0]


def test_padding_is_zero():
    encoded = as_tensor([encode(np.full((32, 10), 255, np.uint8)), line(32, 33)])
    images, _ = prepare_batch(encoded, KEEP)
    assert images.values.shape == [2, 32, 33, 1]
    assert (images.values[0, :, :10].numpy() == 1).all()
    assert not images.values[0, :, 10:].numpy().any()


@pytest.fixture(scope="module")
def mixed():
    """Every kind of image and of failure in one batch."""
    kinds = [
        encode(noise(20, 50, 3, seed=i), kind) for i, kind in enumerate(["PNG", "JPEG", "PNG"])
    ]
    kinds += [line(48, 70), encode(noise(9, 9, 4)), encode(noise(5, 40).astype(np.uint16) * 99)]
    return kinds + list(bad_images().values())


def test_eager_graph_and_pipeline_agree_to_the_bit(mixed):
    eager = prepare_batch(as_tensor(mixed), KEEP)
    graph = tf.function(prepare_batch, autograph=False)(as_tensor(mixed), KEEP)
    dataset = tf.data.Dataset.from_tensors(as_tensor(mixed)).repeat(3)
    dataset = dataset.map(lambda encoded: prepare_batch(encoded, KEEP), num_parallel_calls=4)
    for other in [graph, *dataset]:
        tf.nest.map_structure(np.testing.assert_array_equal, eager, other)
    for i, encoded in enumerate(mixed[:6]):
        alone = prepare(tf.constant(encoded), KEEP).numpy()
        np.testing.assert_array_equal(eager[0].values[i, :, : alone.shape[1]], alone)


def test_each_image_alone_has_the_bits_of_its_batch(mixed):
    images, ok = prepare_batch(as_tensor(mixed), KEEP)
    each = prepare_each(mixed, KEEP)
    assert [image is not None for image in each] == ok.numpy().tolist()
    for row, image in enumerate(each):
        if image is not None:
            np.testing.assert_array_equal(image, images.values[row, :, : images.widths[row], 0])
    assert prepare_each([], KEEP) == []


def test_the_original_is_what_is_resized(mixed):
    for encoded in mixed[:6]:
        pixels = original(encoded)
        assert pixels.dtype == np.uint8
        np.testing.assert_allclose(pixels, gray_levels(encoded), atol=0.51)


def test_a_saved_model_needs_tensorflow_alone(mixed, tmp_path):
    module = tf.Module()
    module.prepare = tf.function(
        lambda encoded: prepare_batch(encoded, KEEP),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, str(tmp_path / "model"))
    for i, encoded in enumerate(mixed):
        (tmp_path / f"{i:02}.bin").write_bytes(encoded)
    (tmp_path / "bomb.png").write_bytes(png_of_zeros(8000, 5000))
    script = f"""
        import glob, resource, sys
        import numpy as np, tensorflow as tf
        files = [open(f, "rb").read() for f in sorted(glob.glob({str(tmp_path / "*.bin")!r}))]
        model = tf.saved_model.load({str(tmp_path / "model")!r})
        (values, widths), ok = model.prepare(tf.constant(files))
        np.savez({str(tmp_path / "out.npz")!r}, values=values, widths=widths, ok=ok)
        assert not any(name.startswith("ocr_tf") for name in sys.modules)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KB, the most there ever was
        _, ok = model.prepare(tf.constant([open({str(tmp_path / "bomb.png")!r}, "rb").read()]))
        assert not ok.numpy().any()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000
    """
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], check=True, cwd=tmp_path, env=quiet
    )
    images, ok = prepare_batch(as_tensor(mixed), KEEP)
    there = np.load(tmp_path / "out.npz")
    np.testing.assert_array_equal(there["values"], images.values)
    np.testing.assert_array_equal(there["widths"], images.widths)
    np.testing.assert_array_equal(there["ok"], ok)

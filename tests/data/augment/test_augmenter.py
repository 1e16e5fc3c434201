"""An image and its key to the perturbed image: keys, shares, widths, values."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest

from ocr_tf.data.augment import AUGMENTATIONS
from ocr_tf.data.augment.augmenter import Augmenter, augment
from ocr_tf.data.augment.entry import Field, Pixels, Warp
from ocr_tf.data.augment.options import Augment
from ocr_tf.data.augment.view import WIDEST

from .pictures import bar, blots, strokes

KEYS = np.array([[7 << 32 | epoch, 12345678901 + i] for epoch in range(4) for i in range(10)])
ALL = Augment.of(share=1, **dict.fromkeys(AUGMENTATIONS, 1.0))
STILL = Augment.of(share=1, **dict.fromkeys(AUGMENTATIONS, 0.0))


def only(name, magnitude=None) -> Augment:
    """One entry, for every line."""
    own = (
        {"probability": 1.0} if magnitude is None else {"probability": 1.0, "magnitude": magnitude}
    )
    return dataclasses.replace(STILL, **{name: dataclasses.replace(getattr(STILL, name), **own)})


def test_one_key_one_picture_that_leaves_the_given_one_alone():
    given = bar()
    options = Augment.of(share=1)
    first = [augment(given, key, options) for key in KEYS[:12]]
    again = [augment(given, key, options) for key in KEYS[:12]]
    for one, two in zip(first, again):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, two)
    assert len({image.tobytes() for image in first}) == len(first)
    for key in KEYS[:12]:
        augment(given, key, ALL)
    np.testing.assert_array_equal(given, bar())


def test_a_part_of_a_padded_batch_gives_the_same_bits():
    batch = np.zeros([3, 40, 333, 1], np.float32)
    batch[1, :, :300, 0] = bar()
    for key in KEYS[:8]:
        part = augment(batch[1, :, :300, 0], key, ALL)
        np.testing.assert_array_equal(part, augment(bar(), key, ALL))


def test_threads_do_not_disturb_one_another():
    augmenter = Augmenter(ALL)
    alone = [augmenter(strokes(), key) for key in KEYS]
    found: dict[int, list] = {}

    def work(number):
        found[number] = [augmenter(strokes(), key) for key in KEYS]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for images in found.values():
        for one, two in zip(images, alone):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    "options",
    [
        STILL,
        Augment.of(share=0),
        Augment.of(share=1, strength=0),
        dataclasses.replace(ALL, share=0.0),
        Augment.of(share=1, **{n: (0.0, 1.0) for n in AUGMENTATIONS if n != "flip"}),
    ],
)
def test_what_is_off_changes_no_bit(options):
    image = np.random.default_rng(0).uniform(-1, 1, [40, 123]).astype(np.float32)
    assert not Augmenter(options).active
    for keep_width in (False, True):
        np.testing.assert_array_equal(augment(image, KEYS[0], options, None, keep_width), image)


def test_a_probability_of_nothing_changes_no_bit_beside_an_entry_that_is_not_chosen():
    rare = Augmenter(dataclasses.replace(only("elastic"), share=1.0))
    assert rare.active
    seldom = Augment.of(share=1, **{n: 1e-9 for n in AUGMENTATIONS})
    image = np.random.default_rng(0).uniform(-1, 1, [40, 123]).astype(np.float32)
    for key in KEYS[:10]:
        np.testing.assert_array_equal(augment(image, key, seldom), image)


def test_a_share_of_the_lines_is_as_it_was():
    image = strokes(16, 40)
    augmenter = Augmenter(Augment.of(share=0.7))
    same = sum(np.array_equal(augmenter(image, [5, i]), image) for i in range(1000))
    assert 250 < same < 350


def test_a_probability_is_the_share_of_the_perturbed_lines_that_have_it():
    image = strokes(16, 40)
    augmenter = Augmenter(dataclasses.replace(STILL, brightness=ALL.brightness))
    assert all(not np.array_equal(augmenter(image, [5, i]), image) for i in range(50))
    half = dataclasses.replace(ALL.brightness, probability=0.3)
    augmenter = Augmenter(dataclasses.replace(STILL, brightness=half))
    changed = sum(not np.array_equal(augmenter(image, [5, i]), image) for i in range(1000))
    assert 250 < changed < 350


def draws(options, key, monkeypatch) -> dict:
    """What each entry finds in its stream."""
    seen: dict = {}

    def recorder(name, entry):
        places = {Warp: 1, Field: 1, Pixels: 2}

        def apply(*arguments):
            random = arguments[places[type(entry)]]
            state = random.bit_generator.state
            seen[name] = random.random(4).tolist()
            random.bit_generator.state = state
            return entry.apply(*arguments)

        return dataclasses.replace(entry, apply=apply)

    with monkeypatch.context() as patch:
        for name, entry in list(AUGMENTATIONS.items()):
            patch.setitem(AUGMENTATIONS, name, recorder(name, entry))
        Augmenter(options)(strokes(), key)
    return seen


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_to_switch_one_off_changes_nothing_that_others_draw(name, monkeypatch):
    off = dataclasses.replace(getattr(ALL, name), probability=0.0)
    for key in KEYS[:2]:
        everything = draws(ALL, key, monkeypatch)
        assert set(everything) == set(AUGMENTATIONS)
        assert len({tuple(own) for own in everything.values()}) == len(AUGMENTATIONS)
        del everything[name]
        assert draws(dataclasses.replace(ALL, **{name: off}), key, monkeypatch) == everything


def test_keys_that_differ_in_a_word_or_a_high_bit_draw_apart(monkeypatch):
    keys = [[0, 0], [1, 0], [0, 1], [1 << 32, 0], [0, 1 << 62]]
    found = [tuple(draws(ALL, key, monkeypatch)["shear"]) for key in keys]
    assert len(set(found)) == len(keys)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_every_entry_changes_an_image_alone(name):
    image = strokes()
    changed = [not np.array_equal(augment(image, key, only(name)), image) for key in KEYS]
    assert sum(changed) > 0.5 * len(KEYS)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_values_stay_in_range_at_the_greatest_magnitude(name):
    strongest = AUGMENTATIONS[name].maximum or None
    for key in KEYS[:10]:
        image = augment(strokes(), key, only(name, strongest))
        assert image.dtype == np.float32 and np.isfinite(image).all()
        assert -1 <= image.min() and image.max() <= 1
        assert image.std() > 0.05  # something is still to be seen


def test_strength_scales_magnitudes_within_their_bounds():
    double = dataclasses.replace(only("brightness", 0.1), strength=2.0)
    for key in KEYS[:5]:
        one = augment(strokes(), key, only("brightness", 0.2))
        np.testing.assert_array_equal(augment(strokes(), key, double), one)
    beyond = dataclasses.replace(only("scaling", 0.5), strength=4.0)
    for key in KEYS[:5]:
        bound = augment(strokes(), key, only("scaling", 0.5))
        np.testing.assert_array_equal(augment(strokes(), key, beyond), bound)


def test_no_line_gets_narrower_than_it_was_unless_it_may():
    widths = [augment(bar(), key, Augment.of(share=1)).shape[1] for key in KEYS]
    assert min(widths) == 300 and 300 < max(widths) <= 300 * 1.1 + 40 * (0.3 + 0.04) + 2
    free = [augment(bar(), key, Augment.of(share=1), 1).shape[1] for key in KEYS]
    assert min(free) < 290
    assert [max(width, 300) for width in free] == widths
    bounded = [augment(bar(), key, Augment.of(share=1), 290).shape[1] for key in KEYS]
    assert bounded == [max(width, 290) for width in free]


def test_a_fixed_width_is_kept_and_filled():
    options = Augment.of(share=1, elastic=1.0)
    for key in KEYS:
        assert augment(bar(), key, options, None, True).shape == (40, 300)
    for key in KEYS[:10]:  # no wider, no narrower: the content ends where it did
        image = augment(bar(), key, only("scaling"), None, True)
        dark = np.flatnonzero((image < 0).any(axis=0))
        assert dark[0] in (1, 2, 3) and 299 - dark[-1] in (1, 2, 3)


def test_paper_is_not_added_on_both_sides_of_lines():
    """The bar stands two columns from either end: what is more is added."""
    both = left = right = 0
    for epoch in range(10):
        for key in KEYS:
            image = augment(bar(), key + [epoch << 8, 0], None, 1)
            dark = np.flatnonzero((image < 0).any(axis=0))
            before, behind = dark[0] > 4, image.shape[1] - 1 - dark[-1] > 4
            left, right, both = left + before, right + behind, both + (before and behind)
    assert both < 40
    assert left == pytest.approx(right, abs=60)


@pytest.mark.parametrize("size", [(8, 1), (32, 1), (2, 2), (1, 1), (1, 50), (40, 1500), (64, 9)])
def test_tiny_and_wide_images(size):
    for image in (np.zeros(size, np.float32), np.eye(*size, dtype=np.float32)):
        for key in KEYS[:6]:
            for keep_width in (False, True):
                result = augment(image, key, ALL, None, keep_width)
                assert result.shape[0] == size[0] and result.shape[1] >= size[1]
                assert np.isfinite(result).all() and np.abs(result).max() <= 1


def test_an_image_too_wide_for_maps_is_not_moved():
    endless = np.random.default_rng(0).uniform(-1, 1, [8, WIDEST + 1]).astype(np.float32)
    moving = Augment.of(share=1, contrast=0.0, brightness=0.0, gaussian_noise=0.0, elastic=1.0)
    np.testing.assert_array_equal(augment(endless, KEYS[0], moving), endless)
    assert augment(endless, KEYS[0], Augment.of(share=1)).shape == endless.shape


@pytest.mark.parametrize("gray", [-1.0, 0.0, 0.3, 1.0])
def test_an_image_of_one_gray_stays_one_unless_noise_is_added(gray):
    image = np.full((32, 90), gray, np.float32)
    noise = ("gaussian_noise", "salt_and_pepper", "occlusion", "jpeg")
    quiet = Augment.of(share=1, **{n: float(n not in noise) for n in AUGMENTATIONS})
    for key in KEYS[:10]:
        result = augment(image, key, quiet)
        assert result.max() - result.min() < 1e-5


def test_defaults_are_what_a_training_draws():
    image = blots()[0]
    for key in KEYS[:5]:
        np.testing.assert_array_equal(augment(image, key), Augmenter(Augment.of())(image, key))

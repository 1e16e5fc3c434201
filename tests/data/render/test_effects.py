import numpy as np
import pytest

from ocr_tf.data.render import effects
from ocr_tf.data.render.colors import LUMINANCE, palette
from ocr_tf.data.render.style import PRESETS, Geometry, everything
from ocr_tf.data.render.textures import TILES, texture, tile


def block() -> np.ndarray:
    mask = np.zeros((20, 40), np.uint8)
    mask[8:12, 10:30] = 255
    return mask


def test_what_is_shifted_leaves_at_one_side():
    mask = block()
    assert np.array_equal(effects.shifted(mask, 3, -2)[6:10, 13:33], mask[8:12, 10:30])
    assert effects.shifted(mask, 3, -2).sum() == mask.sum()
    assert not effects.shifted(mask, 40, 0).any() and not effects.shifted(mask, 0, -99).any()
    assert effects.shifted(mask, 25, 0).sum() == mask.sum() // 4


def test_a_solid_shadow_fills_what_lies_between():
    apart, solid = (effects.shadow(block(), 0, 6, 0.0, solid) for solid in (False, True))
    assert not apart[12:14].any() and solid[12:14, 10:30].all()


def test_letters_in_relief_are_bright_on_the_lit_flank_and_dark_on_the_other():
    cover = block().astype(np.float32) / 255
    grays = effects.relief(cover, np.pi / 2, 100.0, 1.0)  # lit along y
    assert grays[7, 20] > 20 and grays[12, 20] < -20
    assert abs(grays[2, 2]) < 1


def test_ink_is_placed_within_the_picture():
    style = Geometry(filled=(0.55, 0.6), sides=(0.1, 0.3), bent=1.0, turned=1.0)
    for seed in range(40):
        placement = effects.place((10, 8, 20, 4), 32, style, np.random.default_rng(seed))
        (seen,) = effects.project([block()], placement)
        assert seen.shape[0] == 32 and seen.dtype == np.float32
        assert not ((seen[0] > 0.5).any() and (seen[-1] > 0.5).any())
        rows = np.flatnonzero(seen.max(axis=1) > 0.5)
        assert 0.35 * 32 < rows[-1] - rows[0] + 1 < 0.8 * 32
        assert seen.max() > 0.9
        where = np.flatnonzero(seen.max(axis=0) > 0.5)
        assert where[0] > 0 and where[-1] < seen.shape[1] - 1


def test_a_mask_at_an_origin_lands_where_a_mask_of_everything_does():
    placement = effects.place((10, 8, 20, 4), 32, Geometry(), np.random.default_rng(3))
    (whole,) = effects.project([block()], placement)
    (part,) = effects.project([block()[4:, 5:]], placement, (5, 4))
    np.testing.assert_allclose(whole, part, atol=0.02)


def test_colored_and_gray_colors_are_equally_bright():
    for seed in range(50):
        ground = PRESETS["words"].ground
        gray, colored = (palette(ground, c, np.random.default_rng(seed)) for c in (False, True))
        for one, three in zip(gray[:5], colored[:5]):
            assert float(three @ np.float32(LUMINANCE)) == pytest.approx(one, abs=0.01)
        assert colored.contrast == gray.contrast == abs(gray.ink - gray.ground) > 15


def test_tiles_have_texture_and_are_the_same_in_every_process():
    for number in range(0, TILES, 5):
        surface = tile(number)
        assert surface.dtype == np.uint8 and surface.std() > 8
    assert np.array_equal(tile(0), tile.__wrapped__(0))
    piece = texture(40, 900, np.random.default_rng(0))
    assert piece.shape == (40, 900) and abs(piece.mean()) < 0.2


def test_everything_turns_all_chances_to_one():
    style = everything(PRESETS["words"])
    assert style.layers.shadow == style.geometry.bent == style.damage.coarse == 1.0
    assert style.ground.contrast == PRESETS["words"].ground.contrast

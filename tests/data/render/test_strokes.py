import numpy as np
import pytest

from ocr_tf.data.render import strokes


def hand(seed: int, jitter: float = 0.03) -> strokes.Hand:
    return strokes.draw_hand(np.random.default_rng(seed), (0.06, 0.14), (jitter, jitter))


@pytest.mark.parametrize("symbol", sorted(strokes.SYMBOLS - {" "}))
def test_every_symbol_is_written_within_its_mask(symbol):
    for seed in range(20):
        glyph = strokes.write(symbol, 40, hand(seed), np.random.default_rng(seed))
        assert glyph.mask.max() == 255 and glyph.advance > 0
        edges = (glyph.mask[0], glyph.mask[-1], glyph.mask[:, 0], glyph.mask[:, -1])
        assert not any(edge.any() for edge in edges)
        if symbol.isdigit():
            assert 36 < glyph.mask.shape[0] < 70 and 30 < glyph.top < 56


def test_a_hand_is_unsteady_and_has_its_own_forms():
    steady, random = hand(0, 0.0), np.random.default_rng(0)
    first, second = (strokes.write("8", 40, steady, random).mask for _ in range(2))
    assert np.array_equal(first, second)
    unsteady = hand(0, 0.03)
    first, second = (strokes.write("8", 40, unsteady, random).mask for _ in range(2))
    assert first.shape != second.shape or not np.array_equal(first, second)
    sevens = {strokes.write("7", 40, hand(s, 0.0), random).mask.tobytes() for s in range(12)}
    assert len(sevens) > 2

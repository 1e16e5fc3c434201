import json

import numpy as np
import pytest

from ocr_tf.metrics.alignment import (
    advance,
    centers,
    coverage,
    covered,
    entropies,
    ink_columns,
    ink_distances,
    measure,
    overlaps,
    path_centers,
    rereading,
    returns,
    skips,
    without_ink,
)


def peaks(places, steps):
    """All of each symbol's weight in one step."""
    weights = np.zeros((len(places), steps))
    weights[np.arange(len(places)), places] = 1
    return weights


def spread(key, symbols=9, steps=40):
    """An alignment that runs along the line, with its rows as a softmax gives them."""
    draw = np.random.default_rng(key)
    middle = (np.arange(symbols) + 0.5) * steps / symbols
    logits = -np.square(np.arange(steps) - middle[:, None]) / 8
    weights = np.exp(logits + draw.normal(0, 0.3, (symbols, steps)))
    return weights / weights.sum(axis=1, keepdims=True)


def test_one_peak_a_symbol_evenly_along_the_line():
    found = measure(peaks([2, 6, 10, 14, 18], 20))
    assert (found.symbols, found.advance) == (5, 4)
    assert (found.monotonicity, found.covered) == (1, 1)
    assert (found.entropy, found.relative_entropy, found.rereading) == (0, 0, 0)
    assert (found.skips, found.repeats) == ((), ())
    assert (found.offset, found.distance, found.drifts) == (None, None, None)


def test_weights_spread_evenly_over_each_symbol():
    found = measure(np.kron(np.eye(5), np.full(4, 0.25)))
    assert found.entropy == pytest.approx(np.log(4))
    assert found.relative_entropy == pytest.approx(np.log(4) / np.log(20))
    assert found.covered == pytest.approx(1)
    assert (found.monotonicity, found.rereading) == (1, 0)


def test_an_attention_that_does_not_look():
    found = measure(np.full((4, 16), 1 / 16))
    assert found.relative_entropy == pytest.approx(1)
    assert (found.monotonicity, found.rereading) == (0, 1)
    assert found.repeats == (1, 2, 3)
    assert found.covered == pytest.approx(1)


def test_centers_are_in_the_unit_of_the_edges():
    weights = np.array([[1, 1, 0, 0], [0, 0, 1, 3], [0, 0, 0, 0]], float)
    assert centers(weights) == pytest.approx([1, 3.25, np.nan], nan_ok=True)
    edges = np.array([0, 10, 20, 40, 48])
    assert centers(weights, edges) == pytest.approx([10, (30 + 3 * 44) / 4, np.nan], nan_ok=True)
    assert (advance(weights), advance(weights, edges)) == (4 / 3, 16)


@pytest.mark.parametrize("key", range(3))
def test_what_a_row_sums_to_does_not_matter(key):
    weights = spread(key)
    factors = np.random.default_rng(key).uniform(0.1, 5, (len(weights), 1))
    one = measure(weights).as_dict()
    other = measure((weights * factors).astype(np.float32)).as_dict()
    names = [name for name, value in one.items() if value is not None]
    for name in names:
        assert other[name] == pytest.approx(one[name], rel=1e-5)


@pytest.mark.parametrize("key", range(3))
def test_scaling_the_image_scales_places_alone(key):
    weights, edges = spread(key), np.arange(41.0)
    places = (np.arange(9) + 0.5) * 40 / 9
    one = measure(weights, edges, places=places)
    other = measure(weights, 3 * edges + 7, places=3 * places + 7)
    assert other.advance == pytest.approx(3 * one.advance)
    assert other.distance == pytest.approx(3 * one.distance)
    assert other.offset == pytest.approx(3 * one.offset)
    for name in ("monotonicity", "covered", "entropy", "rereading", "skips", "repeats", "drifts"):
        assert getattr(other, name) == pytest.approx(getattr(one, name))


def test_steps_of_padding_would_count_so_they_are_cut_by_the_edges():
    # Steps that begin behind the image have no width: `encoders.edges` gives such.
    weights = np.pad(peaks([1, 3], 4), ((0, 0), (0, 2)))
    edges = np.array([0, 8, 16, 24, 32, 32, 32])
    assert measure(weights, edges).covered == measure(peaks([1, 3], 4), edges[:5]).covered == 1


# Coverage


def covered_by_hand(weights, middle, half):
    """The weight between middle - half and middle + half, each step's spread evenly over it."""
    return sum(
        weight * max(0.0, min(t + 1, middle + half) - max(t, middle - half))
        for row in weights
        for t, weight in enumerate(row)
    )


@pytest.mark.parametrize("key", range(3))
def test_coverage_is_the_weight_within_an_advance(key):
    weights = spread(key)
    half = 40 / 9 / 2
    for t, value in enumerate(coverage(weights)):
        middle = min(max(t + 0.5, half), 40 - half)
        assert value == pytest.approx(covered_by_hand(weights, middle, half))
    assert coverage(weights).max() > 1  # only the share of the line is cut at 1


def test_what_was_not_read_is_not_covered():
    # The first half of a line read twice, the second never.
    weights = peaks([2, 6, 2, 6], 16)
    assert covered(weights) == pytest.approx(0.5, abs=0.1)
    # Weighed by ink: nothing was missed if the second half is empty, all if the first is.
    first = np.arange(16) < 7
    assert covered(weights, ink=first) == pytest.approx(1)
    assert covered(weights, ink=np.arange(16) >= 9) == pytest.approx(0)
    assert covered(weights, ink=np.zeros(16)) == covered(weights)


# Reading on


def test_rereading_is_the_coverage_loss_symbol_by_symbol():
    weights = spread(0)
    before = np.zeros(40)
    for row, value in zip(weights, rereading(weights)):
        assert value == pytest.approx(np.minimum(row, before).sum())
        before += row
    assert measure(weights).rereading == pytest.approx(rereading(weights)[1:].mean())


def test_a_jump_is_a_skip_and_going_on_from_a_return_is_none():
    # Advance 2; from 3 to 13 five advances are passed.
    assert measure(peaks([1, 3, 13, 15, 17, 19, 21, 23, 25, 27], 20 + 8)).skips == (2,)
    back = measure(peaks([1, 9, 17, 25, 1, 33, 37], 42))
    assert back.skips == ()
    assert back.repeats == returns(np.array([1.5, 9.5, 17.5, 25.5, 1.5, 33.5, 37.5]), 6.0) == (4,)
    assert back.monotonicity == pytest.approx(5 / 6)
    assert skips(np.array([0.0, 3.0, 6.1, 6.0, 9.2]), 1.0) == (2, 4)


def test_a_symbol_read_again_on_the_spot_is_a_repeat():
    found = measure(peaks([1, 4, 4, 7], 8))
    assert found.repeats == overlaps(peaks([1, 4, 4, 7], 8)) == (2,)
    assert returns(centers(peaks([1, 4, 4, 7], 8)), 2.0) == ()
    assert found.monotonicity == pytest.approx(2 / 3)


def test_a_small_step_back_is_no_repeat():
    # Half an advance of 4: reads of wide neighbors may do so.
    found = measure(peaks([2, 8, 6, 14], 16))
    assert found.repeats == () and found.monotonicity == pytest.approx(2 / 3)


def test_symbols_without_weight_have_no_place_and_stop_nothing():
    weights = peaks([1, 3, 5, 7], 8)
    weights[1] = 0
    found = measure(weights, places=np.array([1.5, 3.5, 5.5, 7.5]))
    assert (found.monotonicity, found.distance, found.entropy) == (1, 0, 0)
    assert np.isnan(entropies(weights)[1]) and np.isnan(rereading(weights)[1])
    assert (found.skips, found.repeats, found.drifts) == ((), (), ())
    nothing = measure(np.zeros((3, 8)))
    assert (nothing.monotonicity, nothing.entropy, nothing.rereading, nothing.covered) == (
        None,
        None,
        None,
        0,
    )


# Against the forced path


def test_the_centers_of_a_path():
    path = [-1, 0, 0, -1, 1, 1, 1, -1]
    assert path_centers(path, 3) == pytest.approx([2, 5.5, np.nan], nan_ok=True)
    edges = np.arange(9) * 4
    assert path_centers(path, 2, edges) == pytest.approx([8, 22])


def test_distance_offset_and_drift_from_known_places():
    weights, edges = peaks([2, 6, 10, 14, 18], 20), np.arange(21) * 5
    x = centers(weights, edges)
    found = measure(weights, edges, places=x + [3, -3, 0, 21, np.nan])
    assert found.offset == pytest.approx((-3 + 3 - 21) / 4)
    assert found.distance == pytest.approx((3 + 3 + 21) / 4)
    assert found.drifts == (3,)  # an advance is 20
    assert measure(weights, edges, places=np.full(5, np.nan)).distance is None


# The smallest, JSON, and what is refused


def test_one_symbol_and_one_step():
    found = measure(np.ones((1, 1)))
    assert (found.monotonicity, found.rereading) == (None, None)
    assert (found.entropy, found.relative_entropy, found.covered) == (0, 0, 1)


def test_it_is_json():
    found = measure(spread(0), places=np.zeros(9)).as_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["drifts"]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"weights": np.zeros((0, 4))}, "weights"),
        ({"weights": np.zeros((2, 0))}, "weights"),
        ({"weights": np.zeros(4)}, "weights"),
        ({"weights": np.full((2, 4), -1)}, "weights"),
        ({"weights": np.full((2, 4), np.nan)}, "weights"),
        ({"edges": np.arange(4)}, "edges"),
        ({"edges": np.arange(5)[::-1]}, "edges"),
        ({"edges": np.zeros(5)}, "edges"),
        ({"ink": np.ones(5)}, "ink"),
        ({"ink": np.full(4, -1)}, "ink"),
        ({"places": np.zeros(3)}, "places"),
    ],
)
def test_what_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        measure(**{"weights": np.ones((2, 4)), **changes})


# Ink


def line_with_glyphs():
    """[20, 100] light paper with noise, and two dark glyphs: columns 40 to 49 and 70 to 74."""
    image = np.random.default_rng(0).normal(220, 4, (20, 100))
    image[5:15, 40:50] = 30
    image[8:10, 70:75] = 90
    return np.clip(image, 0, 255).astype(np.uint8)


def test_ink_is_what_differs_clearly_from_the_border_whichever_is_darker():
    expected = [*range(40, 50), *range(70, 75)]
    assert np.flatnonzero(ink_columns(line_with_glyphs())).tolist() == expected
    assert np.flatnonzero(ink_columns(255 - line_with_glyphs())).tolist() == expected


def test_faint_noise_on_an_empty_line_is_no_ink():
    assert not ink_columns(line_with_glyphs()[:, :30]).any()
    assert without_ink(np.array([[0.0, 30.0]]), line_with_glyphs()[:, :30]).tolist() == [True]


def test_distances_count_columns_from_the_span_to_the_nearest_ink():
    spans = np.array(
        [
            [0.0, 3.2],  # columns 0 to 3
            [38.0, 40.1],  # touches column 40
            [38.0, 40.0],  # ends before it
            [55.0, 60.0],  # 50 to 54 lie between it and the first glyph
            [99.7, 100.0],
            [100.0, 100.0],  # without width, at the very end
            [45.0, 45.0],
            [0.0, 100.0],
        ]
    )
    distances = ink_distances(spans, line_with_glyphs())
    assert distances.tolist() == [37, 0, 1, 6, 25, 25, 0, 0]
    assert without_ink(spans, line_with_glyphs()).tolist() == (distances > 0).tolist()
    assert np.isinf(ink_distances(spans, np.full((20, 100), 128, np.uint8))).all()

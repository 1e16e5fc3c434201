from __future__ import annotations

import warnings

import numpy as np
import pytest

from ocr_tf import alignment_plot as plot
from ocr_tf.alignment_plot import LEFT, TITLE, Alignment, alignments


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, [height, width]).astype(np.uint8)


def panel(text: str, steps: int, width: int, at: tuple[int, ...] = (), path=None) -> Alignment:
    """Symbol i has all its weight on step at[i]."""
    weights = np.zeros([len(text), steps], np.float32)
    weights[range(len(at)), list(at)] = 1
    return Alignment("title", tuple(text), weights, np.linspace(0, width, steps + 1), path)


def where(one: np.ndarray, two: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns in which two pictures differ."""
    differ = (one != two).any(axis=2)
    return np.flatnonzero(differ.any(axis=1)), np.flatnonzero(differ.any(axis=0))


@pytest.mark.parametrize("height, width, steps", [(50, 200, 32), (48, 1983, 412), (20, 9000, 2250)])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_weights_lie_over_the_columns_of_their_steps(height, width, steps, share):
    """On the line and in its row, also where a step is less than a pixel wide."""
    image, step = np.full([height, width], 255, np.uint8), int(share * (steps - 1))
    without, with_ = panel("-", steps, width), panel("-", steps, width, (step,))
    one, two = (alignments(image, [p]) for p in (without, with_))
    scale = min((1200 - LEFT - plot.RIGHT) / width, plot.TALLEST / height)
    line = round(height * scale)
    expected = LEFT + without.edges[[step, step + 1]] * scale
    for part in (slice(TITLE, TITLE + line), slice(TITLE + line + 30, None)):
        _, columns = where(one[part], two[part])
        assert abs(columns[0] - expected[0]) <= 1 and abs(columns[-1] + 1 - expected[1]) <= 1


def test_the_path_is_framed_in_the_rows_of_its_symbols():
    image, path = noise(30, 100), np.array([-1, 1, 1, -1, 2] + [-1] * 20)
    one = alignments(image, [panel("abc", 25, 100, (3, 4, 5))])
    two = alignments(image, [panel("abc", 25, 100, (3, 4, 5), path)])
    rows, columns = where(one, two)
    scale = plot.TALLEST / 30
    assert LEFT + 4 * scale <= columns[0] + 1 and columns[-1] <= LEFT + 20 * scale
    assert plot.THICKEST <= rows[-1] - rows[0] <= 2 * plot.THICKEST
    blank = panel("abc", 25, 100, (3, 4, 5), np.full(25, -1))
    np.testing.assert_array_equal(alignments(image, [blank]), one)


def test_words_have_a_picture_each_that_is_tinted_where_their_cells_are():
    image, text = np.full([70, 105], 200, np.uint8), "ab  c"
    cells = np.zeros([len(text), 2, 3], np.float32)
    cells[0, 0, 0] = cells[1, 0, 1] = cells[4, 1, 2] = 1
    assert [word for word, _ in plot.word_maps(text, cells)] == ["ab", "c"]
    np.testing.assert_array_equal(plot.word_maps(text, cells)[0][1], [[0.5, 0.5, 0], [0, 0, 0]])
    line = Alignment("title", tuple(text), cells.sum(axis=1), np.array([0, 40, 80, 105]))
    picture = alignments(image, [line._replace(cells=cells)])
    blank = alignments(image, [line._replace(cells=0 * cells)])
    scale, step = 2, 2 * 105 + plot.BESIDE
    rows, columns = where(picture[:, : plot.BESIDE + step], blank[:, : plot.BESIDE + step])
    assert (rows[0], rows[-1]) == (TITLE, TITLE + 35 * scale - 1)
    assert (columns[0], columns[-1]) == (plot.BESIDE, plot.BESIDE + 80 * scale - 1)
    rows, columns = where(picture[:, plot.BESIDE + step :], blank[:, plot.BESIDE + step :])
    assert (rows[0], rows[-1]) == (TITLE + 35 * scale, TITLE + 70 * scale - 1)
    assert (columns[0], columns[-1]) == (80 * scale, 105 * scale - 1)
    both = alignments(image, [line, line._replace(cells=cells)])
    np.testing.assert_array_equal(both[-len(picture) :], picture)


def test_a_symbol_without_ink_stands_in_a_dashed_box():
    image, line = noise(30, 100), panel("abc", 25, 100, (3, 14))
    plain = alignments(image, [line])
    np.testing.assert_array_equal(
        alignments(image, [line._replace(without_ink=np.zeros(3, bool))]), plain
    )
    marked = alignments(image, [line._replace(without_ink=np.array([False, True, True]))])
    rows, columns = where(plain[TITLE:], marked[TITLE:])  # `c` has no place and gets no box
    scale, top = plot.TALLEST / 30, round(plot.TALLEST)
    middle = LEFT + 14.5 * 4 * scale
    assert columns[0] < middle < columns[-1] and columns[-1] - columns[0] < 40
    assert top <= rows[0] and rows[-1] - rows[0] < plot.LARGE + 10
    side = (marked[TITLE + rows[0] : TITLE + rows[-1] + 1, columns[0]] == 0).all(axis=1)
    assert 0.3 < side.mean() < 0.8  # dashes
    assert (plain[:TITLE] != marked[:TITLE]).any()  # says what the dashes mean


def test_panels_stand_one_above_the_other():
    image = noise(30, 100)
    first, second = panel("abc", 25, 100, (1, 2, 3)), panel("äb", 25, 100, (3, 4))
    both = alignments(image, [first, second])
    alone = [alignments(image, [p]) for p in (first, second)]
    np.testing.assert_array_equal(both, np.concatenate(alone))


SCRIPTS = "a京ͤ\u0301 \u00ad\u200d𝔄אب$_^\\\t\0\ue000\ud7ff"


def test_symbols_of_any_script_are_drawn_without_a_word(capfd):
    """Also what the font lacks, what cannot be seen and what would be markup elsewhere."""
    count = len(SCRIPTS)
    drawing = panel(SCRIPTS, 40, 160, tuple(range(count)))._replace(title=SCRIPTS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, two = (alignments(noise(32, 160), [drawing]) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert capfd.readouterr() == ("", "")
    rows = one[-plot.GAP - plot.SCALE - count * plot.THICKEST :][: count * plot.THICKEST, :LEFT]
    assert (rows.reshape(count, -1) < 128).any(axis=1).all()  # every row is named


@pytest.mark.parametrize(
    "height, width, steps", [(1, 1, 1), (5000, 2, 1), (2, 5000, 1250), (1, 9, 3)]
)
@pytest.mark.parametrize("text", ["", "a", "ab" * 150])
@pytest.mark.parametrize("room", [1, 1200])
def test_any_size_is_drawn(height, width, steps, text, room):
    at = tuple(np.arange(len(text)) % steps)
    drawing = panel(text, steps, width, at, np.zeros(steps, int) - 1)
    picture = alignments(noise(height, width), [drawing._replace(title="long " * 200)], room)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    assert picture.shape[1] <= max(room, plot.NARROWEST)

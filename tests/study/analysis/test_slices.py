import numpy as np
import pytest

from ocr_tf.study.analysis import slices
from ocr_tf.study.analysis.slices import Features, Members
from tests.study.analysis.grids import grid


def masks(references, **kwargs):
    return {(m.family, m.name): m.mask.tolist() for m in slices.members(references, **kwargs)}


def test_values_are_cut_at_their_quartiles_and_equal_values_stay_together():
    parts = slices.cut("length", "{} symbols", [5, 1, 2, 3, 4, 6, 7, 8])
    assert [(p.name, np.flatnonzero(p.mask).tolist()) for p in parts] == [
        ("1 to 2 symbols", [1, 2]),
        ("3 to 4 symbols", [3, 4]),
        ("5 to 6 symbols", [0, 5]),
        ("7 to 8 symbols", [6, 7]),
    ]
    tied = slices.cut("length", "{}", [5, 5, 5, 5, 5, 5, 9, 9])
    assert [(p.name, int(p.mask.sum())) for p in tied] == [("5", 6), ("9", 2)]
    assert [p.name for p in slices.cut("length", "{}", [5, 5, 5])] == ["5"]


def test_every_line_with_a_value_is_in_exactly_one_part():
    values = np.random.default_rng(0).normal(size=101)
    values[[3, 50]] = np.nan
    parts = slices.cut("any", "{}", values)
    assert (
        np.sum([p.mask for p in parts], axis=0).tolist() == np.isfinite(values).astype(int).tolist()
    )
    assert slices.cut("any", "{}", [np.nan, np.nan]) == []


def test_names_tell_parts_apart_that_few_digits_would_not():
    names = [p.name for p in slices.cut("aspect", "{}", [4.0001, 4.0002, 4.0003, 4.0004])]
    assert names == ["4.0001", "4.0002", "4.0003", "4.0004"]


@pytest.mark.parametrize("text, run", [("", 0), ("a", 1), ("abab", 1), ("book", 2), ("111", 3)])
def test_the_longest_run(text, run):
    assert slices.longest_run(text) == run


def test_slices_by_what_the_references_say():
    found = masks(["hello", "Ab", "a1.", "xxx", "né e"])
    run = "longest run of a repeated symbol"
    assert found[run, "no symbol repeated"] == [False, True, True, False, True]
    assert found[run, "2 symbols"] == [True, False, False, False, False]
    assert found[run, "3 symbols or more"] == [False, False, False, True, False]
    assert found["contains", "a digit"] == [False, False, True, False, False]
    assert found["contains", "an upper-case letter"] == [False, True, False, False, False]
    assert found["contains", "punctuation or a sign"] == [False, False, True, False, False]
    assert found["contains", "white space"] == [False, False, False, False, True]
    assert found["contains", "a symbol outside ASCII"] == [False, False, False, False, True]


def test_slices_of_all_lines_or_of_none_are_left_out():
    assert not any(m.mask.all() or not m.mask.any() for m in slices.members(["ab", "cd", "ef"]))


def test_slices_by_what_training_held():
    trained = ["a" * 200 + " word", "b" * 20, "c", "Word"]
    found = masks(["aa", "ab", "abc", "abcz", "", "word", "word b"], trained=trained)
    rare = "rarest symbol in training"
    assert found[rare, "never seen"] == [False, False, False, True, False, False, False]
    # c, w, o, r and d stand once or twice in these lines, b 20 times.
    assert found[rare, "seen 1 to 9 times"] == [False, False, True, False, False, True, True]
    assert found[rare, "seen 10 to 99 times"] == [False, True, False, False, False, False, False]
    assert found[rare, "seen 100 times or more"] == [True] + [False] * 6
    words = "words in training"
    assert found[words, "all seen"] == [False] * 5 + [True, False]
    assert found[words, "one or more unseen"] == [True] * 4 + [False, False, True]


def test_words_are_compared_as_they_stand():
    found = masks(["Word", "word"], trained=["word"])
    assert found["words in training", "all seen"] == [False, True]


def test_the_features_of_an_image():
    flat = slices.features(np.full((10, 40), 200, np.uint8))
    assert flat == Features(height=10, aspect=4, contrast=0, sharpness=0)
    striped = np.zeros((10, 40), np.uint8)
    striped[:, ::2] = 100
    # Half the pixels 50 above the mean, half 50 below; the Laplacian is 200 and -200.
    assert slices.features(striped) == Features(10, 4, 50, 40000)
    assert np.isnan(slices.features(None)).all()


def test_a_line_without_an_image_is_in_no_slice_of_looks():
    looks = [Features(10, i, i, i) for i in range(1, 9)] + [Features(*[float("nan")] * 4)]
    found = slices.members(["a"] * 9, images=looks)
    assert {m.family for m in found} == {"aspect ratio", "contrast", "sharpness", "image height"}
    assert not any(m.mask[-1] for m in found)


def planted(lines=160, seeds=3):
    """B misreads lines of more than ten symbols, A and B all others alike."""
    draw = np.random.default_rng(1)
    references = [
        "".join(draw.choice(list("abcdef"), size)) for size in draw.integers(4, 17, lines)
    ]
    readings = {"a": [], "b": []}
    for condition, rows in readings.items():
        for _ in range(seeds):
            chance = [0.3 + 0.5 * (condition == "b" and len(r) > 10) for r in references]
            wrong = draw.random(lines) < chance
            rows.append([r[1:] if bad else r for r, bad in zip(references, wrong)])
    return grid(references, readings)


def test_a_planted_failure_on_long_lines_shows_there_and_nowhere_else():
    there = planted()
    long = np.array([len(r) > 10 for r in there.references])
    odd = np.arange(len(long)) % 2 == 1
    parts = [Members("length", "long", long), Members("length", "short", ~long)]
    parts += [Members("place", "odd", odd), Members("place", "even", ~odd)]
    told = slices.compare(there, parts, "exact")
    by_name = {s.name: s.differences[0] for s in told}
    assert by_name["long"].p_adjusted < 0.01 and by_name["long"].inside.high < -0.2
    assert by_name["long"].against_rest.value < -0.2
    assert by_name["short"].inside.low < 0 < by_name["short"].inside.high
    assert by_name["odd"].p_adjusted > 0.05 and by_name["even"].p_adjusted > 0.05
    lengths = {s.name: s for s in told}
    assert lengths["long"].indices == tuple(np.flatnonzero(long))
    wrong = there.errors("b", "exact")[:, long].mean()
    assert lengths["long"].rates["b"].value == pytest.approx(wrong)


def test_small_slices_have_rates_and_no_intervals():
    there = planted()
    few = np.arange(len(there.ids)) < 20
    (told,) = slices.compare(there, [Members("place", "first", few)], "cer")
    assert told.rates["a"].low is None and "20 lines" in told.rates["a"].withheld
    assert 0 < told.rates["a"].value < 1
    assert told.differences[0].inside is None and told.differences[0].p_adjusted is None


def test_one_seed_asks_about_these_models():
    there = planted(seeds=1)
    half = np.arange(len(there.ids)) < 80
    (told,) = slices.compare(there, [Members("place", "half", half)], "cer")
    assert told.differences[0].inside.target == "models"
    assert told.rates["a"].target == "models" and told.rates["a"].low is not None


def test_slices_whose_references_normalize_to_nothing_are_left_out():
    there = grid(
        ["...", "ab"] * 30, {"a": [["", "ab"] * 30], "b": [["", "a"] * 30]}, "alphanumeric"
    )
    told = slices.compare(there, slices.members(there.references), "cer")
    assert "punctuation or a sign" not in {s.name for s in told}

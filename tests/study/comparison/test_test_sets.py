"""Several test sets of a study: which line is of which set, and what is said of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ocr_tf.data.dataset import open_sources
from ocr_tf.data.png import encode_png
from ocr_tf.errors import InputError
from ocr_tf.metrics import paired
from ocr_tf.metrics.failures import NOT_ALIGNED, FailedRun, Failures
from ocr_tf.study import shared_lines
from ocr_tf.study.comparison.statistics import outcomes
from ocr_tf.study.comparison.test_sets import over_test_sets, sets_of, short_names
from ocr_tf.study.report import page, test_sets
from tests.study import fake

SPECS = ("synthetic:digits:count=20:split=test", "synthetic:words:count=30:split=test")


def grid(specs=SPECS, seeds=3):
    """Random readings of the lines of some sources, in another order than that of the sources."""
    ids = [sample.id for sample in open_sources(specs).samples]
    made = fake.grid(lines=len(ids), seeds=seeds)
    cells = {
        name: [
            cell._replace(
                results=dataclasses.replace(cell.results, test=tuple(specs)),
                predictions=[p._replace(id=i) for i, p in zip(ids[::-1], cell.predictions)],
            )
            for cell in row
        ]
        for name, row in made.cells.items()
    }
    return dataclasses.replace(made, cells=cells, ids=ids[::-1])


def test_every_line_keeps_the_name_of_its_set():
    assert sets_of(grid()) == (SPECS[1],) * 30 + (SPECS[0],) * 20
    assert sets_of(grid(SPECS[:1])) is None


def test_sets_whose_labels_are_gone_are_not_guessed():
    made = grid()
    for row in made.cells.values():
        for i, cell in enumerate(row):
            gone = dataclasses.replace(cell.results, test=("a/none.tsv", "b/none.tsv"))
            row[i] = cell._replace(results=gone)
    assert sets_of(made) is None and over_test_sets(made, "cer") == ()


@pytest.mark.parametrize(
    "specs, names",
    [
        (("x/icdar/test.tsv", "x/iiit5k/test.tsv"), ["icdar", "iiit5k"]),
        (("x/hard.tsv", "x/easy.tsv"), ["hard", "easy"]),
        (("x/a/test.tsv", "y/a/test.tsv"), ["x/a/test.tsv", "y/a/test.tsv"]),
        (SPECS, list(SPECS)),
    ],
)
def test_sets_are_named_as_shortly_as_tells_them_apart(specs, names):
    assert short_names(specs) == names


def test_each_set_is_compared_by_itself_and_the_pooled_figure_is_the_verdicts():
    made = grid()
    (over,) = over_test_sets(made, "cer")
    a, b = (outcomes(made, name, "cer") for name in made.conditions)
    words, digits = over.recipes.sets
    assert words.comparison == paired.recipes(
        a.take(np.arange(50) < 30), b.take(np.arange(50) < 30)
    )
    assert digits.comparison.units == 20
    assert over.micro == paired.recipes(a, b)
    assert over.macro.value == pytest.approx((words.comparison.value + digits.comparison.value) / 2)
    assert over.recipes.summary is None and over.recipes.a_better.independent is None
    assert over.models.summary.sets == 2


def test_a_set_that_is_too_small_leaves_the_sets_out():
    assert over_test_sets(grid((SPECS[0].replace("20", "1"), SPECS[1])), "cer") == ()


def test_the_page_has_a_row_for_each_set_their_mean_and_the_pool():
    made = grid()
    report = dataclasses.replace(
        fake.report(fake.grid(lines=50)), test_sets=over_test_sets(made, "cer")
    )
    content, _ = page.render(report, fake.LineImages(report))
    for text in (*SPECS, "mean of the sets", "all lines pooled", "The verdict is about all lines"):
        assert text in content
    runs = [FailedRun(seed, NOT_ALIGNED, 0.9, 0.9) for seed in range(3)]
    (over,) = over_test_sets(made, "cer", {"ctc": Failures.of("ctc", 3, runs)})
    assert {row.interval for row in test_sets.word(over).rows} == {"withheld"}


def test_test_sets_that_share_an_image_are_refused(tmp_path):
    draw = np.random.default_rng(0)
    images = [encode_png(draw.integers(0, 256, (20, 40), np.uint8)) for _ in range(3)]
    for name, chosen in (("a", images[:2]), ("b", images[1:])):
        (tmp_path / name).mkdir()
        for i, data in enumerate(chosen):
            (tmp_path / name / f"{i}.png").write_bytes(data)
        (tmp_path / name / "test.tsv").write_text("0.png\tx\n1.png\ty\n")
    specs = [str(tmp_path / name / "test.tsv") for name in "ab"]
    with pytest.raises(InputError, match=r"b/test.tsv:1 has the image of .*a/test.tsv:2.*another"):
        shared_lines._test_images(specs)
    assert len(shared_lines._test_images(specs[:1])) == 2


def test_all_intervals_are_at_the_confidence_of_the_look():
    made = grid()
    (usual,), (sure,) = over_test_sets(made, "cer"), over_test_sets(made, "cer", confidence=0.9948)
    for one, other in zip(
        (
            usual.macro,
            usual.micro,
            *(s.comparison for s in (*usual.recipes.sets, *usual.models.sets)),
        ),
        (sure.macro, sure.micro, *(s.comparison for s in (*sure.recipes.sets, *sure.models.sets))),
    ):
        assert other.confidence == 0.9948 and other.high - other.low > one.high - one.low
    assert sure.models.summary.confidence == 0.9948
    assert sure.recipes.a_better.alpha == pytest.approx(0.0026)
    assert "99.48" in " ".join(test_sets.word(sure).models)

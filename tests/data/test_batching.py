import numpy as np
import pytest

from ocr_tf.data.batching import Course, Mixture, plan


def sizes(batches):
    return [len(batch) for batch in batches]


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_line_once_and_all_batches_full_but_one(shuffle):
    random = np.random.default_rng(0)
    for _ in range(60):
        count, size = int(random.integers(0, 900)), int(random.integers(1, 40))
        widths = random.integers(1, 2000, count)
        batches = plan(widths, 1, 2, size, shuffle)
        assert sorted(np.concatenate([[], *batches])) == list(range(count))
        assert sorted(sizes(batches), reverse=True) == [size] * (count // size) + (
            [count % size] if count % size else []
        )


def test_a_plan_is_a_function_of_its_key():
    widths = np.random.default_rng(0).integers(20, 2000, 500)

    def flat(*key):
        return np.concatenate(plan(widths, *key, 16)).tolist()

    assert flat(3, 4) == flat(3, 4)
    assert len({tuple(flat(*key)) for key in [(3, 4), (3, 5), (4, 4), (4, 3)]}) == 4


def test_batches_are_of_similar_width_in_random_order():
    widths = np.random.default_rng(0).integers(20, 2000, 8000)
    batches = plan(widths, 0, 0, 32)
    spread = np.mean([np.ptp(widths[batch]) for batch in batches])
    assert spread < 0.1 * np.ptp(widths)
    means = np.array([widths[batch].mean() for batch in batches])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.2


def test_neighbors_change_between_epochs():
    widths = np.random.default_rng(0).integers(20, 2000, 3200)
    pairs = [
        {(a, b) for batch in plan(widths, 0, epoch, 32) for a in batch for b in batch if a < b}
        for epoch in (0, 1)
    ]
    assert len(pairs[0] & pairs[1]) < 0.2 * len(pairs[0])


def test_evaluation_goes_by_width_then_by_order():
    assert [b.tolist() for b in plan([5, 3, 5, 1, 3], 9, 9, 2, shuffle=False)] == [
        [3, 1],
        [4, 0],
        [2],
    ]


def test_a_batch_holds_something():
    with pytest.raises(ValueError):
        plan([1, 2], 0, 0, 0)


def columns_of(widths, batches):
    return [len(batch) * int(widths[batch].max()) for batch in batches]


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_bound_on_columns_cuts_batches(shuffle):
    random = np.random.default_rng(0)
    for _ in range(40):
        count, size = int(random.integers(1, 600)), int(random.integers(1, 40))
        widths = random.integers(1, 3000, count)
        batches = plan(widths, 1, 2, size, shuffle, columns=5000)
        assert sorted(np.concatenate(batches)) == list(range(count))
        assert all(
            columns <= 5000 or len(batch) == 1
            for columns, batch in zip(columns_of(widths, batches), batches)
        )
        unbounded = plan(widths, 1, 2, size, shuffle)
        fitting = [
            len(b) == 1 or c <= 5000 for c, b in zip(columns_of(widths, unbounded), unbounded)
        ]
        if all(fitting):
            assert [b.tolist() for b in batches] == [b.tolist() for b in unbounded]


def test_a_course_with_a_bound_opens_at_any_step():
    widths = np.random.default_rng(0).integers(20, 2000, 300)

    def course():
        return Course(widths, 3, 16, 200, columns=8000)

    whole = [
        (course_.epoch(step), course_[step].tolist())
        for course_ in [course()]
        for step in range(200)
    ]
    for step in (199, 0, 77):
        opened = course()
        assert (opened.epoch(step), opened[step].tolist()) == whole[step]
    for epoch in range(whole[-1][0]):
        lines = [line for e, batch in whole if e == epoch for line in batch]
        assert sorted(lines) == list(range(300))
    assert course().steps_per_epoch == sum(epoch == 0 for epoch, _ in whole)


def test_a_mixture_draws_by_weight_and_none_again_before_all():
    owners = np.repeat([0, 1, 2], [700, 200, 100])
    mixture = Mixture(owners, [1, 1, 2])
    assert mixture.counts.tolist() == [250, 250, 500]
    stream = [[], [], []]
    for epoch in range(7):
        drawn = mixture.lines(5, epoch)
        assert len(drawn) == 1000
        assert np.bincount(owners[drawn]).tolist() == [250, 250, 500]
        for line in drawn.tolist():
            stream[owners[line]].append(line)
    for k, size in enumerate((700, 200, 100)):
        for start in range(0, len(stream[k]) - size + 1, size):
            assert len(set(stream[k][start : start + size])) == size
    assert mixture.lines(5, 3).tolist() == mixture.lines(5, 3).tolist()
    assert mixture.lines(5, 3).tolist() != mixture.lines(6, 3).tolist()
    batches = plan(np.ones(1000), 5, 3, 32, mixture=mixture)
    assert sorted(np.concatenate(batches)) == sorted(mixture.lines(5, 3))
    with pytest.raises(ValueError):
        Mixture(np.zeros(3, int), [1, 1])

import numpy as np
import pytest

from ocr_tf.data.batching import plan


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

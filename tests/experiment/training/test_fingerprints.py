import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.data import pipeline
from ocr_tf.data.batching import Course
from ocr_tf.data.cache import LineCache
from ocr_tf.experiment.training import splits
from ocr_tf.experiment.training.fingerprints import of_batches, of_rows
from tests.experiment import tiny

STEPS = 6  # of five in an epoch


@pytest.fixture(scope="module")
def roles():
    return splits.prepare(tiny.experiment())


def batches(roles, seed=0, labels=None, lines=None, augment_seed=0, **options):
    lines = lines or roles.train
    course = Course(lines.widths, seed, 8, STEPS)
    geometry = tiny.experiment().geometry
    labels = labels or roles.labels
    return list(
        pipeline.batches(lines, labels, course, geometry, augment_seed=augment_seed, **options)
    )


def chained(batches, before=""):
    for batch in batches:
        before = of_batches(before, of_rows(batch, slice(None)))
    return before


def test_the_same_batches_have_the_same_hash_wherever_a_run_was_resumed(roles):
    whole = chained(batches(roles))
    with LineCache(1) as cache:
        first = chained(batches(roles, cache=cache)[:4])
    assert chained(batches(roles, start=4), first) == whole


def test_whatever_differs_changes_the_hash(roles):
    whole = batches(roles)
    labels = [list(label) for label in roles.labels]
    labels[3][-1] = (labels[3][-1] + 1) % 10
    hashes = [
        chained(whole),
        chained(whole[:-1]),
        chained(whole[::-1]),
        chained(batches(roles, seed=1)),
        chained(batches(roles, augment_seed=1)),
        chained(batches(roles, augment_seed=None)),
        chained(batches(roles, labels=labels)),
    ]
    last = int(whole[2].images.widths[-1]) - 1
    for place in ((0, 0, 0, 0), (-1, -1, last, 0)):
        pixels = whole[2].images.values.numpy()
        pixels[place] = np.nextafter(pixels[place], np.float32(2))
        changed = whole[2]._replace(images=whole[2].images._replace(values=tf.constant(pixels)))
        hashes.append(chained([*whole[:2], changed, *whole[3:]]))
    assert len(set(hashes)) == len(hashes)


def test_what_workers_hash_of_their_rows_is_what_one_hashes_of_all(roles):
    whole = batches(roles)
    hashes = np.zeros([STEPS, 8, 2], np.int32)
    for number in range(3):
        shard = pipeline.WorkerShard(number, 3)
        for step, batch in enumerate(batches(roles, shard=shard)):
            rows = shard.rows(len(batch.ok))
            assert batch.ok.numpy()[rows].all() and batch.ok.numpy().sum() == rows.stop - rows.start
            hashes[step, : len(batch.ok)] += of_rows(batch, rows)
    for batch, joined in zip(whole, hashes):
        np.testing.assert_array_equal(joined[: len(batch.ok)], of_rows(batch, slice(None)))

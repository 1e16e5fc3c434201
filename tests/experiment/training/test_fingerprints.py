import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.data import pipeline
from ocr_tf.data.batching import Course
from ocr_tf.data.cache import LineCache
from ocr_tf.experiment.training import splits
from ocr_tf.experiment.training.fingerprints import of_batches
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
        before = of_batches(before, batch)
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
    for place in ((0, 0, 0, 0), (-1, -1, -1, 0)):
        pixels = whole[2].images.values.numpy()
        pixels[place] = np.nextafter(pixels[place], np.float32(2))
        changed = whole[2]._replace(images=whole[2].images._replace(values=tf.constant(pixels)))
        hashes.append(chained([*whole[:2], changed, *whole[3:]]))
    assert len(set(hashes)) == len(hashes)

import shutil
import tempfile
import threading

import numpy as np
import pytest

from ocr_tf.data import cache as module
from ocr_tf.data.cache import LineCache


def image(i, width=50):
    return np.random.default_rng(i).uniform(-1, 1, [16, width]).astype(np.float32)


def key(i):
    return i.to_bytes(32, "big")


def fill(cache, number):
    for i in range(number):
        cache.put(key(i), image(i, 50 + i))


def same(cache, numbers):
    for i in numbers:
        np.testing.assert_array_equal(cache.get(key(i)), image(i, 50 + i))


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("megabytes", [0, 0.02, 100])
def test_what_is_put_in_comes_out_from_memory_and_disk(megabytes, temporary):
    with LineCache(megabytes) as cache:
        fill(cache, 20)
        same(cache, [7, *range(20), 0])
        assert cache.get(key(20)) is None
        in_memory = [held for held in cache._held.values() if isinstance(held, np.ndarray)]
        assert sum(held.nbytes for held in in_memory) <= megabytes * 1e6
        assert len(in_memory) < 20 or megabytes == 100
    assert cache.get(key(0)) is None
    assert list(temporary.iterdir()) == []


def test_a_later_change_of_what_was_put_in_changes_nothing(temporary):
    with LineCache(1) as cache:
        mine = image(0)
        cache.put(key(0), mine)
        mine[:] = 0
        np.testing.assert_array_equal(cache.get(key(0)), image(0))


def test_no_more_than_a_share_of_the_disk_is_taken(temporary, monkeypatch, capsys):
    free = shutil.disk_usage(temporary)._replace(free=4 * 16 * 4 * 200)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: free)
    with LineCache(0) as cache:
        fill(cache, 20)
        assert len(cache) == 3  # of 50, 51 and 52 columns
        same(cache, range(3))
        assert cache.get(key(3)) is None
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "--data.cache_mb" in said and str(temporary) in said


def test_a_disk_that_fails_costs_time_alone(temporary, capsys):
    class Failing:
        def __init__(self, file):
            self.file, self.seek, self.close = file, file.seek, file.close
            self.reads, self.writes = file.readinto, file.write

        def write(self, data):
            return self.writes(data[:99])  # as where the disk is full

        def readinto(self, data):
            raise OSError(5, "Input/output error")

    with LineCache(0) as cache:
        fill(cache, 4)
        cache._file = Failing(cache._file)
        cache.put(key(4), image(4))
        cache.put(key(5), image(5))
        assert capsys.readouterr().err.count("warning") == 1
        assert len(cache) == 4
        assert cache.get(key(1)) is None and len(cache) == 3


def test_a_folder_that_takes_no_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with LineCache(0) as cache:
        fill(cache, 2)
        assert len(cache) == 0
    assert capsys.readouterr().err.count("warning") == 1


def test_threads_may_share_it(temporary):
    with LineCache(0.05) as cache:
        failures = []

        def work():
            fill(cache, 60)
            try:
                same(cache, range(60))
            except AssertionError as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures

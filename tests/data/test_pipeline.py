import threading

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from ocr_tf.data.augment.augmenter import Augmenter
from ocr_tf.data.augment.options import Augment
from ocr_tf.data.batching import Course, plan
from ocr_tf.data.cache import LineCache
from ocr_tf.data.dataset import open_sources
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import prepare
from ocr_tf.data.lines import lines_fingerprint, load_lines, shared_images, split_lines
from ocr_tf.data.pipeline import AHEAD, batches, pad, pad_images, sample_keys
from ocr_tf.errors import InputError

from .images import encode, line, noise, png_header

GEOMETRY = Geometry(16)


@pytest.fixture
def folder(tmp_path):
    """Twenty lines of growing width, seven of them unusable."""
    data = tmp_path / "lines"
    data.mkdir()
    rows = []
    for i in range(20):
        (data / f"{i}.png").write_bytes(line(20, 30 + 5 * i, seed=i))
        rows.append(f"{i}.png\t{'ab' * (i % 4)}\n")
    (data / "1.png").unlink()
    (data / "3.png").write_bytes(b"")
    (data / "5.png").write_bytes(b"not an image")
    (data / "7.png").write_bytes(line()[:100])
    (data / "9.png").write_bytes(png_header(30000, 30000))
    (data / "11.png").write_bytes(encode(noise(2, 5000)))
    (data / "13.webp").write_bytes(encode(noise(9, 9), "WebP")[:20])
    rows[13] = rows[13].replace("png", "webp")
    (data / "labels.tsv").write_text("".join(rows))
    return data


@pytest.fixture
def lines(folder):
    return load_lines(open_sources([str(folder)]), GEOMETRY)


def labels_of(lines):
    return [[ord(symbol) - ord("a") for symbol in text] for text in lines.texts]


def same(first, second):
    tf.nest.map_structure(np.testing.assert_array_equal, first, second)


def test_bad_images_are_listed_with_place_and_reason(lines, folder):
    assert len(lines) == 13 and len(lines.bad) == 7
    reasons = {bad.sample.place.rsplit(":")[-1]: str(bad) for bad in lines.bad}
    expected = {
        "2": "No such file",
        "4": "zero bytes",
        "6": "not an image",
        "8": "truncated",
        "10": "30000x30000",
        "12": "40000 pixels wide",
        "14": "WebP",
    }
    assert list(reasons) == list(expected)
    for number, words in expected.items():
        assert words in reasons[number]
        assert reasons[number].startswith(f"{folder}/labels.tsv:{number}: ")
        assert reasons[number].count("labels.tsv") == 1
    assert list(lines.ids)[:2] == ["lines/0.png", "lines/2.png"]
    assert lines.widths[:2].tolist() == [24, 32]
    assert lines.read(1) == (folder / "2.png").read_bytes()
    assert lines.origin(1) == str(folder / "2.png")


def test_evaluation_keeps_bad_images_with_ok_false(folder):
    lines = load_lines(open_sources([str(folder)]), GEOMETRY, keep_bad=True)
    assert len(lines) == 20 and len(lines.bad) == 7
    order = plan(lines.widths, 0, 0, 8, shuffle=False)
    ok = {}
    for batch in batches(lines, labels_of(lines), order, GEOMETRY):
        ok.update(zip(batch.samples.numpy().tolist(), batch.ok.numpy().tolist()))
    assert sorted(ok) == list(range(20))
    assert [i for i in ok if not ok[i]] == [1, 3, 5, 7, 9, 11, 13]


def test_no_usable_image_is_an_error(tmp_path):
    (tmp_path / "labels.tsv").write_text("a.png\tx\nb.png\ty\n")
    with pytest.raises(InputError, match="labels.tsv:1: .*No such file"):
        load_lines(open_sources([str(tmp_path)]), GEOMETRY)


def test_batches_follow_the_plan(lines):
    labels = labels_of(lines)
    order = plan(lines.widths, 0, 0, 4)
    seen = list(batches(lines, labels, order, GEOMETRY))
    assert [b.samples.numpy().tolist() for b in seen] == [p.tolist() for p in order]
    for batch in seen:
        assert batch.ok.numpy().all()
        assert batch.images.widths.numpy().tolist() == lines.widths[batch.samples].tolist()
        for row, i in enumerate(batch.samples.numpy()):
            length = batch.labels.lengths[row].numpy()
            assert batch.labels.ids[row].numpy().tolist()[:length] == labels[i]
            assert (batch.labels.ids[row, length:].numpy() == -1).all()
            alone = prepare(tf.constant(lines.read(i)), GEOMETRY).numpy()
            read = batch.images.values[row, :, : alone.shape[1]].numpy()
            np.testing.assert_allclose(read, alone, rtol=0, atol=1e-4)


def test_opening_at_a_step_gives_the_rest(lines):
    order = plan(lines.widths, 0, 3, 3)
    options = {"augment_seed": 3, "multiple": 8}
    whole = list(batches(lines, labels_of(lines), order, GEOMETRY, **options))
    assert len(whole) == 5
    for start in (0, 2, 4, 5):
        tail = list(batches(lines, labels_of(lines), order, GEOMETRY, start=start, **options))
        assert len(tail) == 5 - start
        for one, two in zip(tail, whole[start:]):
            same(one, two)


def test_augmentation_depends_on_seed_epoch_and_sample_alone(lines):
    everything = [np.arange(len(lines))]

    options = {"augmenter": Augmenter(Augment.of(share=1))}

    def images(seed, order=everything, of=lines, start=0):
        found, labels = {}, labels_of(of)
        drawn = {"augment_seed": seed, "start": start, **options}
        for batch in batches(of, labels, order, GEOMETRY, **drawn):
            for row, i in enumerate(batch.samples.numpy()):
                width = int(batch.images.widths[row])
                found[of.sample(i).id] = batch.images.values[row, :, :width].numpy().tobytes()
        return found

    first = images(0)
    assert images(0, plan(lines.widths, 0, 0, 2)) == first
    some = lines.take([4, 2, 9])
    part = images(0, [np.array([2, 0, 1])], some)
    assert part == {name: first[name] for name in some.ids}
    course = Course(lines.widths, 5, 4, 8)  # 15 lines: 4 steps an epoch
    assert course.steps_per_epoch == 4
    second = images(0, course, start=4)
    assert not set(second.values()) & set(first.values())
    assert not set(images(1).values()) & set(first.values())


def test_a_line_gets_no_narrower_than_its_label_allows(lines):
    labels = [[0] * (i + 1) for i in range(len(lines))]
    order = [np.arange(len(lines))]
    narrow = Augmenter(Augment.of(share=1, scaling=(0.5, 1.0)))

    def widths(bound):
        options = {"augment_seed": 0, "augmenter": narrow, "least_width": bound}
        (batch,) = batches(lines, labels, order, GEOMETRY, **options)
        return batch.images.widths.numpy()

    free = widths(lambda ids: 1)
    assert (free < lines.widths).any()
    assert (widths(lambda ids: None) >= lines.widths).all()
    np.testing.assert_array_equal(
        widths(lambda ids: 20 * len(ids)), np.maximum(free, 20 * (1 + np.arange(len(lines))))
    )


def test_a_course_is_the_plans_of_its_epochs():
    widths = np.arange(15)
    course = Course(widths, 7, 4, 10)
    assert len(course) == 10
    for step in (9, 0, 5, 4, 3):  # in any order
        expected = plan(widths, 7, step // 4, 4)[step % 4]
        np.testing.assert_array_equal(course[step], expected)
        assert course.epoch(step) == step // 4


def test_a_fixed_width_survives_augmentation(folder):
    fixed = Geometry(16, 50)
    lines = load_lines(open_sources([str(folder)]), fixed)
    order = [np.arange(len(lines))]
    (batch,) = batches(lines, labels_of(lines), order, fixed, augment_seed=0)
    assert batch.images.values.shape == [len(lines), 16, 50, 1]


def test_an_image_that_vanishes_is_not_ok(lines, folder):
    (folder / "0.png").unlink()
    (batch,) = batches(lines, labels_of(lines), [np.arange(3)], GEOMETRY)
    assert batch.ok.numpy().tolist() == [False, True, True]


@pytest.mark.parametrize("megabytes", [0, 0.01, 10])
@pytest.mark.parametrize("seed", [None, 3])
def test_a_cache_of_any_size_changes_no_bit(lines, megabytes, seed):
    course = Course(lines.widths, 0, 4, 9)  # more than two epochs
    options = {"augment_seed": seed, "multiple": 8}
    plain = list(batches(lines, labels_of(lines), course, GEOMETRY, **options))
    with LineCache(megabytes) as cache:
        kept = list(batches(lines, labels_of(lines), course, GEOMETRY, cache=cache, **options))
        assert len(cache) == len(lines)
        later = batches(lines, labels_of(lines), course, GEOMETRY, start=5, cache=cache, **options)
        for one, two in zip([*plain, *plain[5:]], [*kept, *later]):
            same(one, two)


def test_what_is_cached_is_not_read_again(lines, folder):
    order = [np.arange(len(lines))]
    with LineCache(1) as cache:
        (first,) = batches(lines, labels_of(lines), order, GEOMETRY, cache=cache)
        for file in folder.glob("*.png"):
            file.unlink()
        (second,) = batches(lines, labels_of(lines), order, GEOMETRY, cache=cache)
        (third,) = batches(lines, labels_of(lines), order, GEOMETRY)
    same(first, second)
    assert not third.ok.numpy().any() and third.images.values.shape == [len(lines), 16, 1, 1]


def test_images_that_were_never_read_are_not_taken_for_one_another(folder):
    lines = load_lines(open_sources([str(folder)]), GEOMETRY, keep_bad=True)
    for name in ("1.png", "13.webp"):  # unreadable until now
        (folder / name).write_bytes(line(20, 70, seed=int(name.split(".")[0])))
    with LineCache(1) as cache:
        for _ in range(2):
            (batch,) = batches(lines, labels_of(lines), [[1, 13]], GEOMETRY, cache=cache)
            assert batch.ok.numpy().all()
            assert not np.array_equal(batch.images.values[0], batch.images.values[1])


def test_few_batches_are_made_ahead_and_a_failure_reaches_the_one_who_takes_them(lines):
    asked = []

    class Plan(list):
        def __getitem__(self, step):
            asked.append(step)
            return np.array([1000 if step == 4 else step])

    taken = batches(lines, labels_of(lines), Plan([[]] * 9), GEOMETRY)
    next(taken), next(taken)
    assert max(asked) < 2 + AHEAD
    with pytest.raises(IndexError):
        list(taken)
    taken = batches(lines, labels_of(lines), Plan([[]] * 9), GEOMETRY)
    next(taken)
    taken.close()  # and no thread stays
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_padding_is_zero_and_rounded_up_to_a_multiple():
    images = pad_images([np.ones([4, 3], np.float32), None, np.ones([4, 17], np.float32)], 4, 8)
    assert images.values.shape == [3, 4, 24, 1] and images.widths.numpy().tolist() == [3, 1, 17]
    assert images.values.numpy().sum() == 4 * (3 + 17)
    assert images.values[2, 3, 16, 0] == 1 and images.values[0, 0, 2, 0] == 1
    assert pad_images([None], 4, 8).values.shape == [1, 4, 8, 1]


def test_empty_labels_are_padded_to_one():
    ids, lengths = pad([[], []])
    assert ids.tolist() == [[-1], [-1]] and lengths.tolist() == [0, 0]
    ids, lengths = pad([[1, 2], [], [3]])
    assert ids.tolist() == [[1, 2], [-1, -1], [3, -1]] and lengths.tolist() == [2, 0, 1]


def test_labels_must_match_lines(lines):
    with pytest.raises(ValueError):
        batches(lines, [[1]], [np.arange(1)], GEOMETRY)


def test_keys_differ_by_seed_epoch_and_id():
    keys = [
        tuple(sample_keys([name], seed, epoch)[0].tolist())
        for name in "ab"
        for seed in (0, 2**31 - 1)
        for epoch in (0, 10**6)
    ]
    assert len(set(keys)) == 8 and all(part >= 0 for key in keys for part in key)


def test_split_keeps_copies_of_an_image_together(tmp_path):
    rows = []
    for i in range(300):  # each image twice, stored in two ways
        image = Image.fromarray(noise(8, 8, seed=i // 2)).convert("RGB" if i % 2 else "L")
        (tmp_path / f"{i}.png").write_bytes(encode(image))
        rows.append(f"{i}.png\tx\n")
    (tmp_path / "labels.tsv").write_text("".join(rows))
    lines = load_lines(open_sources([str(tmp_path)]), GEOMETRY)
    train, val = split_lines(lines, 0.2)
    assert len(train) + len(val) == 300 and 30 < len(val) < 90
    assert not shared_images(train, val)
    assert sorted([*train.ids, *val.ids]) == sorted(lines.ids)
    half = lines.take(range(0, 300, 3))
    assert set(split_lines(half, 0.2)[1].ids) == set(val.ids) & set(half.ids)
    assert [len(part) for part in split_lines(lines, 0)] == [300, 0]
    assert len(split_lines(lines.take(range(10)), 1e-9)[1]) == 2
    with pytest.raises(InputError, match="--data.val"):
        split_lines(lines.take([0, 1]), 0.1)


def test_groups_stay_whole(lines):
    rest, held_out = split_lines(lines, 0.3, groups=r"lines/(\d)")  # the first digit
    sides = [{name[6] for name in side.ids} for side in (rest, held_out)]
    assert sides[0] and sides[1] and not sides[0] & sides[1]
    with pytest.raises(InputError, match="labels.tsv:1: .*no group"):
        split_lines(lines, 0.3, groups="page")


def test_a_copy_in_a_group_of_the_other_side_is_left_out(tmp_path):
    for i in range(12):
        (tmp_path / f"{i}-a.png").write_bytes(line(20, 30 + i, seed=i))
        (tmp_path / f"{i}-b.png").write_bytes(line(20, 30, seed=99))  # on every page
    rows = [f"{i}-{k}.png\tx\n" for i in range(12) for k in "ab"]
    (tmp_path / "labels.tsv").write_text("".join(rows))
    rest, held_out = split_lines(
        load_lines(open_sources([str(tmp_path)]), GEOMETRY), 0.3, groups=r"(\d+)-"
    )
    assert not shared_images(rest, held_out)
    assert len(rest) + 2 * (len(held_out) // 2) == 12 + len(held_out) // 2


def test_shared_finds_what_was_stored_anew(lines, folder, tmp_path):
    anew = tmp_path / "anew"
    anew.mkdir()
    image = Image.open(folder / "0.png").convert("RGB")
    (anew / "copy.bmp").write_bytes(encode(image, "BMP"))
    (anew / "labels.tsv").write_text("copy.bmp\tx\n")
    other = load_lines(open_sources([str(anew)]), GEOMETRY)
    assert lines.digest(0) != other.digest(0)
    assert [a.id for a, _ in shared_images(lines, other)] == [lines.sample(0).id]


def test_shared_names_the_lines(lines):
    pairs = shared_images(lines, lines.take([5, 2]))
    assert [(a.id, b.id) for a, b in pairs] == [(lines.sample(i).id,) * 2 for i in (5, 2)]


def test_fingerprint_sees_text_image_and_order(lines, folder):
    first = lines_fingerprint(lines)
    assert lines_fingerprint(load_lines(open_sources([str(folder)]), GEOMETRY)) == first
    assert lines_fingerprint(lines.take([1, 0])) != lines_fingerprint(lines.take([0, 1]))
    (folder / "0.png").write_bytes(line(20, 30, seed=77))
    assert lines_fingerprint(load_lines(open_sources([str(folder)]), GEOMETRY)) != first

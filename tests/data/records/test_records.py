import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ocr_tf.data.dataset import open_source, open_sources
from ocr_tf.data.geometry import Geometry
from ocr_tf.data.lines import load_lines
from ocr_tf.data.records import make
from ocr_tf.data.records.config import MakeRecords
from ocr_tf.data.records.manifest import read_manifest
from ocr_tf.data.records.shard import write_shard
from ocr_tf.data.sources import SOURCES
from ocr_tf.errors import InputError

from ..images import encode, line, noise

LINES = 23


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "lines"
    folder.mkdir()
    rows = []
    for i in range(LINES):
        name = f"{i}.jpg" if i % 3 else f"{i}.png"
        image = encode(noise(20, 30 + i), "JPEG") if i % 3 else line(20, 30 + i, seed=i)
        (folder / name).write_bytes(image)
        rows.append(f"{name}\tword {chr(0xE4 + i)}\n")
    (folder / "7.jpg").write_bytes(b"broken")
    (folder / "labels.tsv").write_text("".join(rows), "utf-8")
    return folder


def convert(data, output, **options):
    config = MakeRecords(data=(str(data),), **{"shard_lines": 5, "processes": 1, **options})
    make.run(config, str(output))
    return open_source(f"records:{output}")


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def message(action, *arguments, **options):
    with pytest.raises(InputError) as caught:
        action(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_records_give_what_the_files_give(data, tmp_path, capsys):
    records, loose = convert(data, tmp_path / "out"), open_source(str(data))
    kept = [i for i in range(LINES) if i != 7]
    assert [s.text for s in records.samples] == [loose.sample(i).text for i in kept]
    assert [s.id for s in records.samples] == [loose.sample(i).id for i in kept]
    assert [records.read(i) for i in range(len(records))] == [loose.read(i) for i in kept]
    assert records.sample(6).place == f"{tmp_path}/out/lines-00001-of-00005.tfrecord#1"
    first, second = (load_lines(source, Geometry(16)) for source in (records, loose))
    np.testing.assert_array_equal(first.widths, second.widths)
    np.testing.assert_array_equal(first.digests, second.digests)
    printed = capsys.readouterr().out
    assert "22 lines in 5 shards" in printed and f"{data}/labels.tsv:8: " in printed


def test_shards_are_tfrecords_of_examples(data, tmp_path):
    records = convert(data, tmp_path / "out")
    shards = sorted(str(path) for path in (tmp_path / "out").glob("*.tfrecord"))
    examples = [tf.train.Example.FromString(r.numpy()) for r in tf.data.TFRecordDataset(shards)]
    features = [example.features.feature for example in examples]
    assert [f["label/text"].bytes_list.value[0].decode() for f in features] == [
        sample.text for sample in records.samples
    ]
    assert features[3]["image/encoded"].bytes_list.value[0] == records.read(3)


def test_the_manifest_counts(data, tmp_path):
    convert(data, tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert (manifest.lines, manifest.left_out) == (22, 1)
    assert manifest.alphabet["w"] == 22 and manifest.alphabet["ä"] == 1
    assert manifest.label_lengths == (6, 6)
    assert manifest.widths == (30, 52) and manifest.heights == (20, 20)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["version"] == 1


def test_processes_and_resuming_do_not_change_a_byte(data, tmp_path):
    convert(data, tmp_path / "one")
    expected = files(tmp_path / "one")
    convert(data, tmp_path / "two", processes=2)
    assert files(tmp_path / "two") == expected
    (tmp_path / "two" / "manifest.json").unlink()
    for gone in ("lines-00001-of-00005.npz", "lines-00003-of-00005.tfrecord"):
        (tmp_path / "two" / gone).unlink()
    (tmp_path / "two" / ".lines-00001-of-00005.1.tmp").write_bytes(b"half")
    untouched = tmp_path / "two" / "lines-00002-of-00005.tfrecord"
    before = untouched.stat().st_mtime_ns
    convert(data, tmp_path / "two")
    assert files(tmp_path / "two") == expected
    assert untouched.stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_killed_conversion_goes_on(data, tmp_path):
    convert(data, tmp_path / "whole", shard_lines=1)
    command = [sys.executable, "-m", "ocr_tf.cli.launch", "make_records", str(tmp_path / "out")]
    command += [f"--data={data}", "--shard_lines=1", "--processes=2"]
    process = subprocess.Popen(command, start_new_session=True)
    while not list((tmp_path / "out").glob("*.npz")) and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run(command, check=True)
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_an_interruption_says_how_to_go_on(data, tmp_path, monkeypatch):
    def interrupted(source, positions, path, strict):
        if path.name.startswith("lines-00003"):
            raise KeyboardInterrupt
        write_shard(source, positions, path, strict)

    monkeypatch.setattr(make, "write_shard", interrupted)
    config = MakeRecords(data=(str(data),), shard_lines=5, processes=1)
    with pytest.raises(KeyboardInterrupt, match="15 of 23 lines are written: .* again to go on"):
        make.make(config, tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()
    monkeypatch.undo()
    assert make.make(config, tmp_path / "out").lines == 22


def test_what_is_damaged_is_named(data, tmp_path):
    output = tmp_path / "out"
    records = convert(data, output)
    shard = output / "lines-00002-of-00005.tfrecord"
    content = bytearray(shard.read_bytes())
    content[300] ^= 1
    shard.write_bytes(bytes(content))
    said = message(make.run, MakeRecords(verify=True), str(output))
    assert str(shard) in said and "checksum" in said
    bad = load_lines(records, Geometry(16))  # opens without reading any
    broken = [i for i in range(len(bad)) if not _reads(bad, i)]
    assert len(broken) == 1 and shard.name in records.sample(broken[0]).place
    shard.unlink()
    assert "No such file" in message(make.run, MakeRecords(verify=True), str(output))
    (output / "lines-00001-of-00005.npz").write_bytes(b"PK")
    assert "lines-00001-of-00005.npz: damaged" in message(open_source, f"records:{output}")
    (output / "manifest.json").write_text("{}")
    assert "manifest.json: damaged" in message(open_source, f"records:{output}")
    (output / "manifest.json").write_text('{"version": 2}')
    assert "manifest.json: version 2, not 1" in message(open_source, f"records:{output}")
    (output / "manifest.json").unlink()
    assert "not finished" in message(open_source, f"records:{output}")
    assert "no records" in message(open_source, f"records:{tmp_path}")


def _reads(lines, i):
    try:
        return bool(lines.read(i))
    except InputError as error:
        assert str(error).startswith(lines.sample(i).place)
        return False


def test_what_cannot_be_converted_is_refused(data, tmp_path):
    output = tmp_path / "out"
    said = message(convert, data, output, strict=True)
    assert f"{data}/labels.tsv:8: " in said
    convert(data, output)
    assert "another" in message(convert, data, output, shard_lines=6)
    assert "not empty" in message(convert, data, data)
    assert "--data" in message(make.run, MakeRecords(), str(tmp_path / "none"))
    (tmp_path / "labels.tsv").write_text("lines/7.jpg\tx\n")
    assert "no image" in message(convert, tmp_path / "labels.tsv", tmp_path / "other")


def test_records_of_several_sources_and_of_drawn_lines(data, tmp_path):
    config = MakeRecords(data=(str(data), "synthetic:digits:count=3"), processes=1)
    make.run(config, str(tmp_path / "out"))
    records = open_sources((f"records:{tmp_path}/out",))
    assert len(records) == LINES - 1 + 3
    assert records.sample(LINES).id == "synthetic/digits-0-train/1"


def test_beam_writes_the_same(data, tmp_path):
    pytest.importorskip("apache_beam", reason="Apache Beam is an extra: pip install apache-beam")
    convert(data, tmp_path / "own")
    convert(data, tmp_path / "beam", beam="DirectRunner")
    assert files(tmp_path / "beam") == files(tmp_path / "own")
    assert "--beam=NoRunner" in message(convert, data, Path(tmp_path / "x"), beam="NoRunner")


def test_a_source_that_a_process_cannot_open_is_said_to_be_one(tmp_path, data, monkeypatch):
    """Processes that are not forked do not know what was registered in this one alone."""
    monkeypatch.setitem(SOURCES, "mine", SOURCES["tsv"])
    config = MakeRecords(data=(f"mine:{data}",), shard_lines=5, processes=2)
    assert "no source 'mine'" in message(make.make, config, tmp_path / "out")

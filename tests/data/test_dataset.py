import pytest

from ocr_tf.data.dataset import open_source, open_sources
from ocr_tf.errors import InputError


def write(folder, text, name="labels.tsv"):
    folder.mkdir(exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    return str(folder / name)


def message(action, *arguments):
    with pytest.raises(InputError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_labels_file_round_trip(tmp_path):
    texts = ["one", "", "two  words", "a\u2028b\x85c", "cafe\u0301", " spaces "]
    rows = "".join(f"{i}.png\t{text}\r\n" for i, text in enumerate(texts))
    path = write(tmp_path / "lines", b"\xef\xbb\xbf" + rows.replace("\r\n", "\n\n", 1).encode())
    (tmp_path / "lines" / "3.png").write_bytes(b"bytes")
    for spec in (path, str(tmp_path / "lines"), f"tsv:{path}"):
        source = open_source(spec)
        assert [s.text for s in source.samples] == [
            "one",
            "",
            "two words",
            "a b c",
            "caf\u00e9",
            "spaces",
        ]
        assert [s.id for s in source.samples] == [f"lines/{i}.png" for i in range(6)]
        assert source.samples[1].place == f"{path}:3"
        assert source.read(3) == b"bytes"
        assert source.origin(3) == str(tmp_path / "lines" / "3.png")


def test_a_second_line_of_an_image_has_an_id_of_its_own(tmp_path):
    source = open_source(write(tmp_path / "d", "a.png\tx\na.png\ty\na.png\tz\n"))
    assert [s.id for s in source.samples] == ["d/a.png", "d/a.png#2", "d/a.png#3"]


def test_ids_do_not_depend_on_where_the_data_or_the_caller_is(tmp_path, monkeypatch):
    write(tmp_path / "d", "a.png\tx\n")
    monkeypatch.chdir(tmp_path / "d")
    assert open_source("labels.tsv").samples[0].id == "d/a.png"


@pytest.mark.parametrize(
    "text, place, words",
    [
        (b"a.png\tx\nb.png y\n", ":2:", "no tab"),
        (b"a.png\tx\nb.png\t\xff\n", ":2:", "UTF-8"),
        (b"\tx\n", ":1:", "no image path"),
        (b"\n\n", ":", "no lines"),
        (b"a.png\tx\ttrain\n", ":1:", "?split=train"),
        (b"a.png\tx\ty\tz\n", ":1:", "4 columns"),
        (b"../a.png\tx\n", ":1:", "outside of"),
        (b"b/../../a.png\tx\n", ":1:", "outside of"),
        (b"/etc/passwd\tx\n", ":1:", "outside of"),
    ],
)
def test_bad_labels_files_name_file_and_line(tmp_path, text, place, words):
    path = write(tmp_path, text)
    said = message(open_source, path)
    assert said.startswith(path + place) and words in said


def test_a_third_column_chooses_a_split(tmp_path):
    path = write(tmp_path / "d", "a.png\tx\ttrain\nb.png\ty\tval\na.png\tz\tval\n")
    source = open_source(f"tsv:{path}?split=val")
    assert [s.text for s in source.samples] == ["y", "z"]
    assert source.samples[1].place == f"{path}:3"
    assert source.name != open_source(f"tsv:{path}?split=train").name
    assert "train, val" in message(open_source, f"tsv:{path}?split=test")
    write(tmp_path / "d", "a.png\tx\ttrain\nb.png\ty\n")
    assert ":2: no third column" in message(open_source, f"tsv:{path}?split=train")


def test_missing_files(tmp_path):
    assert "No such file" in message(open_source, str(tmp_path / "none.tsv"))
    assert "labels.tsv" in message(open_source, str(tmp_path))
    source = open_source(write(tmp_path, "a.png\tx\n"))
    said = message(source.read, 0)
    assert said.startswith(f"{tmp_path}/labels.tsv:1: ") and "No such file" in said


def test_unknown_schemes_and_no_data():
    assert "did you mean synthetic" in message(open_source, "synthetik:words")
    assert "no data" in message(open_sources, ())


def test_concatenation_reads_from_each_and_refuses_equal_ids(tmp_path):
    first, second = write(tmp_path / "a", "1.png\tx\n"), write(tmp_path / "b", "1.png\ty\n")
    (tmp_path / "b" / "1.png").write_bytes(b"second")
    both = open_sources((first, second))
    assert [s.id for s in both.samples] == ["a/1.png", "b/1.png"]
    assert both.read(1) == b"second" and both.origin(1).endswith("b/1.png")
    assert f"{first}:1" in message(open_sources, (first, first))

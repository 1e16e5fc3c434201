"""Each finding is planted in a small set of lines; a clean one has none."""

import io
import re
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image

from ocr_tf.cli import launch
from ocr_tf.data.dataset import normalized, open_sources
from ocr_tf.data.inspect.collection import collect
from ocr_tf.data.inspect.copies import near_copies
from ocr_tf.preflight.config import InspectData
from ocr_tf.preflight.findings import find
from tests.data.inspect.test_pixels import writing

WORDS = ("one", "two", "ten", "tow", "net", "won", "new", "went")


def png(pixels) -> bytes:
    return stored(pixels, "PNG")


def stored(pixels, kind, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


class Folder:
    """A folder of lines that a test fills."""

    def __init__(self, path):
        self.path = path
        self.rows = {"train": [], "test": []}
        path.mkdir()
        for k in range(16):
            self.add("train", png(writing(k)), WORDS[k % 8])
        for k in range(8):
            self.add("test", png(writing(100 + k)), WORDS[k % 8][::-1])

    def add(self, role, encoded, text):
        rows = self.rows[role]
        name = f"{role}{len(rows)}.img"
        (self.path / name).write_bytes(encoded)
        rows.append(f"{name}\t{text}\n")
        return f"{role}.tsv:{len(rows)}"

    def specs(self):
        for role, rows in self.rows.items():
            (self.path / f"{role}.tsv").write_text("".join(rows), "utf-8")
        return {role: [str(self.path / f"{role}.tsv")] for role in self.rows}

    def found(self, **options):
        """Finds everything but notes on labels seen before: (severity, kind, last place), titles."""
        sources = {role: open_sources(specs) for role, specs in self.specs().items()}
        lines = collect(sources)
        findings = find(InspectData(**options), lines, near_copies(lines))
        named = []
        for finding in findings:
            if finding.kind == "seen-label":
                continue
            rows = finding.lines.tolist() or [[None]]
            places = [
                lines.sample(row[-1]).place.split("/")[-1] if row[-1] is not None else ""
                for row in rows
            ]
            named += [(finding.severity, finding.kind, place) for place in places]
        self.titles = [finding.title for finding in findings]
        return named


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "lines")


def test_clean_lines_have_no_finding(folder):
    assert folder.found() == []


def test_labels_are_normalized_as_a_training_does(folder):
    shouted = folder.add("test", png(writing(35)), "ONE")
    assert ("warning", "unknown-symbol", shouted) in folder.found()
    sources = {role: normalized(open_sources(s), "lower") for role, s in folder.specs().items()}
    lines = collect(sources)
    found = find(InspectData(), lines, near_copies(lines))
    assert "unknown-symbol" not in {finding.kind for finding in found}


def test_what_is_planted_is_found(folder):
    expected = [
        ("warning", "unreadable", folder.add("train", b"no image", "one")),
        ("warning", "wide", folder.add("train", png(writing(30, 32, 3000)), "one")),
        ("warning", "large", folder.add("train", png(writing(29, 300, 900)), "one")),
        ("warning", "blank", folder.add("train", png(np.full((32, 90), 255, np.uint8)), "one")),
        ("warning", "upright", folder.add("train", png(writing(31, 90, 30)), "one")),
        ("warning", "empty", folder.add("train", png(writing(32)), "")),
        ("warning", "unreachable", folder.add("train", png(writing(33, 32, 40)), "nnnnnn")),
    ]
    private = folder.add("train", png(writing(34)), "o\ue000ne")
    expected += [("warning", "odd-symbol", private), ("note", "rare-symbol", private)]
    expected.append(("warning", "unknown-symbol", folder.add("test", png(writing(35)), "onZ")))
    folder.add("train", png(writing(36)), "one  ")
    expected.append(("note", "changed", ""))
    assert sorted(folder.found(max_width=2000, max_pixels=200_000)) == sorted(expected)
    title = next(title for title in folder.titles if "cannot be used" in title)
    assert title.startswith("1 image of train cannot be used: 1 not an image")
    assert any("U+E000" in title for title in folder.titles)


def test_turned_images_are_judged_as_they_are_then(folder):
    place = folder.add("train", png(writing(31, 90, 30)), "now")
    assert folder.found() == [("warning", "upright", place)]
    lying = [found for found in folder.found(rotate="90") if found[1] == "upright"]
    assert len(lying) == 24 and ("warning", "upright", place) not in lying


def test_ctc_needs_a_step_more_between_equal_symbols(folder):
    folder.add("train", png(writing(30, 32, 40)), "nonono")  # ten steps
    assert folder.found() == []
    place = folder.add("train", png(writing(31, 32, 40)), "nnnnnn")
    assert folder.found() == [("warning", "unreachable", place)]
    assert folder.found(height=64) == []


def test_so_many_lost_lines_would_stop_a_training(folder):
    for k in range(6):
        folder.add("train", png(writing(40 + k)), "")
    found = folder.found()
    assert found[0][:2] == ("error", "skipped")
    assert len(found) == 7


def test_copies_between_roles(folder):
    image = writing(0)
    again = cv2.resize(image, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    same = folder.add("test", png(image), "eno")
    other_file = folder.add("test", stored(image, "BMP"), "eno")
    other_kind = folder.add("test", stored(np.dstack([image] * 3), "PNG", compress_level=0), "eno")
    compressed = folder.add("test", stored(writing(1), "JPEG", quality=50), "owt")
    scaled = folder.add("test", png(again), "tew")
    found = folder.found()
    assert found[:3] == [
        ("error", "shared", same),
        ("error", "shared", other_file),
        ("error", "shared", other_kind),
    ]
    alike = [place for _, kind, place in found if kind == "shared-alike"]
    assert set(alike) == {compressed, scaled}
    assert "2 images of test look like one of train; 2 of them with another label" in folder.titles
    # Within the test lines, the copies repeat each other.
    assert [place for _, kind, place in found if kind == "repeated"] == [other_file, other_kind]


def test_copies_within_a_role(folder):
    image = writing(50)
    folder.add("train", png(image), "one")
    repeated = folder.add("train", stored(image, "PNG", compress_level=0), "one")
    twice = folder.add("train", png(image), "two")
    alike = folder.add("train", stored(image, "JPEG", quality=60), "one")
    assert folder.found() == [
        ("warning", "two-labels", twice),
        ("note", "repeated", repeated),
        ("note", "alike", alike),
    ]


def test_blank_images_do_not_look_alike(folder):
    for level in (250, 251, 252):
        folder.add("train", png(np.full((32, 90), level, np.uint8)), "one")
    assert {kind for _, kind, _ in folder.found()} == {"blank"}


def test_labels_seen_before_are_counted(folder):
    folder.add("test", png(writing(60)), "went")
    folder.found()
    # Of the words turned around, "two" turned is none, but tow, won, net and ten are each other's.
    expected = sum(word[::-1] in WORDS for word in WORDS) + 1
    assert (
        f"{expected} labels of test ({100 * expected / 9:.0f} %) are also labels of train"
        in folder.titles
    )


def test_right_to_left_labels_ask_for_a_direction(folder):
    place = folder.add("train", png(writing(61)), "\u05d0\u05d1")
    first = ("error", "right-to-left", place)
    assert folder.found()[0] == first
    assert first not in folder.found(direction="auto")


def inspect(*arguments) -> int:
    with pytest.raises(SystemExit) as stopped:
        launch.console(["inspect_data", *map(str, arguments)])
    return stopped.value.code


def test_the_command_prints_and_writes_a_page(folder, tmp_path, capsys):
    attack = "<script>alert(1)</script>&\u202e\x1b[31m"
    for _ in range(2):
        folder.add("train", png(writing(70)), attack)  # the same image twice
    folder.add("test", png(writing(70)), attack)
    train, test = (specs[0] for specs in folder.specs().values())
    page = tmp_path / "data.html"
    assert inspect(train, f"--test={test}", f"--page={page}", "--sheet=100") == 0
    printed = capsys.readouterr().out
    assert "18" in printed and "error: 1 image of test is in train too" in printed
    assert "\x1b" not in printed
    content = page.read_text("utf-8")
    assert "<script" not in content and "&lt;script&gt;alert(1)&lt;/script&gt;" in content
    assert content.count('src="data:image') > 20
    assert not re.search(r'(src|href)="(?!data:|#)', content)
    for drawing in re.findall(r"<svg.*?</svg>", content, re.DOTALL):
        ElementTree.fromstring(drawing)
    rows = [row.split("\t") for row in page.with_suffix(".tsv").read_text("utf-8").splitlines()]
    assert {len(row) for row in rows} == {8}
    assert rows[1][1] == "shared"
    assert inspect(train, f"--page={page}") == 0  # over its own page


def test_several_sources_are_one_role(folder, capsys):
    folder.specs()
    copy = Folder(folder.path.with_name("others"))
    copy.add("train", png(writing(0)), "one")
    train = [str(f.path / "train.tsv") for f in (folder, copy)]
    copy.specs()
    assert inspect(*train, "--encoder=crnn") == 0
    printed = capsys.readouterr().out
    assert re.search(r"^train +33 ", printed, re.MULTILINE)
    assert "17 lines of train repeat image and label of an earlier one" in printed
    assert f"{train[1]} 17" in printed


def test_wrong_input_is_one_line(folder, tmp_path, capsys):
    train = folder.specs()["train"][0]
    foreign = tmp_path / "foreign.html"
    foreign.write_text("mine")
    for arguments, said in (
        ([], "TRAIN is missing"),
        ([tmp_path / "none.tsv"], "none.tsv"),
        ([train, "--encoder=cnn"], "--encoder"),
        ([train, "--height=3"], "--height"),
        ([train, "--page=data.txt"], "ends in .html"),
        ([train, f"--page={tmp_path}/no/data.html"], "no folder"),
        ([train, f"--page={foreign}"], "was not made by"),
    ):
        assert inspect(*arguments) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1
    assert foreign.read_text() == "mine"

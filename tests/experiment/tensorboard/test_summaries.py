"""What a record becomes, read the way TensorBoard reads it."""

import html
import io
import re

import pytest
from PIL import Image
from tensorboard.plugins.hparams import metadata

from ocr_tf import options
from ocr_tf.experiment.tensorboard import summaries
from tests.experiment import tiny

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard")
RECORD = {"step": 4, "wall": 1.0}


def values(record, folder):
    (event,) = summaries.of_record({**RECORD, **record}, folder)
    return {value.tag: value for value in event.summary.value}


def cells(value):
    """A text summary's table as the text tab shows it."""
    from tensorboard import plugin_util  # Here, because it warns of itself.

    page = plugin_util.markdown_to_safe_html(value.tensor.string_val[0])
    rows = re.findall("<tr>(.*?)</tr>", page, re.DOTALL)
    found = [re.findall("<t[dh]>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    assert page.count("<") == page.count("<t") + page.count("</t"), "markup other than the table's"
    return [[html.unescape(cell) for cell in row] for row in found]


def line(text, picture=None):
    return {"id": "a/1.png", "reference": text, "text": text[::-1], "picture": picture}


@pytest.mark.parametrize(
    "text",
    [
        "a|b",
        "|---|---|",
        "*bold* _it_ `code` ~~no~~",
        "<script>alert(1)</script>",
        "&lt; &#65;",
        "[x](http://x.y) ![x](y)",
        "# title",
        "\\*",
        "Ba\u0364nke \u5b57 \u05d0",
        "http://x.y",
        "",
    ],
)
def test_texts_are_shown_as_they_are(text, tmp_path):
    rows = cells(values({"lines": [line(text)]}, tmp_path)["val/lines"])
    assert rows == [["line", "true", "read"], ["a/1.png", text, text[::-1]]]


def test_spaces_that_a_browser_would_swallow_are_shown(tmp_path):
    record = {"lines": [line(" a  b c ")], "confusions": [[" ", "", 3], ["", "|", 1]]}
    shown = values(record, tmp_path)
    assert cells(shown["val/lines"])[1][1] == "\u2423a \u2423b c\u2423"
    assert cells(shown["val/confusions"]) == [
        ["true", "read", "times"],
        ["\u2423", "(nothing)", "3"],
        ["(nothing)", "|", "1"],
    ]


def test_pictures_come_with_their_size_and_may_be_gone(tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (31, 7)).save(file, "PNG")
    (tmp_path / "1.png").write_bytes(file.getvalue())
    lines = [line("x", "1.png"), {**line("y", "gone.png"), "id": "b"}, {**line("z"), "id": "c"}]
    shown = values({"lines": lines}, tmp_path)
    assert [tag for tag in shown if tag.startswith("view/")] == ["view/a/1.png"]
    assert list(shown["view/a/1.png"].tensor.string_val) == [b"31", b"7", file.getvalue()]
    assert len(cells(shown["val/lines"])) == 4


def test_hyperparameters_leave_out_what_touches_no_weight_and_what_is_empty():
    shown = summaries.hyperparameters(tiny.experiment("attention", freeze=("encoder", "head")))
    assert (shown["Encoder"], shown["Head"]) == ("compact", "attention")
    assert shown["Learning rate"] == 1e-3
    assert shown["data.train"] == "synthetic:digits:count=44"
    assert shown["train.freeze"] == "encoder,head"
    assert not {"train.log_every", "train.previews", "data.val", "train.init_from"} & set(shown)


def test_what_tensorboard_shows_by_itself_is_what_everybody_asks_for(tmp_path):
    """It takes the first five by name, and sorts curves and pictures by their tags."""
    shown = summaries.hyperparameters(tiny.experiment())
    assert sorted(shown)[:5] == ["Encoder", "Experiment", "Head", "Learning rate", "Seed"]
    picture = {"id": "a", "reference": "", "text": "", "picture": "1.png"}
    Image.new("L", (7, 31)).save(tmp_path / "1.png")
    record = {f"{name}/x": 0 for name in ("val", "train", "values")} | {"lines": [picture]}
    tags = [*values(record, tmp_path), summaries.evaluation_tag("best", "cer")]
    groups = list(dict.fromkeys(tag.split("/")[0] for tag in sorted(tags)))
    assert groups == ["train", "val", "values", "view"]


def test_what_is_not_shown_exists():
    known = {leaf.name for leaf in options.leaves(tiny.experiment())}
    assert set(summaries.NOT_SHOWN) <= known


def test_only_the_last_record_ends_the_session(tmp_path):
    assert metadata.SESSION_END_INFO_TAG not in values({"a/b": 1, "finished": False}, tmp_path)
    assert metadata.SESSION_END_INFO_TAG in values({"a/b": 1, "finished": True}, tmp_path)


def test_without_confusions_it_says_so(tmp_path):
    shown = values({"confusions": []}, tmp_path)["val/confusions"]
    assert "read right" in cells(shown)[0][0]

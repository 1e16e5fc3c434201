import io
import itertools
import pickle

import numpy as np
import pytest
from PIL import Image

from ocr_tf.data import synthetic
from ocr_tf.data.render import fonts
from ocr_tf.data.render.patterns import is_luhn
from ocr_tf.data.render.source import open_preset
from ocr_tf.data.render.style import PRESETS, at_difficulty
from ocr_tf.errors import InputError
from tests.data.render.test_fonts import make_font

WORDS = "words?fonts=bundled&count=30"


def picture(source, i: int) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(source.read(i))))


def test_a_line_is_a_function_of_seed_and_index():
    source, again = open_preset(WORDS), open_preset(WORDS)
    backwards = [again.read(i) for i in reversed(range(8))][::-1]
    assert [source.read(i) for i in range(8)] == backwards
    assert [source.read(i) for i in range(8)] == backwards
    assert len(set(backwards)) == 8
    assert list(source.samples) == list(again.samples)
    other = open_preset(WORDS + "&seed=1")
    assert all(source.read(i) != other.read(i) for i in range(8))
    assert not {s.id for s in source.samples} & {s.id for s in other.samples}


def test_a_line_does_not_depend_on_how_many_there_are():
    few, many = open_preset(WORDS), open_preset("words?fonts=bundled&count=1000000000")
    assert len(many) == len(many.samples) == 10**9
    assert many.sample(7).id == few.sample(7).id and many.sample(7).text == few.sample(7).text
    assert many.read(7) == few.read(7)
    last = many.samples[-1]
    assert last.text and last.id.endswith("/999999999") and many.read(10**9 - 1)


def test_a_source_goes_to_another_process_as_it_is():
    source = open_preset("bankcard?fonts=bundled&count=3")
    source.read(0)
    assert pickle.loads(pickle.dumps(source)).read(2) == source.read(2)


@pytest.mark.parametrize("color", ["no", "yes"])
@pytest.mark.parametrize("preset", ["words", "bankcard", "phone"])
def test_presets_draw_legible_lines_of_their_height_and_alphabet(preset, color):
    chosen = "" if preset == "phone" else "&fonts=bundled"
    source = open_preset(f"{preset}?count=40&color={color}{chosen}")
    alphabet = source._content.symbols
    contrasts = []
    for i in range(40):
        pixels = picture(source, i)
        assert pixels.ndim == (3 if color == "yes" else 2)
        assert pixels.shape[0] == PRESETS[preset].height and 8 <= pixels.shape[1] <= 4096
        text = source.sample(i).text
        assert text and set(text) <= alphabet
        contrasts.append(pixels.std())
    assert min(contrasts) > 2 and np.median(contrasts) > 15
    if preset == "bankcard":
        assert all(is_luhn(source.sample(i).text) for i in range(40))


def test_difficulty_changes_the_looks_and_never_what_is_said():
    spec = "bankcard?fonts=bundled&count=12"
    sets = {d: open_preset(f"{spec}&difficulty={d}") for d in ("0", "0.5", "1", "2")}
    plain = open_preset(spec)
    assert sets["1"].name == plain.name and sets["1"].sample(3) == plain.sample(3)
    assert sets["1"].read(3) == plain.read(3)
    assert len({source.line_id(0) for source in sets.values()}) == 4
    assert len({tuple(source.texts) for source in sets.values()}) == 1
    assert open_preset(f"{spec}&difficulty=0.50").name == sets["0.5"].name
    # At 0 the ground is of one gray and the ink far from it.
    flat, contrast = {}, {}
    for difficulty, source in sets.items():
        pixels = [picture(source, i).astype(float) for i in range(12)]
        flat[difficulty] = np.mean([np.mean(np.abs(p - np.median(p)) < 6) for p in pixels])
        contrast[difficulty] = np.mean([np.ptp(np.percentile(p, [5, 95])) for p in pixels])
    assert flat["0"] > 0.6 > 0.4 > flat["2"]
    assert flat["0"] > flat["0.5"] > flat["1"] > flat["2"]
    assert contrast["0"] > contrast["2"]


def test_difficulty_multiplies_chances_and_sizes_and_keeps_the_preset_at_one():
    for style in PRESETS.values():
        assert at_difficulty(style, 1.0) == style
        clean, hard = at_difficulty(style, 0.0), at_difficulty(style, 2.0)
        assert clean.damage.noise == (0.0, 0.0) and clean.ground.art == clean.layers.embossed == 0
        assert hard.damage.blur[1] == 2 * style.damage.blur[1]
        assert hard.ground.lit == min(1.0, 2 * style.ground.lit)
        assert clean.ground.contrast[0] > style.ground.contrast[0] > hard.ground.contrast[0]
        assert (clean.ink.fonts, clean.ink.spacing) == (style.ink.fonts, style.ink.spacing)


def test_height_is_an_option():
    assert picture(open_preset(WORDS + "&height=57"), 0).shape[0] == 57


def test_chinese_needs_a_font_that_has_it(tmp_path):
    with pytest.raises(InputError, match="fonts-noto-cjk"):
        open_preset("chinese?fonts=bundled")
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("天地玄黃" * 5, "utf-8")
    boxes = {s: (100, 0, 300 + 40 * i, 500 + 50 * i) for i, s in enumerate("天地玄黃")}
    font = make_font(tmp_path / "four.ttf", boxes)
    source = open_preset(f"chinese?corpus={corpus}&fonts={font}&split=all&count=5")
    assert all(picture(source, i).std() > 2 for i in range(5))
    assert all(set(s.text) <= set("天地玄黃") for s in source.samples)


def test_names_tell_sets_of_fonts_apart_and_open_the_same_set(tmp_path):
    for name, height in [("a", 500), ("b", 600)]:
        (tmp_path / name).mkdir()
        make_font(tmp_path / name / "one.ttf", {"§": (100, 0, 300, height)})
    one, two = (
        open_preset(f"words?template=§{{1-4}}&split=all&count=5&fonts={tmp_path / name}")
        for name in "ab"
    )
    assert one.name != two.name and one.sample(0).id != two.sample(0).id
    assert one.sample(0).text == two.sample(0).text and one.read(0) != two.read(0)
    again = open_preset(one.name.partition(":")[2])
    assert again.name == one.name and again.read(3) == one.read(3)
    (tmp_path / "a" / "one.ttf").write_bytes((tmp_path / "b" / "one.ttf").read_bytes())
    with pytest.raises(InputError, match="other fonts"):
        open_preset(one.name.partition(":")[2])


def test_other_words_make_another_set(tmp_path):
    path = tmp_path / "words.txt"
    ids = []
    for words in ("alpha\nbeta\n", "alpha\ngamma\n"):
        path.write_text(words)
        ids.append(open_preset(f"words?lexicon={path}&split=all&fonts=bundled").sample(0).id)
    assert ids[0] != ids[1]


def test_fonts_that_are_named_take_the_place_of_the_pen():
    pen, type_ = open_preset("phone?count=3"), open_preset("phone?count=3&fonts=bundled")
    assert pen.sample(0).text == type_.sample(0).text and pen.read(0) != type_.read(0)
    with pytest.raises(InputError, match="handwriting fonts"):
        open_preset("phone?template=plate")


def test_a_line_that_no_single_font_has_is_named_when_it_is_read(tmp_path):
    for name, symbols in [("one", "§¶¿"), ("two", "¿¡£")]:
        make_font(tmp_path / f"{name}.ttf", dict.fromkeys(symbols, (100, 0, 300, 500)), name)
    source = open_preset(f"words?template=(§|¡){{2}}&split=all&fonts={tmp_path}&count=40")
    mixed = next(i for i in range(40) if len(set(source.sample(i).text)) == 2)
    with pytest.raises(InputError, match="no font .* has all of") as raised:
        source.read(mixed)
    assert str(raised.value).startswith(source.sample(mixed).place + ":")
    plain = next(i for i in range(40) if len(set(source.sample(i).text)) == 1)
    assert source.read(plain)


@pytest.mark.parametrize(
    "rest, words",
    [
        ("wrods?", "did you mean words"),
        ("words?cuont=3", "did you mean count"),
        ("words?count=0", "count is a whole number"),
        ("words?split=val", "train or test or all"),
        ("words?case=camel", "case is"),
        ("words?height=9", "height is a whole number from 16"),
        ("words?length=9-3", "length is a whole number"),
        ("words?numbers=2", "numbers is a number from 0 to 1"),
        ("words?punctuation=yes", "punctuation is a number from 0 to 1"),
        ("words?template=\\d&punctuation=0.1", "punctuation is for words"),
        ("words?color=red", "color is no or yes"),
        ("bankcard?difficulty=2.5", "difficulty is a number from 0 to 2"),
        ("words?template=[a&fonts=bundled", "never closed.*bankcard, phone, plate, date"),
        ("words?lexicon=a&corpus=b", "exclude one another"),
        ("words?lexicon=nowhere.txt", "nowhere.txt: cannot read the lexicon"),
        ("words?fonts=nowhere", "fonts=nowhere: no such folder"),
        ("words?fonts=bundled&digest=0123", "draws the set"),
        ("words?fonts=bundled&template=a%E4%BA%AC&split=all", r"has .*U\+4EAC"),
    ],
)
def test_bad_specs_are_one_line(rest, words):
    with pytest.raises(InputError, match=words) as raised:
        open_preset(rest)
    assert "\n" not in str(raised.value)


def test_every_face_of_the_bundle_that_is_chosen_can_draw_a_word():
    bundled = fonts.find("bundled").for_symbols(frozenset(fonts.LETTERS))
    for face, text in itertools.product(bundled.faces, ["Hamburg"]):
        if face.has(text):
            assert all(face.glyph(symbol, 32).mask.any() for symbol in text)


def test_the_question_mark_opens_the_renderer_and_colons_the_plain_drawing():
    assert isinstance(synthetic.open("words:count=2"), synthetic.Drawn)
    assert isinstance(synthetic.open("words"), synthetic.Drawn)
    for rest in ("words?fonts=bundled", "phone", "phone?count=2"):
        assert not isinstance(synthetic.open(rest), synthetic.Drawn)

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from ocr_tf.data.render import fonts, scripts
from ocr_tf.data.render.glyphs import layout
from ocr_tf.data.render.legibility import legibility
from ocr_tf.errors import InputError


def rectangle(left: int, bottom: int, right: int, top: int):
    pen = TTGlyphPen(None)
    pen.moveTo((left, bottom))
    for point in ((left, top), (right, top), (right, bottom)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def make_font(path, glyphs: dict, family: str = "Made") -> str:
    """A font of rectangles: symbol to (left, bottom, right, top), or None for an empty glyph."""
    names = {symbol: f"u{ord(symbol):04X}" for symbol in glyphs}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(symbol): name for symbol, name in names.items()})
    shapes = {".notdef": rectangle(50, 0, 450, 700)}
    for symbol, box in glyphs.items():
        shapes[names[symbol]] = rectangle(*box) if box else TTGlyphPen(None).glyph()
    builder.setupGlyf(shapes)
    builder.setupHorizontalMetrics({name: (500, 50) for name in shapes})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(path)
    return str(path)


@pytest.fixture(scope="module")
def bundled():
    return fonts.find("bundled")


def face_of(bundled, family, style):
    return next(f for f in bundled.faces if f.family == family and style == f.style)


def test_boxes_blanks_and_gaps_are_no_glyphs(tmp_path):
    glyphs = {"§": (100, 0, 300, 500), "¶": (50, 0, 450, 700), "¿": None, " ": None}
    (face,) = fonts.find(make_font(tmp_path / "made.ttf", glyphs)).faces
    assert face.has("§ §")
    assert not face.has("¶")  # drawn as the box for what is missing
    assert not face.has("¿")  # mapped to an empty glyph
    assert not face.has("¡")  # not mapped


def test_pictures_in_place_of_letters_are_no_letters(tmp_path):
    boxes = {s: (100, 0, 200 + 3 * i, 500) for i, s in enumerate(fonts.LETTERS_AND_DIGITS)}
    (face,) = fonts.find(make_font(tmp_path / "bars.ttf", boxes)).faces
    assert not face.has("a") and not face.has("A") and not face.has("7")


def test_plain_fonts_have_their_letters_and_no_chinese(bundled):
    face = face_of(bundled, "DejaVu Sans", "Book")
    assert face.has(fonts.LETTERS_AND_DIGITS + " éßЖΩ") and not face.has("中")
    assert legibility(face.path, face.digest) == (True, True, True)


def test_a_set_is_told_by_its_files_not_by_where_they_lie(tmp_path):
    one, two = {"§": (100, 0, 300, 500)}, {"§": (100, 0, 300, 600)}
    for name, glyphs in [("a", one), ("b", one), ("c", two)]:
        (tmp_path / name).mkdir()
        make_font(tmp_path / name / f"{name}.ttf", glyphs)
    content = (tmp_path / "a" / "a.ttf").read_bytes()
    (tmp_path / "b" / "b.ttf").write_bytes(content)
    digests = [fonts.find(str(tmp_path / name)).digest for name in "abc"]
    assert digests[0] == digests[1] != digests[2]
    both = fonts.find(f"{tmp_path / 'a'}+{tmp_path / 'c'}")
    assert len(both) == 2 and both.digest not in digests
    assert len(fonts.find(f"{tmp_path / 'a'}+{tmp_path / 'b'}")) == 1  # the same file twice


def test_what_cannot_be_used_is_one_line(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0 no font")
    (tmp_path / "empty").mkdir()
    for name, words in [
        (tmp_path / "broken.ttf", "broken.ttf: not a font"),
        (tmp_path, "broken.ttf: not a font"),
        (tmp_path / "empty", "holds no files that end in"),
        (tmp_path / "gone", "no such folder or file"),
    ]:
        with pytest.raises(InputError, match=words) as raised:
            fonts.find(str(name))
        assert "\n" not in str(raised.value)


def test_symbols_that_no_font_has_are_named(bundled):
    with pytest.raises(InputError, match=r"京 \(U\+4EAC\).*fonts-noto-cjk"):
        bundled.for_symbols(frozenset("abc京"))


def test_a_face_that_lacks_a_symbol_is_never_chosen(bundled):
    random = np.random.default_rng(0)
    chosen = {bundled.choose("aЖ", random) for _ in range(60)}
    assert len(chosen) > 5 and all(face.has("aЖ") for face in chosen)
    assert not all(face.has("aЖ") for face in bundled.faces)
    assert bundled.choose("a京", random) is None


def test_a_glyph_is_drawn_where_it_says(bundled):
    face = face_of(bundled, "DejaVu Sans", "Book")
    glyph = face.glyph("g", 100)
    rows = np.flatnonzero(glyph.mask.max(axis=1))
    assert rows[0] <= 1 and rows[-1] >= len(glyph.mask) - 2  # the mask is tight
    assert 50 < glyph.top < 60 and glyph.top - len(glyph.mask) < -15  # below the baseline
    assert 60 < glyph.advance < 68
    assert face.kerning("A", "V", 100) < -2


@pytest.mark.skipif(not scripts.can_shape(), reason="this Pillow cannot shape")
def test_arabic_is_joined_and_runs_from_right_to_left(bundled):
    face = face_of(bundled, "DejaVu Sans", "Book")
    assert face.has("سلام")
    joined, letters = face.run("بب", 60), face.glyph("ب", 60)
    assert joined.advance < 1.9 * letters.advance  # two isolated letters are wider
    inked = np.flatnonzero(joined.mask[: joined.top].max(axis=0) > 64)
    assert len(inked) == inked[-1] - inked[0] + 1  # no gap between them
    first, second = face.run("ابب", 60), face.run("بب", 60)
    # The first letter stands at the right: what comes before it is what there is without it.
    assert first.mask[:, -6:].any() and first.mask.shape[1] > second.mask.shape[1]
    left = first.mask[-second.mask.shape[0] :, : second.mask.shape[1] // 2]
    assert np.abs(left.astype(int) - second.mask[:, : left.shape[1]]).mean() < 12


@pytest.mark.skipif(not scripts.can_shape(), reason="this Pillow cannot shape")
def test_hebrew_is_drawn_from_right_to_left(bundled):
    face = face_of(bundled, "DejaVu Sans", "Book")
    word = face.run("של", 60).mask
    lamed, shin = face.glyph("ל", 60), face.glyph("ש", 60)
    assert face.has("של")
    # Lamed rises above shin: the high ink is at the left, where the second letter stands.
    high = word[: lamed.top - shin.top - 2].max(axis=0)
    assert high[: len(high) // 2].any() and not high[len(high) // 2 :].any()


def test_marks_need_a_font_that_places_them(bundled):
    placed = [f for f in bundled.faces if f.has("x\u0302")]
    assert placed and all("mark" in layout(f.path, f.index)[1] for f in placed)
    assert not next(f for f in bundled.faces if f.path.endswith("cmr10.ttf")).has("\u0302")


def test_scripts_are_known_by_their_symbols():
    assert scripts.shaped_scripts("Aé9中あЖΩ한ßთ") == frozenset()
    assert scripts.shaped_scripts("سשक") == {"ARABIC", "HEBREW", "DEVANAGARI"}
    assert scripts.shaped_scripts("x\u0302") == {scripts.COMBINING}


def test_what_cannot_be_shaped_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(scripts, "can_shape", lambda: False)
    with pytest.raises(InputError, match=r"Arabic cannot be drawn.*libfribidi0"):
        scripts.check_shaping("سلام")
    with pytest.raises(InputError, match="combining marks"):
        scripts.check_shaping("x\u0302")
    scripts.check_shaping("plain 中文")
    with pytest.raises(InputError, match="Mongolian is not drawn"):
        scripts.check_shaping("\u1820")

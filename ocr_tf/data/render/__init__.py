"""Draws lines of text with type, color, distortion, texture and damage, each a function of a key.

What stands between `synthetic:PRESET?...` and an encoded image. TensorFlow-free. Its files:

    source      opens a specification; lines that are drawn when they are asked for
    content     what lines say: lexicon, corpus, template, numbers
    template    the grammar of templates
    patterns    card numbers, telephone numbers, plates, dates
    splits      the split a text belongs to, and the random numbers of a key
    style       PRESETS: the bounds of everything that is drawn
    draw        text and style to an image, in order
    fonts       finding fonts, and what glyphs they have
    glyphs      glyphs as masks
    legibility  what of a font's letters can be recognized
    scripts     scripts that must be shaped, and their refusal
    strokes     digits written with a pen
    ink         glyphs set as a line
    colors      the colors of a line
    ground      what a line lies on
    textures    surfaces made by arithmetic
    effects     border, shadow, relief, projection, light, blur, noise, JPEG
"""

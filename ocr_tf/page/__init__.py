"""From the image of a page to its text: find lines, cut them out, let any recognizer read them.

    skew           the angle that a page was scanned at, and turning it back
    regions        connected components and what is measured of them
    text_regions   a boosted classifier that tells text from the rest; train_regions makes its file
    group          text regions to lines
    profile        lines by projection profiles, without a classifier
    layout         lines, their order of reading, columns
    find           a page's lines by either way
    readers        the recognizer: a run, an export or a classical one
    alto, hocr, overlay   what is written
    synthetic      pages of known layout; `matching` compares what was found with it
    result                a page that was read
    config, command       the command `read_page`

TensorFlow-free, but for `readers` with a run or an export.
"""

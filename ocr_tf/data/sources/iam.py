"""IAM handwriting: `lines.txt` or `words.txt`, and images lines/a01/a01-000u/a01-000u-00.png.

`iam:FOLDER?part=lines` (or words). The list lies in the folder or in its `ascii`; a list's own path will
do too. `|` between tokens is a space. `?status=ok` leaves out what is marked `err` (segmented wrongly),
`all` takes it: words take ok alone unless told, lines take all, as the lists' own comments advise.
`?ids=FILE` takes the lines, words or whole forms whose ids a file lists, one on each line: the usual
partitions. Defined in the comments that both lists begin with.
"""

from __future__ import annotations

import re
from pathlib import Path

from ocr_tf.data.source import ImageFiles
from ocr_tf.data.spec import one_of, split_options
from ocr_tf.errors import InputError
from ocr_tf.text_file import read_lines

ID = {
    "lines": re.compile(r"((\w+)-\w+)-\w+"),  # form a01-000u, line 00
    "words": re.compile(r"((\w+)-\w+)-\w+-\w+"),
}
FORMS = {
    "lines": "a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop",
    "words": "a01-000u-00-00 ok 154 408 768 27 51 AT A",
}
STATUS = {"lines": "all", "words": "ok"}
FIELDS = 8  # before the text, in both


def open_iam(rest: str) -> ImageFiles:
    """Opens the lines or words of the database.

    Raises:
        InputError: the list is missing, is not UTF-8, or holds none of these lines or one of another
            form; `ids` names what is not in it.
    """
    path, options = split_options("iam", rest, {"part": "", "status": "", "ids": ""})
    file, part = _listing(Path(path), options["part"], f"iam:{rest}")
    status = options["status"] or STATUS[part]
    one_of(f"iam:{rest}", "status", status, ("ok", "all"))
    wanted = _read_ids(options["ids"]) if options["ids"] else None
    root = file.parent.parent if file.parent.name == "ascii" else file.parent
    chosen = "".join(f"&{key}={value}" for key, value in options.items() if value)
    source = ImageFiles(f"iam:{path}?{chosen[1:]}" if chosen else f"iam:{path}", root)
    met: set[str] = set()
    for number, line in read_lines(file, "list", f"give the folder that holds {part}.txt"):
        if line.strip() and not line.startswith("#"):
            key, mark, text = _columns(line, part, f"{file}:{number}")
            form, writing = _form(key, part)
            named = {key, form} & wanted.keys() if wanted is not None else ()
            met.update(named)
            if (wanted is None or named) and status in (mark, "all"):
                source.add(f"{part}/{writing}/{form}/{key}.png", text, str(file), number)
    if wanted is not None and len(met) < len(wanted):
        absent = next(key for key in wanted if key not in met)
        raise InputError(f"{options['ids']}:{wanted[absent]}: {absent} is not in {file}")
    if not len(source):
        raise InputError(f"{file}: holds none of these {part}; one is listed as {FORMS[part]}")
    source.finish()
    return source


def _listing(path: Path, part: str, spec: str) -> tuple[Path, str]:
    """Finds the list, and which it is."""
    if path.is_dir():
        part = one_of(spec, "part", part or "lines", tuple(FORMS))
        file = path / "ascii" / f"{part}.txt"
        return (file if file.exists() else path / f"{part}.txt"), part
    if part or path.stem in FORMS:
        return path, one_of(spec, "part", part or path.stem, tuple(FORMS))
    raise InputError(f"{spec}: give the folder that holds lines.txt or words.txt, or say ?part=")


def _columns(line: str, part: str, place: str) -> tuple[str, str, str]:
    """Splits a line into its id, its status and its text."""
    fields = line.split(" ", FIELDS)
    if len(fields) <= FIELDS or fields[1] not in ("ok", "err") or not ID[part].fullmatch(fields[0]):
        raise InputError(f"{place}: no line of {part}.txt; one is {FORMS[part]}")
    text = fields[FIELDS].strip()
    return fields[0], fields[1], text.replace("|", " ") if part == "lines" else text


def _form(key: str, part: str) -> tuple[str, str]:
    """Returns the form of an id, a01-000u, and the folder of forms, a01."""
    found = ID[part].fullmatch(key)
    assert found is not None
    return found[1], found[2]


def _read_ids(name: str) -> dict[str, int]:
    ids = {line.strip(): number for number, line in read_lines(name, "ids") if line.strip()}
    if not ids:
        raise InputError(
            f"{name}: names no ids; write one on each line, as a01-000u-00 or a01-000u"
        )
    return ids

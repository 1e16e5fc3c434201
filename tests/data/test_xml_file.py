from __future__ import annotations

import pytest

from ocr_tf.data.xml_file import below, children, local, read_xml, root_of

from .sources.formats import message, put


def test_elements_are_found_by_name_in_any_namespace(tmp_path):
    text = '<?xml version="1.0"?><!-- x --><a:r xmlns:a="urn:a"><a:b><a:c/></a:b><a:c>é</a:c></a:r>'
    file = put(tmp_path / "a.xml", text)
    root = read_xml(file)
    assert root_of(file) == local(root) == "r"
    assert [c.text for c in children(root, "c")] == ["é"]
    assert len(list(below(root, "c"))) == 2
    assert read_xml(put(tmp_path / "b.xml", "<r>é</r>".encode("utf-16"))).text == "é"


SECRET = "of another file"
DOCTYPES = {
    "external": '<!DOCTYPE r [<!ENTITY x SYSTEM "file://{}">]>',
    "parameter": '<!DOCTYPE r [<!ENTITY % x SYSTEM "file://{}"> %x;]>',
    "bomb": '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY x "&a;&a;&a;&a;">]>',
    "other file": '<!DOCTYPE r SYSTEM "file://{}">',
}


@pytest.mark.parametrize("kind", DOCTYPES)
def test_document_types_are_refused_and_nothing_is_resolved(tmp_path, kind):
    secret = put(tmp_path / "secret", SECRET)
    doctype = DOCTYPES[kind].format(secret)
    for reference in ("&x;", ""):
        text = f'<?xml version="1.0"?>\n{doctype}\n<r>{reference}</r>'
        file = put(tmp_path / "a.xml", text)
        for read in (read_xml, root_of):
            said = message(read, file)
            assert said.startswith(f"{file}:2: a document type") and SECRET not in said


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", ": not well-formed XML: no element found"),
        (b"<r>\n<b></r>", ":2: not well-formed XML: mismatched tag"),
        (b"<r>&x;</r>", ":1: not well-formed XML: undefined entity"),
        (b"<r>\n\xe9</r>", ":2: not UTF-8 (byte 4)"),
        (
            b'<?xml version="1.0" encoding="nonsense"?><r/>',
            ": cannot read the XML: unknown encoding: nonsense",
        ),
        (b"no XML", ":1: not well-formed XML"),
        (None, ": cannot read the XML: No such file"),
    ],
)
def test_broken_files(tmp_path, content, words):
    file = tmp_path / "a.xml"
    if content is not None:
        put(file, content)
    said = message(read_xml, file)
    assert said.startswith(f"{file}:") and words in said


def test_the_root_of_a_long_file_is_read_from_its_beginning(tmp_path):
    file = put(tmp_path / "a.xml", "<r>" + "x" * 200_000)
    assert root_of(file) == "r"
    assert "no element found" in message(read_xml, file)
    comment = put(tmp_path / "b.xml", f"<!-- {'x' * 200_000} --><r/>")
    assert "no XML element" in message(root_of, comment) and read_xml(comment).tag == "r"

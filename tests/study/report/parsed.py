"""What a test wants to know of a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

SILENT = ("style", "script")


class Page(HTMLParser):
    """The ids, links and texts of a page."""

    def __init__(self, content: str):
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []  # href and xlink:href
        self.sources: list[str] = []  # src
        self.classes: dict[str, list[str]] = {}  # by id
        self.tags: list[str] = []
        self._texts: list[str] = []
        self._silent = 0
        self.feed(content)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self._silent += tag in SILENT
        if "id" in values:
            self.ids.append(values["id"])
            self.classes[values["id"]] = (values.get("class") or "").split()
        self.links += [values[name] for name in ("href", "xlink:href") if name in values]
        self.sources += [values["src"]] if "src" in values else []

    def handle_endtag(self, tag):
        self._silent -= tag in SILENT

    def handle_data(self, data):
        if not self._silent:
            self._texts.append(data)

    @property
    def text(self) -> str:
        """All that is written, white space made one space."""
        return re.sub(r"[ \n]+", " ", " ".join(self._texts))


def read(path: Path) -> Page:
    return Page(path.read_text("utf-8"))

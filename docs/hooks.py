"""Leaves modules that this version does not have out of the API page. A hook that mkdocs.yml names."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

OPTIONAL = ("ocr_tf.api", "ocr_tf.registry", "ocr_tf.metrics.registry", "ocr_tf.decode.search")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Drops missing modules, and sections that are left empty."""
    for name in OPTIONAL:
        if importlib.util.find_spec(name) is None:
            markdown = re.sub(rf"^::: {re.escape(name)}\n+", "", markdown, flags=re.M)
            markdown = re.sub(r"^## [^\n]*\n+(?=## )", "", markdown, flags=re.M)
    return markdown

"""Shows on the API page what is said of a field behind it or in its option: `values: Tensor  # [B, T, D]`.

A griffe extension, which mkdocs.yml names. A field's docstring is the comment on its line, or the help of its
`option(...)`.
"""

from __future__ import annotations

import ast
from typing import Any, Optional

import griffe


class FieldComments(griffe.Extension):
    """Gives fields of classes a docstring where they have none."""

    def on_attribute_instance(
        self, *, node: Any, attr: griffe.Attribute, agent: Any, **_: Any
    ) -> None:
        """Reads the comment or the option's help of a field that a class annotates."""
        if attr.docstring is not None or not isinstance(node, ast.AnnAssign):
            return
        text = _help(node.value) or _comment(agent.code.splitlines()[node.end_lineno - 1])
        if text and attr.parent is not None and attr.parent.is_class:
            attr.docstring = griffe.Docstring(text, lineno=node.lineno, parent=attr)


def _help(value: Optional[ast.expr]) -> str:
    """The help text of option(default, "help", ...)."""
    if not (isinstance(value, ast.Call) and getattr(value.func, "id", "") == "option"):
        return ""
    text = value.args[1] if len(value.args) > 1 else None
    return text.value if isinstance(text, ast.Constant) else ""


def _comment(line: str) -> str:
    """What stands behind the line's comment sign, as a sentence."""
    text = line.partition("  # ")[2].strip()
    return text and text[0].upper() + text[1:].rstrip(".") + "."

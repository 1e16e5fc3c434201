"""From matplotlib figures to vector graphics inside a page, and to pictures for TensorBoard.

Each figure is painted at two widths, for a desk and for a phone: shrunk to a phone's, letters could
not be read. Texts stay texts, in the page's font; parts may link to places of the page.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ocr_tf.types import Array

# Told apart by all eyes (Okabe and Ito 2008), the lightest left out.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5c4db1", "#7a7a7a")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

# Those of the page.
INK, DIM, RULE, BAND, ACCENT = "#1c1e21", "#686d74", "#dfe2e6", "#eef0f2", "#0b5fa5"

# Pixels of the page.
FULL, HALF, PHONE = 960, 500, 344
LETTERS = 12.5
LONGEST = 34  # symbols of a name in a figure

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": LETTERS,
    "axes.edgecolor": RULE,
    "axes.labelcolor": DIM,
    "axes.labelsize": LETTERS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": DIM,
    "ytick.color": DIM,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "xtick.labelsize": LETTERS - 1,
    "ytick.labelsize": LETTERS - 1,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "text.parse_math": False,  # A name may hold dollars.
    "legend.frameon": False,
    "legend.fontsize": LETTERS,
    "svg.fonttype": "none",
}


class Look(NamedTuple):
    """How a condition is drawn, everywhere."""

    name: str
    number: int

    @property
    def color(self) -> str:
        """Its color, as CSS and matplotlib take it."""
        return COLORS[self.number % len(COLORS)]

    @property
    def marker(self) -> str:
        """Its marker, as matplotlib names it."""
        return MARKERS[self.number % len(MARKERS)]


class Drawing(NamedTuple):
    """A figure as the page and TensorBoard show it."""

    name: str  # of its file
    about: str  # in words, for who cannot see it
    wide: Markup  # <svg>
    narrow: Markup
    png: bytes
    half: bool = False  # two stand beside each other
    section: str = ""  # of the page
    caption: str = ""


def looks(conditions: Sequence[str]) -> dict[str, Look]:
    """Gives every condition its color and marker, in their order."""
    return {name: Look(name, i) for i, name in enumerate(conditions)}


def short(name: str, longest: int = LONGEST) -> str:
    """What a figure has room for: begin and end, as names of conditions may differ in either."""
    if len(name) <= longest:
        return name
    end = (longest - 1) // 2
    return f"{name[: longest - 1 - end]}…{name[len(name) - end :]}"


def drawing(name: str, about: str, paint: Callable[[int], Figure], width: int = FULL) -> Drawing:
    """Paints a figure at both widths; see `drawing_if_any`."""
    drawn = drawing_if_any(name, about, paint, width)
    assert drawn is not None
    return drawn


def drawing_if_any(
    name: str, about: str, paint: Callable[[int], Optional[Figure]], width: int = FULL
) -> Optional[Drawing]:
    """Paints a figure at both widths; None where `paint` gives none.

    Args:
        name: identifies it within the page: letters, digits and underscores.
        about: the plot in words, for who cannot see it.
        paint: makes it, with a width in pixels of the page.
        width: at a desk.
    """
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # The browser has other fonts.
        wide, narrow = paint(width), paint(PHONE)
        if wide is None or narrow is None:
            return None
        return Drawing(
            name,
            about,
            _svg(wide, f"{name}-w"),
            _svg(narrow, f"{name}-n"),
            _png(wide),
            half=width == HALF,
        )


def canvas(width: int, height: float) -> Figure:
    """An empty figure of so many pixels of the page."""
    return Figure(figsize=(width / 72, height / 72), dpi=72)


def place(figure: Figure, left: float, top: float, right: float, bottom: float) -> Any:
    """Axes with so many pixels around them."""
    width, height = figure.get_size_inches() * 72
    return figure.add_axes(
        (
            left / width,
            bottom / height,
            (width - left - right) / width,
            (height - top - bottom) / height,
        )
    )


def _svg(figure: Figure, name: str) -> Markup:
    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r"\n\s*", "\n", text)
    return Markup(_own_ids(text, name))


def _own_ids(text: str, name: str) -> str:
    """Ids become this figure's own: others of the page have theirs. Those that nothing refers to go."""
    ids = set(re.findall(r' id="([^"]*)"', text))
    used = ids & set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))

    def own(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in used else ""

    def refer(match: re.Match[str]) -> str:
        return f"{match[1]}{name}-{match[2]}" if match[2] in used else match[0]

    text = re.sub(r' id="([^"]*)"', own, text)
    return re.sub(r'(href="#|url\(#)([^")]+)', refer, text)


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.set_facecolor("white")
    figure.set_dpi(110)
    FigureCanvasAgg(figure).print_png(out)
    return out.getvalue()


def legend(axes: Any, styles: Mapping[str, Look], **where: Any) -> None:
    """Which color and marker is which condition."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=s.color, marker=s.marker, markersize=6, lw=2, label=short(s.name))
        for s in styles.values()
    ]
    axes.legend(handles=handles, handlelength=1.6, **where)


def beside(
    axes: Any, y: float, text: str, right: bool = False, offset: float = 0.0, **style: Any
) -> Any:
    """A text at a height of the data, so many pixels off the left or right side of the axes."""
    return axes.annotate(
        text,
        (1.0 if right else 0.0, y),
        xycoords=("axes fraction", "data"),
        xytext=(offset, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        annotation_clip=False,
        **style,
    )


def title(axes: Any, text: str) -> None:
    """What the vertical axis shows."""
    axes.set_title(text, loc="left", fontsize=LETTERS, color=DIM)


def sides(axes: Any, left: str, right: str) -> None:
    """What the left and the right half show."""
    for x, side, text in ((0, "left", f"← {left}"), (1, "right", f"{right} →")):
        axes.annotate(
            text,
            (x, 1),
            xycoords="axes fraction",
            xytext=(0, 12),
            textcoords="offset points",
            ha=side,
            color=DIM,
        )


def nice(values: Array) -> tuple[float, float]:
    """Limits around values, with some room."""
    low, high = float(np.min(values)), float(np.max(values))
    room = 0.06 * (high - low) or 0.3 * abs(high) or 1.0
    return low - room, high + room

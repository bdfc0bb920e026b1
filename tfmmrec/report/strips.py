"""Recommendations to look at: for each user a strip of pictures, what was watched and what is recommended."""

from __future__ import annotations

import io
import textwrap
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfmmrec.aside import file_aside
from tfmmrec.data import Split
from tfmmrec.evaluation import Results, queries_of
from tfmmrec.report.shelf import Card, Shelf

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MORE_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB", "Arial Unicode MS", "Noto Sans Thai"),
)
_FRAME = "#2a9d5c"
_PAPER, _EDGE, _INK, _FAINT = "#eceae4", "#d0cdc4", "#3a3a3a", "#8a8a8a"


@dataclass(frozen=True)
class Strip:
    """One user's row.

    Attributes:
        name: who it is.
        history: what the user met, the latest last.
        recommended: what is recommended, best first.
    """

    name: str
    history: Sequence[Card]
    recommended: Sequence[Card]


def strips_of(
    results: Results, split: Split, shelf: Shelf, users: int = 5, history: int = 5, recommended: int = 7
) -> list[Strip]:
    """Strips of an evaluation, the held-out items framed where they were recommended.

    The users are spread evenly over the split, so that nobody chooses the ones that went well.

    Args:
        results: of `tfmmrec.evaluation.evaluate`, for a model that ranks the catalogue.
        split: what was evaluated.
        shelf: titles and pictures.
        users: strips, at most.
        history, recommended: cards of a strip, at most.
    """
    data, queries = split.data, queries_of(split)
    strips = []
    for query in np.unique(np.linspace(0, len(queries) - 1, users).astype(int)):
        met = data.events.item[queries.histories[query][-history:]]
        wanted = set(queries.targets(query).tolist())
        shown = [int(row) for row in results.recommended[query, :recommended] if row >= 0]
        strips.append(
            Strip(
                str(data.user_ids[queries.users[query]]),
                [shelf.card(str(data.item_ids[row])) for row in met],
                [shelf.card(str(data.item_ids[row]), framed=row in wanted) for row in shown],
            )
        )
    return strips


def draw_strips(
    strips: Sequence[Strip], path: str | Path, title: str = "", note: str = "", ordered: bool = True
) -> Path:
    """Draws strips as a PNG: a row for each user, history on the left, recommendations on the right.

    Args:
        strips: the rows.
        path: the picture's file; its folder is made.
        title: above the picture.
        note: below it.
        ordered: whether a history is a sequence.

    Raises:
        ValueError: there is no strip.
    """
    if not strips:
        raise ValueError("There is nothing to draw: give at least one user's recommendations.")
    import matplotlib

    with matplotlib.rc_context({"font.family": _fonts()}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")  # a box stands in for it
        figure = _figure(strips, title, note, ordered)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with file_aside(path) as aside:
            figure.savefig(aside, format="png")
    return Path(path)


def _figure(strips: Sequence[Strip], title: str, note: str, ordered: bool) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    before = max(1, *(len(strip.history) for strip in strips))
    after = max(1, *(len(strip.recommended) for strip in strips))
    side, words, gap, left = 1.15, 0.42, 0.35, 0.75  # inches
    head, foot = (0.75 if title else 0.4), (0.3 if note else 0.1)
    width = max(6.0, left + (before + after) * side + gap + 0.1)
    height = head + len(strips) * (side + words) + foot
    figure = Figure(figsize=(width, height), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)

    def place(column: int, row: int) -> tuple[float, float, float, float]:
        x = left + column * side + (gap if column >= before else 0)
        y = height - head - row * (side + words) - side
        return (x + 0.05) / width, y / height, (side - 0.1) / width, (side - 0.06) / height

    def label(x: float, y: float, text: str, **style: Any) -> None:
        figure.text(x / width, y / height, text, **{"color": _INK, **style})

    if title:
        label(0.1, height - 0.12, title, fontsize=12, fontweight="bold", va="top")
    history = "history, the latest last" if ordered else "history"
    label(left + 0.05, height - head + 0.08, history, fontsize=9, color=_FAINT)
    label(left + before * side + gap + 0.05, height - head + 0.08, "recommended", fontsize=9, color=_FAINT)
    if note:
        label(0.1, 0.1, note, fontsize=8, color=_FAINT)
    for row, strip in enumerate(strips):
        label(0.1, height - head - row * (side + words) - side / 2, _wrapped(strip.name, 8, 3), fontsize=9)
        # history ends where the recommendations begin
        first = before - len(strip.history)
        cards = [*enumerate(strip.history, first), *enumerate(strip.recommended, before)]
        for column, card in cards:
            _draw(card, figure.add_axes(place(column, row)))
    return figure


def _draw(card: Card, panel: Axes) -> None:
    panel.set_xticks([])
    panel.set_yticks([])
    picture = _opened(card.picture)
    if picture is None:
        panel.set_facecolor(_PAPER)
        panel.set(xlim=(0, 1), ylim=(0, 1))
        panel.text(0.5, 0.5, _wrapped(card.title, 12, 5), ha="center", va="center", fontsize=7, color=_INK)
    else:
        panel.imshow(picture, interpolation="bilinear")
        panel.set_anchor("N")
        panel.set_title(_wrapped(card.title, 17, 2), fontsize=6.5, color=_INK, y=-0.03, va="top", pad=0)
    for edge in panel.spines.values():
        edge.set_visible(card.framed or picture is None)
        edge.set(color=_FRAME if card.framed else _EDGE, linewidth=3.0 if card.framed else 0.8)


def _opened(contents: bytes | None) -> Any:
    """The picture, or None where there is none that can be read: a strip is no place to fail."""
    if contents is None:
        return None
    from PIL import Image

    try:
        with Image.open(io.BytesIO(contents)) as picture:
            picture.thumbnail((256, 256))
            return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _fonts() -> list[str]:
    """Matplotlib's own font, and behind it those of other scripts that this machine has."""
    from matplotlib import font_manager

    there = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _MORE_FONTS if name in there)]


def _wrapped(text: str, width: int, lines: int) -> str:
    text = text.replace("$", r"\$")  # no formulas
    if any(unicodedata.east_asian_width(letter) in "WF" for letter in text):
        width = width * 3 // 5
    return "\n".join(textwrap.wrap(text, width, max_lines=lines, placeholder=" …"))

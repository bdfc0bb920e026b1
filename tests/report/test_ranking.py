"""A ranking as a table, and quality against cost as a picture."""

import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from tfmmrec.report import Ranked, draw_costs, ranking_markdown, ranking_table
from tfmmrec.report.costs import _front

RANKED = [
    Ranked(
        "fusion=gated",
        {"fusion": "gated", "alignment": "none"},
        {"mean": 0.3, "low": 0.2, "high": 0.4},
        {"mean": 0.1, "low": 0.05, "high": 0.15},
        0.01,
        (0, 1, 2),
        12.34,
        4567,
        890.4,
    ),
    Ranked("base", {"fusion": "sum", "alignment": "none"}, {"mean": 0.2}, None, None, (0,), 10, 1000, 800),
    Ranked(
        "alignment=kl",
        {"fusion": "sum", "alignment": "kl"},
        {"mean": 0.19},
        {"mean": -0.01, "low": -0.05, "high": 0.03},
        None,
        (0,),
        11,
        1000,
        810,
    ),
    Ranked("fusion=max", {"fusion": "max", "alignment": "none"}, reason="There is [no] sound | picture."),
]


def test_markdown_by_hand():
    assert ranking_markdown(RANKED, "ndcg@10", "base").splitlines() == [
        "|  | ndcg@10 | minus base | ± seeds | seeds | seconds | parameters | MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        "| fusion=gated | 0.3000 [0.2000, 0.4000] | **+0.1000 [+0.0500, +0.1500]** | 0.0100 | 3 | 12.3 "
        "| 4,567 | 890 |",
        "| base | 0.2000 | reference |  | 1 | 10.0 | 1,000 | 800 |",
        "| alignment=kl | 0.1900 | -0.0100 [-0.0500, +0.0300] |  | 1 | 11.0 | 1,000 | 810 |",
        "| fusion=max | There is [no] sound \\| picture. |  |  |  |  |  |  |",
    ]


def test_the_terminal_shows_the_same_and_a_sure_difference_in_bold():
    console = Console(file=io.StringIO(), width=180, force_terminal=True, color_system="standard")
    console.print(ranking_table(RANKED, "ndcg@10", "base"))
    shown = console.file.getvalue()
    for word in ("minus base", "[no] sound", "4,567", "[0.2000, 0.4000]", "between seeds"):
        assert word in shown
    assert "\x1b[1m+0.1000" in shown and "\x1b[1m-0.0100" not in shown and "**" not in shown


def test_the_picture_has_a_panel_for_each_cost(tmp_path):
    with Image.open(draw_costs(RANKED, "ndcg@10", tmp_path / "new" / "costs.png")) as picture:
        assert picture.format == "PNG" and picture.size[0] > 2 * picture.size[1]
        shown = np.asarray(picture.convert("RGB")).astype(int)
    coloured = (shown.max(axis=2) - shown.min(axis=2) > 60).any(axis=0)
    thirds = np.array_split(coloured, 3)
    assert all(part.any() for part in thirds)
    draw_costs([Ranked("a", {}, {"mean": 1.0}, seconds=1.0)], "like.auc", tmp_path / "one.png")


def test_nobody_beats_the_front_at_its_cost():
    assert [one.name for one in _front(RANKED[:3], "seconds", False)] == ["base", "fusion=gated"]
    assert [one.name for one in _front(RANKED[:3], "seconds", True)] == ["base", "alignment=kl"]
    assert [one.name for one in _front(RANKED[:3], "parameters", True)] == ["alignment=kl"]


def test_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="no model has numbers"):
        draw_costs(RANKED[3:], "ndcg@10", tmp_path / "costs.png")

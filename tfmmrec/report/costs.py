"""Quality against what it cost: a picture of trained models beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfmmrec.aside import file_aside
from tfmmrec.report.ranking import Ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COSTS = {"seconds": "seconds of training", "parameters": "parameters", "peak_memory_mb": "peak memory (MB)"}
_MARKS = "os^DvP*X"


def draw_costs(
    ranked: Sequence[Ranked], metric: str, path: str | Path, lower_is_better: bool = False
) -> Path:
    """Draws a PNG with a panel for each cost: a point for each model, those named that no other beats.

    The first setting that was varied is told by colour, the second by shape, as far as there are some.

    Args:
        ranked: models; those without numbers are left out.
        metric: the name of the measure.
        path: the picture's file.
        lower_is_better: of the measure.

    Raises:
        ValueError: no model has numbers.
    """
    shown = [one for one in ranked if one.estimate is not None]
    if not shown:
        raise ValueError("There is nothing to draw: no model has numbers.")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    figure = Figure(figsize=(14, 4.8), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(_COSTS), sharey=True)
    style, told = _styles(shown)
    for panel, (cost, label) in zip(panels, _COSTS.items(), strict=True):
        for one in shown:
            _point(panel, one, cost, *style(one))
        front = _front(shown, cost, lower_is_better)
        panel.plot(*_places(front, cost), color="0.6", linewidth=1.0, linestyle=":", zorder=1)
        _name(panel, front, shown, cost)
        panel.set_xlabel(label)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
        panel.margins(x=0.12, y=0.1)
    panels[0].set_ylabel(metric)
    if told:
        figure.legend(handles=told, loc="outside right upper", fontsize=7, frameon=False)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_aside(path) as aside:
        figure.savefig(aside, format="png")
    return path


def _styles(shown: Sequence[Ranked]) -> tuple[Callable[[Ranked], tuple[Any, str]], list[Any]]:
    """Colour and mark of a model by its first and its second setting, and the legend that tells them."""
    from matplotlib import colormaps
    from matplotlib.lines import Line2D

    settings = list(shown[0].values)[:2]
    groups = [list(dict.fromkeys(one.values[setting] for one in shown)) for setting in settings]
    colours = colormaps["tab20" if groups and len(groups[0]) > 10 else "tab10"]
    looks = (
        {value: colours(place % colours.N) for place, value in enumerate(groups[0] if groups else ())},
        {value: _MARKS[place % len(_MARKS)] for place, value in enumerate(groups[1] if groups[1:] else ())},
    )

    def style(one: Ranked) -> tuple[Any, str]:
        first, second = (one.values.get(name, "") for name in (*settings, "", "")[:2])
        return looks[0].get(first, colours(0)), looks[1].get(second, _MARKS[0])

    plain: dict[str, Any] = {"linestyle": "", "markersize": 5}
    told = [Line2D([], [], color=look, marker="o", label=value, **plain) for value, look in looks[0].items()]
    told += [
        Line2D([], [], color="0.4", marker=look, label=value, **plain) for value, look in looks[1].items()
    ]
    return style, told


def _name(panel: Axes, front: Sequence[Ranked], shown: Sequence[Ranked], cost: str) -> None:
    """Names points on the side where there is room."""
    places = _places(shown, cost)[0]
    middle = (min(places) + max(places)) / 2
    for one in front:
        x, y = getattr(one, cost), _mean(one)
        left = x > middle
        named = panel.annotate(
            ", ".join(one.values.values()) or one.name,
            (x, y),
            xytext=(-5 if left else 5, 4),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=7,
        )
        named.set_in_layout(False)  # a long name must not squeeze the panels


def _point(panel: Axes, one: Ranked, cost: str, colour: Any, mark: str) -> None:
    assert one.estimate is not None
    x, y = getattr(one, cost), one.estimate["mean"]
    if "low" in one.estimate:
        panel.plot([x, x], [one.estimate["low"], one.estimate["high"]], color=colour, alpha=0.25, linewidth=1)
    panel.scatter([x], [y], color=[colour], marker=mark, s=26, zorder=2)


def _front(shown: Sequence[Ranked], cost: str, lower_is_better: bool) -> list[Ranked]:
    """Those that none beats that costs as much or less, from the cheapest on."""
    sign = -1.0 if lower_is_better else 1.0
    front: list[Ranked] = []
    best = float("-inf")
    for one in sorted(shown, key=lambda one: (getattr(one, cost), -sign * _mean(one))):
        if sign * _mean(one) > best:
            front.append(one)
            best = sign * _mean(one)
    return front


def _places(shown: Sequence[Ranked], cost: str) -> tuple[list[float], list[float]]:
    return [getattr(one, cost) for one in shown], [_mean(one) for one in shown]


def _mean(one: Ranked) -> float:
    assert one.estimate is not None
    return one.estimate["mean"]

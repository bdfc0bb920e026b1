"""Learning curves: the loss of every task, and below it how well the task went on validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfmmrec.aside import file_aside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VALIDATION = "validation "
_BEYOND_ACCURACY = ("coverage", "novelty", "diversity")  # on other scales, and not what training looks for


def draw_curves(records: Sequence[Mapping[str, float]], path: str | Path, best: int = 0) -> Path:
    """Draws a training as a PNG with a column for each task: its loss above, its validation metrics below.

    Args:
        records: one for each epoch, as `tfmmrec.training.fit` returns them and ``curves.json`` holds them.
        path: the picture's file; its folder is made.
        best: the epoch (from 1) whose weights were kept; 0 draws no mark.

    Raises:
        ValueError: there is no epoch.
    """
    if not records:
        raise ValueError("There are no curves to draw: the training has no epoch. Train at least one.")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tasks = [
        name.removesuffix("_loss")
        for name in records[0]
        if name.endswith("_loss") and not name.startswith(_VALIDATION)
    ]
    tasks = tasks or ["loss"]
    validated = {task: _validation_metrics(task, tasks, records) for task in tasks}
    rows = 2 if any(validated.values()) else 1
    figure = Figure(figsize=(3.9 * len(tasks), 2.9 * rows), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, len(tasks), squeeze=False)
    for column, task in enumerate(tasks):
        key = f"{task}_loss" if f"{task}_loss" in records[0] else "loss"
        panel = panels[0, column]
        _lines(panel, records, {"training loss": key}, best)
        panel.set_title(task.replace("_", " "))
        if rows == 2:
            panel = panels[1, column]
            _lines(panel, records, validated[task], best)
            panel.set_visible(bool(validated[task]))
        panel.set_xlabel("epoch")
    panels[0, 0].set_ylabel("training loss")
    if rows == 2:
        panels[1, 0].set_ylabel("validation")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with file_aside(path) as aside:
        figure.savefig(aside, format="png")
    return Path(path)


def _validation_metrics(
    task: str, tasks: Sequence[str], records: Sequence[Mapping[str, float]]
) -> dict[str, str]:
    """Label → key of the validation metrics that belong to a task; a ranking's are named without a task."""
    names = [key.removeprefix(_VALIDATION) for key in records[0] if key.startswith(_VALIDATION)]
    own = {name.split(".", 1)[1]: _VALIDATION + name for name in names if name.startswith(f"{task}.")}
    heads = {name.split(".", 1)[0] for name in names if "." in name}
    ranks = task not in heads and (len(tasks) == 1 or task in ("next_item", "match"))
    if own or not ranks:
        return own
    ranking = [n for n in names if "." not in n and n.split("@")[0] not in _BEYOND_ACCURACY]
    cuts = sorted({int(name.split("@")[1]) for name in ranking})
    return {name: _VALIDATION + name for name in ranking if int(name.split("@")[1]) == cuts[0]}


def _lines(panel: Axes, records: Sequence[Mapping[str, float]], keys: Mapping[str, str], best: int) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = [record["epoch"] for record in records]
    marker = "o" if len(records) < 15 else None
    drawn: list[list[float]] = []
    for label, key in keys.items():
        values = [record.get(key, float("nan")) for record in records]
        if values in drawn:  # with one item to find, the hit rate is the recall
            continue
        drawn.append(values)
        panel.plot(epochs, values, marker=marker, markersize=3, linewidth=1.6, label=label)
    if best:
        panel.axvline(best, color="0.55", linestyle=":", linewidth=1.2, label=f"kept: epoch {best}")
    panel.grid(alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    if keys and (len(keys) > 1 or best):
        panel.legend(fontsize=8, frameon=False)

"""From a data folder to a finished run folder: prepare, train, judge, draw. What `tfmmrec train` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfmmrec import alignment as alignments
from tfmmrec import balancing as balancings
from tfmmrec import fusion as fusions
from tfmmrec import graphs
from tfmmrec import sharing as sharings
from tfmmrec.alignment import Alignment
from tfmmrec.balancing import Balancing
from tfmmrec.data import Data, load, open_shards
from tfmmrec.data import negatives as kinds_of_negatives
from tfmmrec.data.negatives import Negatives
from tfmmrec.fusion import Fusion
from tfmmrec.graphs import Graph
from tfmmrec.members import chosen, find
from tfmmrec.models import Recommender
from tfmmrec.recipes.beginning import begin, check_beginning
from tfmmrec.recipes.from_settings import build, train
from tfmmrec.recipes.hearing import Report, Silence
from tfmmrec.recipes.judgement import Judgement, as_metrics, judge
from tfmmrec.recipes.settings import Settings
from tfmmrec.report import Shelf, draw_curves, draw_strips, strips_of
from tfmmrec.schema import Schema
from tfmmrec.sharing import Sharing
from tfmmrec.training import Run, best_epoch, default_monitor
from tfmmrec.training.checkpoint import Checkpoint
from tfmmrec.training.run import LOCK

SPLITS = ("validation", "test", "cold")

DECODED = ".decoded"
"""The folder beside the runs where they share what was decoded; it may be deleted at any time."""

# metrics.json goes last, as it is written last: when all is gone but it, what was begun is done again
_OF_AN_EARLIER_TRAINING = (
    "model.keras",
    "last.keras",
    *(f"{name}.json" for name in ("transfer", "pretraining", "curves", "metrics")),
)
_OURS = {"schema.json", "config.json", "prepared", "dead_letters.jsonl", LOCK}


@dataclass(frozen=True)
class TrainingRun:
    """What a training left.

    Attributes:
        run: the folder.
        model: with the weights that were best on validation.
        data: prepared.
        epoch: the epoch whose weights were kept; 0 without validation.
        judgements: by split, of those that have events.
    """

    run: Run
    model: Recommender
    data: Data
    epoch: int
    judgements: dict[str, Judgement]


def training_run(
    folder: str | Path,
    schema: Schema,
    run_folder: str | Path,
    settings: Settings | None = None,
    replace: bool = False,
    report: Report | None = None,
    splits: Sequence[str] = SPLITS,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> TrainingRun:
    """Trains a model on a data folder and judges it; the test split is read once, at the end.

    Called again with the same arguments after it was interrupted, at whatever moment, it goes on from there;
    after it has ended, the same model is judged again.

    Args:
        folder: the data.
        schema: what the columns are; everything is prepared, whatever ``settings.only`` leaves out.
        run_folder: gets everything; see `Run`. What an interrupted training left there is used again.
        settings: of the training.
        replace: train anew where there is a trained model, or a training of other settings.
        report: is told how things go.
        splits: which are judged at the end: where many trainings are compared, the test is not to be read.
        on_epoch: called with each epoch's losses and metrics; see `fit`.

    Raises:
        ValueError: of `load`, `build_recommender` and `fit`; or there is a run of other settings in the
            folder, or something that is no run, or another training runs in it.
    """
    settings, report = settings or Settings(), report or Silence()
    run_folder = Path(run_folder)
    _check_run_folder(run_folder)
    run = Run(run_folder)
    with run.locked():
        return _training_run(folder, schema, run, settings, replace, report, splits, on_epoch)


def _training_run(
    folder: str | Path,
    schema: Schema,
    run: Run,
    settings: Settings,
    replace: bool,
    report: Report,
    splits: Sequence[str],
    on_epoch: Callable[[dict[str, float]], None] | None,
) -> TrainingRun:
    twin = schema.only(**settings.only)
    find(fusions, Fusion, chosen(settings.fusion)["name"])
    find(sharings, Sharing, chosen(settings.sharing)["name"])
    find(balancings, Balancing, chosen(settings.balancing)["name"])
    find(kinds_of_negatives, Negatives, chosen(settings.negatives)["name"])
    if settings.alignment is not None:
        find(alignments, Alignment, chosen(settings.alignment)["name"])
    if settings.graph is not None:
        find(graphs, Graph, chosen(settings.graph)["name"])

    config, kept = {"data": str(folder), **asdict(settings)}, Checkpoint(run.checkpoint)
    finished = (run.folder / "metrics.json").is_file()  # it is the last that is written
    if replace and (finished or run.other_settings(config, twin)):  # else it goes on, as without
        kept.remove()
        for name in _OF_AN_EARLIER_TRAINING:
            (run.folder / name).unlink(missing_ok=True)
    trained = (run.folder / "model.keras").is_file()
    if trained:
        _check_settings(run, config, twin)
        report.line(
            f"The training of {run.folder} is over; here are its numbers. --replace trains anew."
            if finished
            else "The model is trained already; what is left is to judge it."
        )
        data, model = open_shards(run.prepared), run.load_model()
        kept.remove()
    else:
        check_beginning(settings)
        data = _load(folder, schema, run, settings, report)
        report.line(_about(data))
        config["split_sha256"] = data.split_sha256
        if kept.note() is not None:
            _check_settings(run, config, twin)
        model = build(twin, data, settings)
        parameters = f"{model.count_params():,}"
        report.line(f"The model has {parameters} parameters; its first step takes a while to trace.")
        run.begin(twin, data, config)
        if kept.note() is None:
            begin(model, data, settings, run, report)
        train(model, data, settings, run, report, on_epoch)
    records = run.read("curves")
    epoch = best_epoch(records, settings.monitor or default_monitor(model))
    draw_curves(records, run.plots / "curves.png", epoch)

    judgements = {}
    for name in splits:
        split = getattr(data, name)
        if len(split):
            report.line(f"Evaluating on {len(split):,} events of the {name} split.")
            judgements[name] = judge(model, split, settings.k)
    _draw_recommendations(folder, schema, run, data, judgements)
    run.write("metrics", as_metrics(judgements))
    return TrainingRun(run, model, data, epoch, judgements)


def _load(folder: str | Path, schema: Schema, run: Run, settings: Settings, report: Report) -> Data:
    return load(
        folder,
        schema,
        split=settings.split,
        prepared=run.prepared,
        cold_items=settings.cold_items,
        seed=settings.seed,
        progress=report,
        strict=settings.strict,
        max_dead=settings.max_dead,
        decoded=run.folder.parent / DECODED,
        dead_letters=run.dead_letters,
    )


def _check_settings(run: Run, config: dict[str, Any], twin: Schema) -> None:
    if other := run.other_settings(config, twin):
        raise ValueError(
            f"The run in {str(run.folder)!r} was begun with other settings: {', '.join(other)}. Give those "
            "to go on, another name (--name), or --replace to begin anew."
        )


def _draw_recommendations(
    folder: str | Path, schema: Schema, run: Run, data: Data, judgements: dict[str, Judgement]
) -> None:
    name = "test" if "test" in judgements else next(iter(judgements), None)
    if name is None or not len(judgements[name].results.recommended):
        return
    strips = strips_of(judgements[name].results, getattr(data, name), Shelf.of(folder, schema))
    draw_strips(
        strips,
        run.plots / "recommendations.png",
        title=f"{run.folder.name}: recommendations for some users of the {name} split",
        note="A green frame: what the user took next, which was held out.",
        ordered=schema.ordered,
    )


def _check_run_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"The run folder {str(folder)!r} is a file; give the name of a new folder.")
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if there and not there & _OURS:
        raise ValueError(
            f"{str(folder)!r} holds {min(there)!r} and is no run folder; give the name of a new folder."
        )


def _about(data: Data) -> str:
    counts = ", ".join(f"{len(getattr(data, name)):,} {name}" for name in ("train", *SPLITS))
    items, events = f"{len(data.item_ids):,} items", f"{len(data.events.item):,}"
    if data.schema.user_id is None:
        return f"{items}, {events} examples ({counts})."
    return f"{len(data.user_ids):,} users, {items}, {events} events ({counts}).{_too_few(data)}"


def _too_few(data: Data) -> str:
    """What one must know of a catalogue of one, where everything works and nothing means anything."""
    if len(data.item_ids) == 1:
        return " There is only one item, so every ranking of it is right: no number below says anything."
    if len(data.user_ids) == 1:
        return " There is only one user, so there are no intervals, and nothing holds for anybody else."
    return ""

"""A model and its training, with every one of a recipe's settings in its place."""

from __future__ import annotations

from collections.abc import Callable

from tfmmrec.data import Data
from tfmmrec.models import Recommender, build_recommender
from tfmmrec.recipes.hearing import Report
from tfmmrec.recipes.settings import Settings
from tfmmrec.schema import Schema
from tfmmrec.training import Run, default_monitor, fit
from tfmmrec.training.callbacks import tensorboard
from tfmmrec.training.checkpoint import Checkpoint


def build(twin: Schema, data: Data, settings: Settings) -> Recommender:
    """The model that a training with these settings begins with.

    A modulation asks the modalities' own heads: where none are wanted, they are there to measure alone.

    Raises:
        ValueError: of `build_recommender`.
    """
    measured = settings.auxiliary is None and settings.modulation is not None
    return build_recommender(
        twin,
        data.vocabulary,
        width=settings.width,
        fusion=settings.fusion,
        alignment=settings.alignment,
        sharing=settings.sharing,
        item_vectors=settings.item_vectors,
        dropout=settings.dropout,
        temperature=settings.temperature,
        graph=settings.graph,
        auxiliary={"probe": True} if measured else settings.auxiliary,
        modality_dropout=settings.modality_dropout,
        dtype=settings.dtype,
        seed=settings.seed,
    )


def train(
    model: Recommender,
    data: Data,
    settings: Settings,
    run: Run,
    report: Report,
    hear: Callable[[dict[str, float]], None] | None,
) -> None:
    """Trains, or goes on where an earlier training was interrupted; the run has the model then."""
    monitor = settings.monitor or default_monitor(model)

    def on_step(epoch: int, step: int, steps: int, loss: float) -> None:
        done = (epoch - 1) * steps + step
        report("training", done, settings.epochs * steps, f"epoch {epoch}, loss {loss:.4f}")

    def on_epoch(record: dict[str, float]) -> None:
        epoch, seconds = int(record["epoch"]), record["seconds"]
        reached = record.get(f"validation {monitor}")
        judged = "" if reached is None else f", validation {monitor} {reached:.4f}"
        line = f"epoch {epoch} of {settings.epochs}: loss {record['loss']:.4f}{judged}, {seconds:.1f} s"
        if 1 < epoch < settings.epochs:  # the first one had to trace
            line += f", at most {(settings.epochs - epoch) * seconds:.0f} s left"
        report.line(line)
        if hear:
            hear(record)

    left = Checkpoint(run.checkpoint).note()
    if left is not None:
        at = f"epoch {left['epoch'] + 1}" + (f", step {left['step'] + 1}" if left["step"] else "")
        report.line(f"An earlier training was interrupted: going on with {at}.")
    if not len(data.validation):
        report.line("No event validates: training runs through all epochs, and its last weights are kept.")
    fit(
        model,
        data.train,
        validation=data.validation if len(data.validation) else None,
        epochs=settings.epochs,
        batch_events=settings.batch_events,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        schedule=settings.schedule,
        accumulate=settings.accumulate,
        ema=settings.ema,
        balancing=settings.balancing,
        rates=settings.rates,
        layer_decay=settings.layer_decay,
        freeze=settings.freeze,
        modulation=settings.modulation,
        deterministic=settings.deterministic,
        callbacks=[tensorboard(run.tensorboard)] if settings.tensorboard else (),
        checkpoint=run.checkpoint,
        patience=settings.patience,
        monitor=settings.monitor,
        k=settings.k,
        encode_items=settings.encode_items,
        negatives=settings.negatives,
        seed=settings.seed,
        jit_compile=settings.jit,
        run=run,
        on_epoch=on_epoch,
        on_step=on_step,
    )

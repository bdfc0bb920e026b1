"""What a training begins with, other than chance: another run's weights, and what content alone teaches."""

from __future__ import annotations

from tfmmrec import pretraining
from tfmmrec.data import Data
from tfmmrec.members import chosen, find
from tfmmrec.models import Recommender
from tfmmrec.pretraining import Objective
from tfmmrec.recipes.hearing import Report
from tfmmrec.recipes.settings import Settings
from tfmmrec.training import Run, pretrain, transfer


def check_beginning(settings: Settings) -> None:
    """Checks what can be checked before data is read.

    Raises:
        ValueError: there is no such run, or no such objective.
    """
    if settings.pretrain is not None:
        find(pretraining, Objective, chosen(settings.pretrain)["name"])
    if settings.from_run is not None:
        Run.open(settings.from_run)


def begin(model: Recommender, data: Data, settings: Settings, run: Run, report: Report) -> None:
    """Gives a model its first weights: those of `from_run`, then what `pretrain` makes of them.

    The run keeps what was taken as ``transfer.json`` and the curve as ``pretraining.json``.

    Raises:
        ValueError: of `transfer` and `pretrain`.
    """
    if settings.from_run is not None:
        moved = transfer(settings.from_run, model, data.vocabulary)
        run.write("transfer", {"taken": moved.taken, "left": moved.left})
        report.line(f"From {settings.from_run}:")
        for line in moved.lines():
            report.line(f"  {line}")
    if settings.pretrain is None:
        return

    def on_step(epoch: int, step: int, steps: int, loss: float) -> None:
        done, total = (epoch - 1) * steps + step, settings.pretrain_epochs * steps
        report("pretraining", done, total, f"epoch {epoch}, loss {loss:.4f}")

    def on_epoch(record: dict[str, float]) -> None:
        report.line(
            f"pretraining, epoch {record['epoch']} of {settings.pretrain_epochs}: loss {record['loss']:.4f}, "
            f"accuracy {record['accuracy']:.4f}, {record['seconds']:.1f} s"
        )

    records = pretrain(
        model,
        data,
        settings.pretrain,
        epochs=settings.pretrain_epochs,
        seed=settings.seed,
        jit_compile=settings.jit,
        on_epoch=on_epoch,
        on_step=on_step,
    )
    run.write("pretraining", records)

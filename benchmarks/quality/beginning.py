"""What a row's training begins with, where that is not chance: another row's model, what content teaches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfmmrec.data import Data, open_shards
from tfmmrec.models import Recommender
from tfmmrec.training import Run, pretrain, transfer


@dataclass(frozen=True)
class Beginning:
    """A model's first weights; both are what `tfmmrec train` does with ``--from`` and ``--pretrain``.

    Attributes:
        table, row: the folders of another table and of its row, which chooses nothing: its model of seed 0 is
            what this one begins with. None by default.
        pretrain: on items' content, by this objective. None by default.
        epochs: of the pretraining.
    """

    table: str = ""
    row: str = ""
    pretrain: str = ""
    epochs: int = 10

    def give(self, model: Recommender, data: Data, seed: int, run: Run, kept: Path) -> None:
        """Gives a model its first weights.

        Args:
            model: gets them.
            data: of the model.
            seed: of the pretraining.
            run: keeps what was taken and the pretraining's losses.
            kept: where the tables' trainings stand.

        Raises:
            ValueError: the other row was not trained.
        """
        if self.table:
            place = kept / self.table / f"{self.row}-0" / "trial"
            if not (place / "model.keras").is_file():
                raise ValueError(
                    f"There is no trained model in {str(place)!r} to begin with: run "
                    f"`python -m benchmarks.quality {self.table}` first."
                )
            there = open_shards(kept / self.table / "prepared").vocabulary
            moved = transfer(place, model, data.vocabulary, there)
            run.write("transfer", {"taken": moved.taken, "left": moved.left})
            print(*moved.lines(), sep="\n", flush=True)
        if self.pretrain:
            records = pretrain(model, data, self.pretrain, epochs=self.epochs, seed=seed)
            run.write("pretraining", records)

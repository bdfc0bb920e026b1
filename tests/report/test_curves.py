"""Learning curves: a column for each task, and only what belongs there."""

import numpy as np
import pytest
from PIL import Image

from tfmmrec.report import draw_curves
from tfmmrec.report.curves import _validation_metrics


def records(epochs: int = 4, **more: float) -> list[dict[str, float]]:
    return [
        {
            **{"epoch": epoch + 1, "seconds": 1.0, "loss": 3 - 0.1 * epoch},
            **{"next_item_loss": 2 - 0.1 * epoch, "like_loss": 0.6},
            **{"validation ndcg@10": 0.1 * epoch, "validation recall@10": 0.2 * epoch},
            **{"validation hit_rate@10": 0.2 * epoch, "validation recall@20": 0.3 * epoch},
            **{"validation coverage@20": 0.5, "validation like.auc": 0.6, "validation like.log_loss": 0.5},
            **more,
        }
        for epoch in range(epochs)
    ]


def shot(path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def test_a_picture_with_a_column_for_each_task(tmp_path):
    two = shot(draw_curves(records(), tmp_path / "two.png", best=3))
    alone = [{k: v for k, v in r.items() if "like" not in k} for r in records()]
    one = shot(draw_curves(alone, tmp_path / "one.png"))
    assert two.shape[1] == 2 * one.shape[1] and two.shape[0] == one.shape[0]
    blue = (two[..., 2] > 150) & (two[..., 0] < 100)
    columns = blue.any(axis=0)
    assert columns[: two.shape[1] // 2].any() and columns[two.shape[1] // 2 :].any()


def test_without_validation_there_is_one_row(tmp_path):
    plain = [{k: v for k, v in r.items() if not k.startswith("validation")} for r in records()]
    both = shot(draw_curves(records(), tmp_path / "both.png"))
    one = shot(draw_curves(plain, tmp_path / "plain.png"))
    assert both.shape[0] == 2 * one.shape[0]


def test_ranking_metrics_belong_to_the_task_that_ranks():
    tasks = ["next_item", "like"]
    assert list(_validation_metrics("next_item", tasks, records())) == ["ndcg@10", "recall@10", "hit_rate@10"]
    assert list(_validation_metrics("like", tasks, records())) == ["auc", "log_loss"]


def test_one_epoch_and_the_mark_of_the_best(tmp_path):
    marked = shot(draw_curves(records(1), tmp_path / "a" / "new" / "folder.png", best=1))
    plain = shot(draw_curves(records(1), tmp_path / "plain.png"))
    assert (marked != plain).any()


def test_no_epoch_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no epoch. Train at least one"):
        draw_curves([], tmp_path / "curves.png")

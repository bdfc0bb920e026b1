"""Models of RecBole, run by `peer`: LightGCN (He, 2020), SASRec (Kang, 2018), BERT4Rec (Sun, 2019).

Needs recbole, PyTorch and NumPy in its environment. RecBole ends training by its own measure on validation.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.utils import get_model, get_trainer, init_seed

QUERIES = 256  # scored at once


def write(path: Path, user: np.ndarray, item: np.ndarray) -> None:
    """Events in RecBole's format; their places in the file are their times."""
    lines = [f"{one}\t{other}\t{time}" for time, (one, other) in enumerate(zip(user, item, strict=True))]
    path.write_text("\n".join(["user_id:token\titem_id:token\ttimestamp:float", *lines]) + "\n", "utf-8")


def prepared(folder: Path, data: dict[str, np.ndarray], sequential: bool) -> dict[str, object]:
    """Writes the events; what RecBole has to know of them."""
    place = folder / "events"
    place.mkdir()
    learnt, held = (data["user"], data["item"]), (data["held.user"], data["held.item"])
    if sequential:  # each user's last event validates; sorted stably, it is behind what was learnt
        user, item = (np.concatenate(pair) for pair in zip(learnt, held, strict=True))
        order = np.argsort(user, kind="stable")
        write(place / "events.inter", user[order], item[order])
        return {
            "eval_args": {"split": {"LS": "valid_only"}, "order": "TO", "group_by": "user", "mode": "full"}
        }
    for name, events in (("train", learnt), ("valid", held), ("test", held)):
        write(place / f"events.{name}.inter", *events)
    shown = {"split": {"RS": [0.8, 0.1, 0.1]}, "order": "RO", "group_by": "user", "mode": "full"}
    return {"benchmark_filename": ["train", "valid", "test"], "eval_args": shown}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    data = dict(np.load(folder / "data.npz", allow_pickle=False))
    settings = json.loads((folder / "settings.json").read_text("utf-8"))
    name = settings.pop("model")
    sequential = name in ("SASRec", "BERT4Rec")
    config = Config(
        model=name,
        dataset="events",
        config_dict={
            "data_path": str(folder),
            "checkpoint_dir": str(folder / "saved"),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "use_gpu": False,
            "metrics": ["Recall", "NDCG"],
            "eval_batch_size": 1 << 22,
            "show_progress": False,
            **prepared(folder, data, sequential),
            **settings,
        },
    )
    init_seed(config["seed"], True)
    dataset = create_dataset(config)
    train, valid, _ = data_preparation(config, dataset)
    model = get_model(name)(config, train.dataset)
    trainer = get_trainer(config["MODEL_TYPE"], name)(config, model)
    trainer.fit(train, valid, show_progress=False)
    best = torch.load(trainer.saved_model_file, weights_only=False)  # what was just written here
    model.load_state_dict(best["state_dict"])
    model.load_other_parameter(best.get("other_parameter"))
    model.eval()
    users, items = (dataset.field2token_id[field] for field in ("user_id", "item_id"))
    theirs = np.array([items.get(str(item), 0) for item in range(int(data["items"]))])
    for split in ("validation", "test"):
        asked, start = data[f"{split}.users"], data[f"{split}.start"]
        history, length = theirs[data[f"{split}.history"]], int(config["MAX_ITEM_LIST_LENGTH"] or 1)
        scores = np.empty((len(asked), len(theirs)), "float32")
        for first in range(0, len(asked), QUERIES):
            chunk = range(first, min(first + QUERIES, len(asked)))
            known = [history[start[query] : start[query + 1]] for query in chunk]
            latest = [row[row > 0][-length:] for row in known]
            batch = {
                "user_id": torch.tensor([users.get(str(asked[query]), 0) for query in chunk]),
                "item_id_list": torch.tensor(
                    np.stack([np.pad(row, (0, length - len(row))) for row in latest])
                ),
                "item_length": torch.tensor([max(1, len(row)) for row in latest]),
            }
            with torch.no_grad():
                found = model.full_sort_predict(Interaction(batch)).reshape(len(latest), -1).numpy()
            scores[first : first + len(latest)] = found[:, theirs]
        scores[:, theirs == 0] = -1e9  # nobody met them in training
        np.save(folder / f"{split}.npy", scores)

"""LightGCN (He, 2020) by RecBole, run by `peer`; it ends training by its own measure on validation.

Needs recbole, PyTorch and NumPy in its environment.
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
    """Events in RecBole's format."""
    lines = [f"{one}\t{other}" for one, other in zip(user, item, strict=True)]
    path.write_text("\n".join(["user_id:token\titem_id:token", *lines]) + "\n", "utf-8")


if __name__ == "__main__":
    folder = Path(sys.argv.pop())  # RecBole reads the arguments, too
    data = np.load(folder / "data.npz", allow_pickle=False)
    settings = json.loads((folder / "settings.json").read_text("utf-8"))
    place = folder / "events"
    place.mkdir()
    write(place / "events.train.inter", data["user"], data["item"])
    for split in ("valid", "test"):  # it asks for a test; it gets validation twice
        write(place / f"events.{split}.inter", data["held.user"], data["held.item"])
    name = settings.pop("model")
    config = Config(
        model=name,
        dataset="events",
        config_dict={
            "data_path": str(folder),
            "checkpoint_dir": str(folder / "saved"),
            "benchmark_filename": ["train", "valid", "test"],
            "load_col": {"inter": ["user_id", "item_id"]},
            "use_gpu": False,
            "metrics": ["Recall", "NDCG"],
            "eval_batch_size": 1 << 22,
            "show_progress": False,
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
        asked = torch.tensor([users.get(str(user), 0) for user in data[f"{split}.users"]])
        scores = np.empty((len(asked), len(theirs)), "float32")
        for first in range(0, len(asked), QUERIES):
            chunk = asked[first : first + QUERIES]
            with torch.no_grad():
                found = model.full_sort_predict(Interaction({"user_id": chunk}))
            scores[first : first + len(chunk)] = found.reshape(len(chunk), -1).numpy()[:, theirs]
        scores[:, theirs == 0] = -1e9  # nobody met them
        np.save(folder / f"{split}.npy", scores)

"""RecBole's SASRec on RecBole's own training loop, timed; runs in an environment of its own.

``python recbole_sasrec.py FOLDER`` needs RecBole 1.2 (with numpy < 2, scipy < 1.12 and pandas < 2.2), and
prints one JSON line per measured step: seconds, and the numbers of real tokens and of supervised targets.
FOLDER holds ``settings.json`` and ``events.npz`` (users and items of all events, each user's in their order);
RecBole writes there, too.

Every target is a sequence of its own there, the events before it padded to the whole length: a batch has as
many targets as sequences. Tokens are the real events that those sequences read, so an event counts once for
each target that reads it. RecBole holds out each user's last two events, as we do. Its encoder differs in
what no setting reaches: post-norm, biases, the softmax of attention over padding too. Dropout is not on
attention weights.
"""

import itertools
import json
import logging
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import SASRec
from recbole.trainer import Trainer


def configured(folder, settings):
    """The settings in RecBole's words, over a data set written in its format."""
    events = np.load(folder / "events.npz")
    user, item = events["user"], events["item"]
    place = np.arange(len(user)) - np.searchsorted(user, user)  # in the user's order, as the time of an event
    table = np.stack([user, item, place], axis=1)
    (folder / "ml").mkdir(exist_ok=True)
    np.savetxt(
        folder / "ml" / "ml.inter",
        table,
        "%d",
        delimiter="\t",
        header="user_id:token\titem_id:token\ttimestamp:float",
        comments="",
    )
    chosen = {
        "data_path": str(folder),
        "checkpoint_dir": str(folder / "saved"),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {"split": {"LS": "valid_and_test"}, "group_by": "user", "order": "TO", "mode": "full"},
        "MAX_ITEM_LIST_LENGTH": settings["length"],
        "train_batch_size": settings["users"],
        "train_neg_sample_args": None,
        "loss_type": "CE",
        "learner": "adamw",
        "learning_rate": 1e-3,
        "weight_decay": 0.01,
        "hidden_size": settings["width"],
        "inner_size": 4 * settings["width"],
        "n_layers": settings["layers"],
        "n_heads": settings["heads"],
        "hidden_dropout_prob": settings["dropout"],
        "attn_dropout_prob": 0.0,
        "use_gpu": False,
        "show_progress": False,
    }
    return Config(model="SASRec", dataset="ml", config_dict=chosen)


def main():
    """Times the steps after the warm-up: from one batch's loss to the next one's."""
    folder = Path(sys.argv[1]).resolve()
    settings = json.loads((folder / "settings.json").read_text())
    sys.argv = sys.argv[:1]  # RecBole reads the command line, too
    os.chdir(folder)  # it leaves logs where it runs
    logging.disable()
    torch.set_num_threads(settings["threads"])
    config = configured(folder, settings)
    dataset = create_dataset(config)
    batches, _, _ = data_preparation(config, dataset)
    model = SASRec(config, batches.dataset)
    began, read, losses = [], [], []

    def loss_of(interaction):
        began.append(time.perf_counter())
        read.append(int(interaction["item_length"].sum()))
        loss = model.calculate_loss(interaction)
        losses.append(float(loss.detach()))
        return loss

    steps = settings["warm_up"] + settings["steps"]
    Trainer(config, model)._train_epoch(itertools.islice(batches, steps + 1), 0, loss_func=loss_of)
    for step in range(settings["warm_up"], steps):
        seconds = began[step + 1] - began[step]
        found = {"seconds": seconds, "tokens": read[step], "targets": settings["users"], "loss": losses[step]}
        print(json.dumps({"how": "eager", **found}))


if __name__ == "__main__":
    main()

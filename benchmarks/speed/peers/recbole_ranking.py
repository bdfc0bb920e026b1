"""RecBole's full-sort evaluation: its collector and evaluator over batches of users.

``python recbole_ranking.py FOLDER``; see `ranking_task`. Needs recbole 1.2. What is timed is the loop of
``Trainer.evaluate`` with ``mode: full``: the batch as ``FullSortEvalDataLoader.collate_fn`` puts it together
from tensors of each user's history, the scores of all items as a matrix factorisation's
``full_sort_predict`` gives them, the mask, ``Collector.eval_batch_collect`` and ``Evaluator.evaluate``. The
tensors of the histories are made before, as its loader does in its constructor. A batch is
``eval_batch_size // items`` users as there, at least one; the size comes from the task's memory: an int32
matrix of held-out items stands beside the float32 scores.
"""

import os

import torch
from ranking_task import measure
from recbole.config import Config
from recbole.evaluator import Collector, Evaluator


def prepared(task):
    """The parts of a `Trainer`, and per user the tensors that RecBole's loader holds; item 0 is padding."""
    size = task.memory // 8
    config = Config(
        model="BPR",
        dataset="ml-100k",  # of its own; nothing of it is read
        config_dict={
            "topk": [task.k],
            "metrics": ["Recall", "NDCG"],
            "metric_decimal_place": 8,
            "eval_batch_size": size,
            "use_gpu": False,
            "eval_args": {"mode": "full"},
        },
    )
    vectors = torch.nn.functional.pad(torch.from_numpy(task.vectors), (0, 0, 1, 0))
    target = torch.from_numpy(task.target) + 1
    seen = torch.from_numpy(task.seen) + 1
    histories = []
    for user in range(len(task.target)):
        mine = seen[task.start[user] : task.start[user + 1]].unique()
        histories.append(mine[mine != target[user]])  # as `history_item = used_item - positive_item`
    return config, vectors, target, histories


def rank(task):
    """Mean recall and NDCG of the first k places."""
    config, vectors, target, histories = task.prepared
    collector, evaluator = Collector(config), Evaluator(config)
    states = torch.from_numpy(task.states)
    step = max(config["eval_batch_size"] // len(vectors), 1)
    with torch.no_grad():
        for first in range(0, len(states), step):
            users = range(first, min(first + step, len(states)))
            history_row = torch.cat([torch.full_like(histories[user], i) for i, user in enumerate(users)])
            history_item = torch.cat([histories[user] for user in users])
            positive_row = torch.cat([torch.full((1,), i) for i in range(len(users))])
            positive_item = torch.cat([target[user : user + 1] for user in users])
            scores = torch.matmul(states[first : first + step], vectors.T)
            scores[:, 0] = -torch.inf
            scores[history_row, history_item] = -torch.inf
            collector.eval_batch_collect(scores, None, positive_row, positive_item)
    found = evaluator.evaluate(collector.get_data_struct())
    return float(found[f"recall@{task.k}"]), float(found[f"ndcg@{task.k}"])


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    measure(rank, prepared)

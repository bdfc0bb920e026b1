"""Full ranking as NumPy is plainly used: a matrix of scores, a mask, argpartition.

``python numpy_ranking.py FOLDER``; see `ranking_task`. Users are taken so many at a time as the scores, their
negative and the places of all items fit into the memory of the task, and always one.
"""

import numpy as np
from ranking_task import measure


def rank(task):
    """Mean recall and NDCG of the first k places."""
    hits = []
    users = max(1, task.memory // (16 * len(task.vectors)))
    for first in range(0, len(task.states), users):
        states, target = task.states[first : first + users], task.target[first : first + users]
        start = task.start[first : first + len(states) + 1]
        scores = states @ task.vectors.T
        row = np.arange(len(states))
        at_target = scores[row, target]
        scores[np.repeat(row, np.diff(start)), task.seen[start[0] : start[-1]]] = -np.inf
        scores[row, target] = at_target
        top = np.argpartition(-scores, task.k - 1, axis=1)[:, : task.k]
        order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1)
        hits.append(np.take_along_axis(top, order, 1) == target[:, None])
    found = np.concatenate(hits)
    gain = (found / np.log2(np.arange(2, task.k + 2))).sum(axis=1)
    return float(found.any(axis=1).mean()), float(gain.mean())


if __name__ == "__main__":
    measure(rank)

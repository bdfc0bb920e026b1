"""How good is a model on a split? Ranking of the whole catalogue, and every head's own metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from tfmmrec.data.dataset import COLD, Split
from tfmmrec.evaluation.given import rank_given
from tfmmrec.evaluation.predictions import EVENTS, head_outputs, predicted
from tfmmrec.evaluation.queries import Queries, queries_of
from tfmmrec.evaluation.ranking import MEMORY, rank
from tfmmrec.evaluation.scores import Products
from tfmmrec.evaluation.states import user_states
from tfmmrec.metrics import coverage, diversity, hit_rate_at, mrr_at, ndcg_at, novelty, recall_at
from tfmmrec.models import Recommender


@runtime_checkable
class Scorer(Protocol):
    """Anything that scores the catalogue for queries: a baseline, say."""

    def scores(self, queries: Queries, chunk: np.ndarray) -> np.ndarray:
        """float32 scores ``[q, items]`` of the queries with these numbers."""


@runtime_checkable
class Predictor(Protocol):
    """Anything that predicts the labels of events."""

    def predictions(self, queries: Queries, query: np.ndarray, item: np.ndarray) -> dict[str, np.ndarray]:
        """What it expects of these queries and catalogue rows ``[P]``, by task as `Task.predict` gives it."""


@dataclass(frozen=True)
class Answers:
    """A head's predictions of the events that have a label: for paired comparisons.

    Attributes:
        users: int ``[E]``.
        labels: float ``[E]``.
        predictions: ``[E]`` or ``[E, C]``.
        weights: float ``[E]``.
    """

    users: np.ndarray
    labels: np.ndarray
    predictions: np.ndarray
    weights: np.ndarray


@dataclass
class Results:
    """An evaluation.

    Attributes:
        metrics: by name: ``"ndcg@10"``, ``"coverage@10"``, ``"like.auc"``, …
        per_query: ranking metrics ``[Q]`` by name, with `users` ``[Q]``: for intervals and paired tests.
        users: user of each query.
        recommended: int ``[Q, K]`` catalogue rows, best first.
        answers: by task.
        protocol: what was asked, in words.
    """

    metrics: dict[str, float]
    per_query: dict[str, np.ndarray] = field(default_factory=dict)
    users: np.ndarray = field(default_factory=lambda: np.zeros(0, "int64"))
    recommended: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), "int64"))
    answers: dict[str, Answers] = field(default_factory=dict)
    protocol: str = ""


def evaluate(
    model: Recommender | Scorer | Predictor,
    split: Split,
    k: Sequence[int] = (10, 20),
    mask_history: bool = True,
    candidates: np.ndarray | None = None,
    batch: int | None = None,
    memory: int = MEMORY,
    history: str = "earlier",
) -> Results:
    """Evaluates a model, or anything that scores the catalogue, on a split.

    Args:
        model: a `Recommender` (its heads are judged too), a `Scorer`, a `Predictor`, or what is both.
        split: ``data.validation``, ``data.test`` or ``data.cold``.
        k: cut-offs of the ranking metrics; the largest is used for coverage, novelty and diversity.
        mask_history: items of the user's history are not recommended, unless they are the ones asked for.
        candidates: catalogue rows that compete. By default all; for ``data.cold`` the items it asks about,
            which were held out of training as a whole. Of two dimensions, ``[Q, C]``, each query's own, −1
            for none: for numbers that were published so; see `rank_given`.
        batch: queries at once through the user tower, and events through the heads; by default as many as
            `memory` holds by an estimate.
        memory: bytes of working memory for what grows with users × items or users × history: scores and what
            is read from them (kept to, see `rank`), and the activations of the user tower (estimated, see
            `user_states`). The items' vectors, the users' states and the results, which grow with items or
            users alone, come on top; so does what a `Scorer` needs for itself.
        history: what is known, and masked, of a user: ``"earlier"``, the events of all earlier splits, or
            ``"train"``, those of training alone, so that at test the events of validation are neither (see
            `queries_of`).

    Raises:
        TypeError: it is none of what can be evaluated.
        ValueError: the split is empty, the scores are not finite, there is no such history, candidates are no
            rows of the catalogue, or the model was built for data that were prepared otherwise.
    """
    if not isinstance(model, Recommender | Scorer | Predictor):
        raise TypeError(
            "A Recommender can be evaluated, and what has `scores` (a Scorer) or `predictions` (a "
            f"Predictor); got {type(model).__name__}."
        )
    if isinstance(model, Recommender):
        model.vocabulary.check_rows(split.data.vocabulary)
    queries = queries_of(split, history)
    if candidates is None and split.code == COLD:
        candidates = np.unique(split.data.events.item[split.rows])
    ranks = isinstance(model, Scorer) or (
        isinstance(model, Recommender) and model.schema.retrieval is not None
    )
    protocol = _protocol(split, mask_history, candidates, history) if ranks else _judging(split)
    results = Results({}, users=queries.users, protocol=protocol)
    if isinstance(model, Recommender):
        vectors = _vectors(model, split)
        states = user_states(model, queries, vectors, batch, memory)
        if ranks:
            _rank(results, queries, Products(states, vectors), k, mask_history, candidates, memory)
            spread = diversity(results.recommended, vectors)
            results.metrics[f"diversity@{max(k)}"] = (
                math.nan if np.isnan(spread).all() else float(np.nanmean(spread))
            )
        if model.ranker is not None:
            _judge(results, queries, partial(_predicted, model, states, vectors, batch or EVENTS))
        return results
    if isinstance(model, Scorer):
        _rank(results, queries, partial(model.scores, queries), k, mask_history, candidates, memory)
    if isinstance(model, Predictor):
        _judge(results, queries, partial(model.predictions, queries))
    return results


def _rank(
    results: Results,
    queries: Queries,
    score: Callable[[np.ndarray], np.ndarray] | Products,
    k: Sequence[int],
    mask_history: bool,
    candidates: np.ndarray | None,
    memory: int,
) -> None:
    """Adds the ranking metrics to the results."""
    items, last = queries.data.vocabulary.items, max(k)
    if candidates is not None and candidates.ndim == 2:
        ranking = rank_given(queries, score, last, items, candidates, memory)
    else:
        ranking = rank(queries, score, last, items, mask_history, candidates, memory)
    measures = {"recall": recall_at, "hit_rate": hit_rate_at, "ndcg": ndcg_at, "mrr": mrr_at}
    for cut in sorted(k):
        for name, measure in measures.items():
            results.per_query[f"{name}@{cut}"] = measure(ranking.hits, ranking.relevant, cut)
    results.recommended = ranking.recommended
    results.metrics |= {name: float(np.nanmean(values)) for name, values in results.per_query.items()}
    results.metrics[f"coverage@{last}"] = coverage(ranking.recommended, items)
    surprise = novelty(ranking.recommended, queries.data.popularity)
    results.metrics[f"novelty@{last}"] = float(np.nanmean(surprise))


def _vectors(model: Recommender, split: Split) -> np.ndarray:
    """The items' vectors ``[N, D]``; without users only those of the split, as nothing else is read."""
    if model.user_tower is not None:
        return model.encode_items(split.data.items)["vector"]
    vectors = np.zeros((split.data.vocabulary.items, model.width), "float32")
    rows = np.unique(split.data.events.item[split.rows])
    vectors[rows] = model.encode_items(split.data.items, rows)["vector"]
    return vectors


def _judge(
    results: Results,
    queries: Queries,
    predict: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]],
) -> None:
    """Adds every task's answers for the held-out events that have its label, and its measures."""
    data = queries.data
    query, asked = queries.events.flat(np.arange(len(queries)))
    predictions = predict(query, data.events.item[asked])
    for task in data.schema.tasks:
        if task.name not in predictions:
            continue
        label = data.events.labels[task.name][asked]
        known = ~np.isnan(label)
        if not known.any():
            continue
        state = data.vocabulary.tasks[task.name]
        # what a class counts is a matter of the loss; examples and chances to be observed count here, too
        weight = data.events.weights[task.name][asked][known] / task.class_weight(label[known], state)
        results.answers[task.name] = given = Answers(
            queries.users[query][known], label[known], predictions[task.name][known], weight
        )
        judged = task.metrics(given.labels, given.predictions, given.weights, state)
        results.metrics |= {f"{task.name}.{metric}": value for metric, value in judged.items()}


def _predicted(
    model: Recommender,
    states: np.ndarray,
    vectors: np.ndarray,
    batch: int,
    query: np.ndarray,
    item: np.ndarray,
) -> dict[str, np.ndarray]:
    """What the heads of a model with some expect of these queries and catalogue rows."""
    return predicted(model, head_outputs(model, states, vectors, query, item, batch))


def _protocol(split: Split, mask_history: bool, candidates: np.ndarray | None, history: str) -> str:
    if candidates is not None and candidates.ndim == 2:
        among = f"{candidates.shape[1]} candidates given for each query"
        return f"{split.name}: held-out items ranked among {among}; ties count against the model"
    among = "the whole catalogue" if candidates is None else f"{len(candidates)} items"
    known = "the user's history" + (" (of training alone)" if history == "train" else "")
    masked = f"{known} {'masked' if mask_history else 'not masked'}"
    return f"{split.name}: held-out items ranked among {among}, {masked}; ties count against the model"


def _judging(split: Split) -> str:
    what = "examples" if split.data.schema.user_id is None else "events"
    return f"{split.name}: the labels of {len(split):,} held-out {what}"

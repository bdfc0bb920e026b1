"""Classes of items by scikit-learn's classifiers, one for each task: what ours is set beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Queries


class ItemClasses:
    """Predicts every task's class of an item from what is known of the item.

    Args:
        data: whose tasks have classes.
        items: a row for each item of the catalogue, an array or a sparse matrix.
        classifier: makes one of scikit-learn's, for each task.
    """

    def __init__(self, data: Data, items: Any, classifier: Callable[[], Any]) -> None:
        self._items = items
        self._models: dict[str, Any] = {}
        self._classes: dict[str, int] = {}
        rows = data.train.rows
        for task in data.schema.tasks:
            labels = data.events.labels[task.name][rows]
            known = ~np.isnan(labels)
            model = classifier()
            model.fit(items[data.events.item[rows][known]], labels[known].astype("int64"))
            self._models[task.name] = model
            self._classes[task.name] = len(data.vocabulary.tasks[task.name]["classes"])

    def predictions(self, queries: Queries, query: np.ndarray, item: np.ndarray) -> dict[str, np.ndarray]:
        """By task ``[P, C]``, of these catalogue rows."""
        found = {}
        for name, model in self._models.items():
            found[name] = np.zeros((len(item), self._classes[name]), "float32")
            found[name][:, model.classes_] = self.chances(model, self._items[item])
        return found

    def chances(self, model: Any, items: Any) -> np.ndarray:
        """Of each class that the classifier has seen, ``[P, classes]``."""
        return model.predict_proba(items)

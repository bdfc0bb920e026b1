"""What a linear model makes of words: scikit-learn's logistic regression of TF-IDF, pairs included."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Queries
from tfmmrec.modalities import Text


class Words:
    """Predicts every class of an item from the words that the model reads, in the same vocabulary.

    Args:
        data: of a schema whose items have one text, and whose tasks have classes.
        strength: the inverse of the regularisation, scikit-learn's ``C``.
    """

    def __init__(self, data: Data, strength: float = 1.0) -> None:
        (text,) = (one.name for one in data.schema.features("item") if isinstance(one, Text))
        words = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True)
        tokens = data.items[text]["tokens"]
        written = [" ".join(str(token) for token in row if token) for row in tokens]
        rows = data.train.rows
        words.fit([written[item] for item in np.unique(data.events.item[rows])])
        self._items: csr_matrix = words.transform(written)
        self._models: dict[str, LogisticRegression] = {}
        self._classes: dict[str, int] = {}
        for task in data.schema.tasks:
            labels = data.events.labels[task.name][rows]
            known = ~np.isnan(labels)
            model = LogisticRegression(C=strength, max_iter=1000)
            model.fit(self._items[data.events.item[rows][known]], labels[known].astype("int64"))
            self._models[task.name] = model
            self._classes[task.name] = len(data.vocabulary.tasks[task.name]["classes"])

    def predictions(self, queries: Queries, query: np.ndarray, item: np.ndarray) -> dict[str, np.ndarray]:
        """By task ``[P, C]``, of these catalogue rows."""
        found = {}
        for name, model in self._models.items():
            found[name] = np.zeros((len(item), self._classes[name]), "float32")
            found[name][:, model.classes_] = model.predict_proba(self._items[item])
        return found

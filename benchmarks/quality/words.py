"""What a linear model makes of words: scikit-learn's logistic regression of TF-IDF, pairs included."""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.quality.item_classes import ItemClasses
from tfmmrec.data.dataset import Data
from tfmmrec.modalities import Text


class Words(ItemClasses):
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
        words.fit([written[item] for item in np.unique(data.events.item[data.train.rows])])
        items = words.transform(written)
        super().__init__(data, items, lambda: LogisticRegression(C=strength, max_iter=1000))

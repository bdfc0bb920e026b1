"""Simple models that need no gradient, to stand beside every result."""

from tfmmrec.baselines.bias import Bias
from tfmmrec.baselines.choice import Choice, choose
from tfmmrec.baselines.ease import EASE
from tfmmrec.baselines.item_knn import ItemKNN
from tfmmrec.baselines.most_popular import MostPopular

__all__ = ["EASE", "Bias", "Choice", "ItemKNN", "MostPopular", "choose"]

"""Active learning: what makes an item worth a label."""

from tfmmrec.acquisition.acquisition import Acquisition, Pool
from tfmmrec.acquisition.diversity import Badge, KCentre
from tfmmrec.acquisition.uncertainty import Entropy, LeastConfident, Margin

__all__ = ["Acquisition", "Badge", "Entropy", "KCentre", "LeastConfident", "Margin", "Pool"]

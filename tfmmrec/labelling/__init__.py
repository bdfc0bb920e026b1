"""Labels that are scarce: which to ask people for next, and which a model may fill in itself."""

from tfmmrec.labelling.label_next import NextLabels, label_next
from tfmmrec.labelling.pseudo_labels import PseudoLabels, pseudo_label

__all__ = ["NextLabels", "PseudoLabels", "label_next", "pseudo_label"]

"""From raw tables and media to arrays, splits and vocabularies."""

from tfmmrec.data.back_translation import back_translate
from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import Catalogue, Data, Events, Split
from tfmmrec.data.dead_letters import DeadLetter, DeadLetters
from tfmmrec.data.feeds import BatchSequence, feed, tf_dataset
from tfmmrec.data.preparation import load
from tfmmrec.data.shards import open_shards
from tfmmrec.data.vocabulary import Vocabulary

__all__ = [
    "BatchSequence",
    "Batches",
    "Catalogue",
    "Data",
    "DeadLetter",
    "DeadLetters",
    "Events",
    "Split",
    "Vocabulary",
    "back_translate",
    "feed",
    "load",
    "open_shards",
    "tf_dataset",
]

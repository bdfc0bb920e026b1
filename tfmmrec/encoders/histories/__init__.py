"""Encoders of what a user did: a sequence of events, or a set of items."""

from tfmmrec.encoders.histories.bert4rec import BERT4Rec
from tfmmrec.encoders.histories.caser import Caser
from tfmmrec.encoders.histories.history_encoder import GAPS, HIDDEN, UNKNOWN, HistoryEncoder
from tfmmrec.encoders.histories.hstu import HSTU
from tfmmrec.encoders.histories.next_it_net import NextItNet
from tfmmrec.encoders.histories.recurrent import GRU, LSTM
from tfmmrec.encoders.histories.transformer import Transformer

__all__ = [
    "GAPS",
    "GRU",
    "HIDDEN",
    "HSTU",
    "LSTM",
    "UNKNOWN",
    "BERT4Rec",
    "Caser",
    "HistoryEncoder",
    "NextItNet",
    "Transformer",
]

"""Encoders of sequences: the words of a text, the frames of a sound or a video."""

from tfmmrec.encoders.sequences.backbone import Backbone
from tfmmrec.encoders.sequences.bag import Bag
from tfmmrec.encoders.sequences.convolution import Convolution
from tfmmrec.encoders.sequences.recurrent import GRU, LSTM
from tfmmrec.encoders.sequences.sequence_encoder import SequenceEncoder
from tfmmrec.encoders.sequences.text_cnn import TextCNN
from tfmmrec.encoders.sequences.transformer import Transformer

__all__ = ["GRU", "LSTM", "Backbone", "Bag", "Convolution", "SequenceEncoder", "TextCNN", "Transformer"]

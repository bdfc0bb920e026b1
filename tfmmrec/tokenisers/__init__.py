"""Tokenisers: texts to numbers of pieces of words, in TensorFlow's own ops.

A schema names a member: ``Text("plot", tokeniser="word_piece")``.
"""

from tfmmrec.tokenisers.byte_pairs import BytePairs
from tfmmrec.tokenisers.tokeniser import Tokeniser
from tfmmrec.tokenisers.unigram import Unigram
from tfmmrec.tokenisers.word_piece import WordPiece

__all__ = ["BytePairs", "Tokeniser", "Unigram", "WordPiece"]

"""Encoders of numbers: a price, a moment, a vector that somebody else computed."""

from tfmmrec.encoders.numbers.dense import Dense
from tfmmrec.encoders.numbers.number_encoder import NumberEncoder
from tfmmrec.encoders.numbers.periodic import Periodic

__all__ = ["Dense", "NumberEncoder", "Periodic"]

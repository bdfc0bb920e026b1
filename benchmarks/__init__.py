"""Measurements behind the tables of the README. Not part of the package."""

from tfmmrec.memory import one_arena

one_arena()  # as `tfmmrec train` does, before anything starts a thread

"""Looking at a data folder before anything is trained: guesses, overviews, estimates."""

from tfmmrec.inspection.guess import Guess, guess_schema

__all__ = ["Guess", "guess_schema"]

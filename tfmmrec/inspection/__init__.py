"""Looking at a data folder before anything is trained: guesses, overviews, estimates."""

from tfmmrec.inspection.guess import Guess, guess_schema, schema_or_guess
from tfmmrec.inspection.overview import Overview, overview

__all__ = ["Guess", "Overview", "guess_schema", "overview", "schema_or_guess"]

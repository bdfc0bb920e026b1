"""Looking at a data folder before anything is trained: guesses, overviews, estimates."""

from tfmmrec.inspection.guess import guess_schema, schema_or_guess
from tfmmrec.inspection.overview import Overview, overview
from tfmmrec.inspection.proposal import Guess

__all__ = ["Guess", "Overview", "guess_schema", "overview", "schema_or_guess"]

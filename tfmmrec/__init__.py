"""Raw tables and media in, one trained multi-modal multi-task recommender, one served SavedModel out."""

__version__ = "0.1.0"

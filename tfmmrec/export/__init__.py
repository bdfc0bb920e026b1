"""One SavedModel that answers everything a product asks of a model."""

from tfmmrec.export.about import is_made_of
from tfmmrec.export.conventions import CONVENTIONS
from tfmmrec.export.export import export
from tfmmrec.export.handover import Given
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.servable import check_servable, core_ops
from tfmmrec.export.upsert import Update, add_items, rebuild, remove_items

__all__ = [
    "CONVENTIONS",
    "Given",
    "KnownUsers",
    "Update",
    "add_items",
    "check_servable",
    "core_ops",
    "export",
    "is_made_of",
    "rebuild",
    "remove_items",
]

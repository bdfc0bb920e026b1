"""Kinds of features. One file each: schema entry, preprocessing and encoder."""

from tfmmrec.modalities.audio import Audio
from tfmmrec.modalities.category import Category
from tfmmrec.modalities.history import History, elapsed
from tfmmrec.modalities.id import Id
from tfmmrec.modalities.image import Image
from tfmmrec.modalities.modality import Modality, Parts, missing_parts
from tfmmrec.modalities.number import Number
from tfmmrec.modalities.tags import Tags
from tfmmrec.modalities.text import Text
from tfmmrec.modalities.timestamp import Timestamp
from tfmmrec.modalities.vector import Vector
from tfmmrec.modalities.video import Video

__all__ = [
    "Audio",
    "Category",
    "History",
    "Id",
    "Image",
    "Modality",
    "Number",
    "Parts",
    "Tags",
    "Text",
    "Timestamp",
    "Vector",
    "Video",
    "elapsed",
    "missing_parts",
]

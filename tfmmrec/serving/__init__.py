"""Asking an export: needs TensorFlow and the folder, no Keras and no training code."""

from tfmmrec.serving.local import Served

__all__ = ["Served"]

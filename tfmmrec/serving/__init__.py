"""Asking an export, in this process or over the network: no Keras and no training code."""

from tfmmrec.serving.client import Client
from tfmmrec.serving.local import Served

__all__ = ["Client", "Served"]

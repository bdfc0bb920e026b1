"""Imports TensorFlow without the lines it writes to standard error before it can be told not to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def import_quietly() -> None:
    """Imports Keras and its backend, which looks for devices; errors of Python come through all the same."""
    with _silenced():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.list_physical_devices()  # looks for accelerators, which it writes about too


@contextmanager
def _silenced() -> Iterator[None]:
    """Points file descriptor 2 to nowhere for a while."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # closed: nothing to silence
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)

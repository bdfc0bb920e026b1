"""Imports TensorFlow without the lines it writes to standard error before it can be told not to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def import_quietly() -> None:
    """Imports Keras and its backend; native libraries write nothing meanwhile, Python errors come through."""
    with _silenced():
        import keras  # noqa: F401


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

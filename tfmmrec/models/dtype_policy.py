"""Layers in another precision than the global one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def under_dtype_policy(policy: Any) -> Iterator[None]:
    """Layers made inside have this dtype policy, such as ``"mixed_bfloat16"``; None: the global one."""
    before = keras.config.dtype_policy()
    try:
        if policy is not None:
            keras.config.set_dtype_policy(policy)
        yield
    finally:
        keras.config.set_dtype_policy(before)

"""Memory that a training step frees stays with the process for the next one."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of mallopt(3)
_MOST = 2**31 - 1  # it takes an int
_DEFAULTS = {_TRIM_THRESHOLD: 128 << 10, _TOP_PAD: 128 << 10, _MMAP_THRESHOLD: 128 << 10}


@contextmanager
def kept_memory() -> Iterator[bool]:
    """Within it, glibc gives no large block back to the system when it is freed.

    A training step on a CPU frees hundreds of megabytes and asks for as many again. By default each large
    block is mapped anew, and the system fills it with zeros page by page: a sixth of the processor's time on
    ML-1M (`benchmarks.speed.train`). Afterwards the thresholds are glibc's own and the memory is given back.
    Elsewhere than on glibc nothing happens.

    Yields:
        whether it has an effect.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        mallopt, trim = libc.mallopt, libc.malloc_trim
    except (OSError, AttributeError):
        yield False
        return
    for name in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
        mallopt(name, _MOST)
    try:
        yield True
    finally:
        for name, value in _DEFAULTS.items():
            mallopt(name, value)
        trim(0)

"""Memory that a training step frees stays with the process for the next one; how much that was at most."""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # of mallopt(3)
_MOST = 2**31 - 1  # it takes an int
_DEFAULTS = {_TRIM_THRESHOLD: 128 << 10, _TOP_PAD: 128 << 10, _MMAP_THRESHOLD: 128 << 10}


def one_arena() -> bool:
    """Lets glibc serve every thread out of one arena; for a process that trains, before it imports NumPy.

    Beside the first arena none can hold a block of more than 64 MiB: each is mapped anew, whatever
    `kept_memory` says, and the step of a large batch runs in a thread of TensorFlow's, which has an arena of
    its own. On ML-1M that was a third of an epoch's time. It comes too late once a library has started
    threads; ``MALLOC_ARENA_MAX=1`` in the environment does the same.

    Returns:
        whether it has an effect.
    """
    try:
        return bool(ctypes.CDLL("libc.so.6").mallopt(_ARENA_MAX, 1))
    except (OSError, AttributeError):
        return False


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


def peak_memory() -> float:
    """The most memory, in MiB, that this program has held at once (resident) since it began.

    What the system counts for the process would also be what its parent held when it was started: Linux tells
    the program's own, and elsewhere the count of the process has to do.
    """
    status = Path("/proc/self/status")
    for line in status.read_text("utf-8").splitlines() if status.is_file() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20

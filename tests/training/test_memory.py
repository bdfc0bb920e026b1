"""Freed memory that stays."""

import platform
import resource

import pytest

from tfmmrec.training.memory import kept_memory

PAGES = (64 << 20) // resource.getpagesize()


def new_pages():
    """Pages the system hands out while a block of 64 MiB is taken, written to and freed ten times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        b"x" * (64 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_a_freed_block_is_taken_again_and_given_back_in_the_end():
    with kept_memory() as kept:
        assert kept
        new_pages()
        assert new_pages() < PAGES / 2
    small_pages = resource.getpagesize() == 4096
    assert new_pages() > (5 * PAGES if small_pages else 0)


def test_elsewhere_nothing_happens(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", missing)
    with kept_memory() as kept:
        assert not kept

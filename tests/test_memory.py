"""Freed memory that stays."""

import platform
import resource
import subprocess
import sys

import pytest

from tfmmrec.memory import kept_memory, one_arena

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


IN_A_THREAD = """
import resource, sys, threading
from tfmmrec.memory import kept_memory, one_arena

if sys.argv[1] == "one":
    assert one_arena()

def again_and_again():
    for turn in range(11):
        b"x" * (128 << 20)
        if not turn:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

with kept_memory():
    thread = threading.Thread(target=again_and_again)
    thread.start()
    thread.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_a_thread_takes_its_large_blocks_again_where_there_is_one_arena():
    found = {
        arenas: int(subprocess.check_output([sys.executable, "-c", IN_A_THREAD, arenas], text=True))
        for arenas in ("one", "many")
    }
    assert found["one"] < 2 * PAGES  # of the twenty times as many that are written to
    if resource.getpagesize() == 4096:
        assert found["many"] > 10 * PAGES


def test_elsewhere_nothing_happens(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", missing)
    with kept_memory() as kept:
        assert not kept
    assert not one_arena()


def test_the_most_memory_is_what_this_program_held():
    """Of a child that was started by a large parent, only its own counts."""
    source = "from tfmmrec.memory import peak_memory\nbefore = peak_memory()\nb = b'x' * (200 << 20)\ndel b\n"
    source += "print(before, peak_memory())"
    large = b"x" * (300 << 20)
    said = subprocess.check_output([sys.executable, "-c", source], text=True)
    before, after = map(float, said.split())
    assert after - before == pytest.approx(200, abs=20)
    if sys.platform == "linux":
        assert before < 200 < len(large) >> 20

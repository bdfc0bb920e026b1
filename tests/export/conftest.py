"""What tests of exports share: no seeding between tests, no graph optimisation, C and another TensorFlow."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from exported import seeded, unoptimised

__all__ = ["seeded", "unoptimised"]

OTHER_TENSORFLOW = "TFMMREC_OTHER_TENSORFLOW"


@pytest.fixture(scope="session")
def other_tensorflow() -> Path:
    """A Python that has another TensorFlow, named by the environment variable; see CONTRIBUTING.md."""
    named = os.environ.get(OTHER_TENSORFLOW, "").strip()
    if not named:
        pytest.skip(f"needs another TensorFlow, and {OTHER_TENSORFLOW} names no Python that has one")
    # not resolved: a virtual environment's Python is a link, and found its packages beside itself
    python = Path(named).absolute()
    if not os.access(python, os.X_OK) or python.is_dir():
        pytest.fail(f"{OTHER_TENSORFLOW}={named} is no program: name a Python, or unset it to skip.")
    return python


@pytest.fixture(scope="session")
def compiler() -> str:
    """A C compiler."""
    found = shutil.which("cc") or shutil.which("gcc")
    if found is None or sys.platform != "linux":
        pytest.skip("needs a C compiler, cc or gcc, and Linux, whose names and options of libraries it takes")
    return found

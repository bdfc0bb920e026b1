"""What tests of exports share: no seeding between tests, no graph optimisation, C and another TensorFlow."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import tensorflow as tf

OTHER_TENSORFLOW = "TFMMREC_OTHER_TENSORFLOW"


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Instead of the fixture that seeds every test, which makes TensorFlow forget its compiled functions.

    Answers of an export do not depend on a seed, and what is drawn here is seeded where it is drawn.
    """


@pytest.fixture(autouse=True, scope="module")
def unoptimised():
    """First calls take a fraction of the time; processes of their own run with the optimiser."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False, **before})


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

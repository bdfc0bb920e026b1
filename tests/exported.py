"""Fixtures of tests that ask exports: no seeding between tests, and no graph optimisation."""

import pytest
import tensorflow as tf


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

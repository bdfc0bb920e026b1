"""Answers of an export do not depend on a seed, and seeding TensorFlow drops its compiled functions."""

import pytest


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Instead of the fixture that seeds every test: what is drawn here is seeded where it is drawn."""

"""What tests of exports share: no seeding between tests, and no graph optimisation."""

import pytest

from exported import seeded, unoptimised

__all__ = ["seeded", "unoptimised"]


@pytest.fixture
def savedmodels(tmp_path):
    """Two models: one of two versions, a half-written third; one of one version; and what is no model."""
    for version, size in (("films/2", 3), ("films/10", 5), ("songs & more/1", 7)):
        folder = tmp_path / "savedmodels" / version
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(b"x")
        (folder / "variables" / "data").write_bytes(bytes(size))
    (tmp_path / "savedmodels" / "films" / "11").mkdir()
    (tmp_path / "savedmodels" / "notes").mkdir()
    (tmp_path / "savedmodels" / "README").touch()
    return tmp_path / "savedmodels"

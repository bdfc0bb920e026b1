"""What tests of trained rows share."""

import pytest

import small
from benchmarks.quality import rows


@pytest.fixture
def prepare_small(tmp_path, monkeypatch):
    """A table's way to its data, the small ones; what rows write goes to a folder of the test's own."""

    def prepare(source, folder):
        if not folder.exists():
            small.write(folder)
            (folder / "schema.toml").write_text('item_id = "item_id"\n[[task]]\ntask = "NextItem"\n')
        return folder

    monkeypatch.setattr(rows, "RESULTS", tmp_path)
    monkeypatch.setattr(rows, "KEPT", tmp_path / "runs")
    monkeypatch.setenv("TFMMREC_DATA", str(tmp_path))
    monkeypatch.setattr(rows.Schema, "from_toml", lambda path: small.schema())
    return prepare

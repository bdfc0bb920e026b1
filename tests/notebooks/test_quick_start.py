"""The notebook runs from top to bottom, as a newcomer runs it."""

from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOK = Path(__file__).parent.parent.parent / "notebooks" / "quick_start.ipynb"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_quick_start_runs(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    last = notebook.cells[-1]["outputs"][-1]["data"]["text/plain"]
    assert "item" in last or "Recommend" in last


def test_committed_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells if cell["cell_type"] == "code")

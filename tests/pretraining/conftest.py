"""Items whose words and tags say the same, each in its own language."""

import pytest

from tfmmrec.data import load
from tfmmrec.modalities import History, Tags, Text
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem

SCHEMA = Schema(
    item=[Text("title", length=2, min_count=1, encoder="bag", hide=0.0), Tags("genres")],
    tasks=[NextItem()],
    order="file",
    history=History(length=4, layers=1, heads=2),
)


@pytest.fixture(scope="session")
def twofold(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twofold")
    items = [f"i{n},w{n % 6} v{n // 6},g{n % 6}|h{n // 6}" for n in range(36)]
    events = [f"u{n % 9},i{n}" for n in range(36)]
    (folder / "items.csv").write_text("\n".join(["item_id,title,genres", *items]) + "\n")
    (folder / "events.csv").write_text("\n".join(["user_id,item_id", *events, *events]) + "\n")
    return load(folder, SCHEMA)

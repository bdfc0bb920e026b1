"""Tables and columns that are asked for: where they are found, and who asks when they are not."""

import pytest

from data.shop import RICH, events_only
from tfmmrec.data import load
from tfmmrec.modalities import Text
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem, Rating


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("items", None, "Table 'items' is missing: the schema gives items the features title, year, but"),
        ("users", None, "Table 'users' is missing: the schema gives users the features town, but"),
        ("events", None, "Table 'events' is missing: it is what a model learns from"),
        (
            "items",
            "item_id,titel,year\n1,x,2\n",
            r"no column 'title', which Text\(\"title\"\) .*mean 'titel'",
        ),
        (
            "events",
            "user_id,item_id,time,kind,stars\n",
            r"no column 'like', which Binary\(\"like\"\) asks for",
        ),
        ("events", "user_id,item_id,when,kind,like,stars\n", "no column 'time', which timestamp asks for"),
        ("events", "user,item_id\n", "no column 'user_id', which user_id asks for.*mean 'user'"),
        ("users", "user_id,town\n", "'users' .users.csv. has no rows"),
        ("users", "", "'users' .users.csv. is an empty file"),
    ],
)
def test_tables_that_cannot_be_used(folder, table, text, message):
    path = folder / f"{table}.csv"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load(folder, RICH)


def test_labels_beside_the_items_are_named_in_toml_and_in_python(folder):
    (folder / "events.csv").unlink()
    schema = Schema(item=[Text("title")], tasks=[Rating("year")], user_id=None)
    toml, python = 'events = "items.csv" under .tables.', r'tables=\{"events": "items.csv"\}'
    with pytest.raises(
        ValueError, match=f"labels in the .* named by {toml}, in Python named by {python}, but"
    ):
        load(folder, schema)


def test_tables_of_other_names(tmp_path):
    (tmp_path / "log").mkdir()
    events_only(tmp_path, "user_id,item_id\na,1\n", "log/clicks.csv")
    schema = Schema(tasks=[NextItem()], order="file", tables={"events": "log/clicks.csv"})
    assert load(tmp_path, schema).item_ids == ["1"]

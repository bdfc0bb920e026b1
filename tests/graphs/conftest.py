"""Three users and four items, by hand."""

import pytest

from tfmmrec.data import load
from tfmmrec.modalities import Tags, Vector
from tfmmrec.schema import Schema
from tfmmrec.tasks import Match

EVENTS = {
    "u": {"train": "abc", "test": "d"},
    "v": {"train": "bab", "valid": "c", "test": "d"},
    "w": {"train": "ad", "valid": "b", "test": "c"},
}
ITEMS = {"a": ("x|y", "1 0"), "b": ("y", "0 1"), "c": ("x|y", "3 3"), "d": ("z", ""), "e": ("y", "0 2")}


@pytest.fixture(scope="session")
def three_users(tmp_path_factory):
    """u met a, b and c in training, v a and b (twice), w a and d; nobody met e. Items are rows 0 to 4."""
    folder = tmp_path_factory.mktemp("three_users")
    rows = [
        f"{user},{item},{split}"
        for user, splits in EVENTS.items()
        for split, items in splits.items()
        for item in items
    ]
    (folder / "events.csv").write_text("\n".join(["user_id,item_id,split", *rows]) + "\n")
    items = [f"{item},{tags},{point}" for item, (tags, point) in ITEMS.items()]
    (folder / "items.csv").write_text("\n".join(["item_id,kind,point", *items]) + "\n")
    schema = Schema(item=[Tags("kind"), Vector("point")], tasks=[Match()])
    data = load(folder, schema, split="column")
    assert list(data.item_ids) == list("abcde") and list(data.user_ids) == list("uvw")
    assert (data.vocabulary.trained_items, data.vocabulary.trained_pairs) == (4, 7)
    return data

"""Three users and four items, by hand."""

import pytest

from tfmmrec.data import load
from tfmmrec.modalities import Tags, Vector
from tfmmrec.schema import Schema
from tfmmrec.tasks import Match
from three_users import write

ITEMS = {"a": ("x|y", "1 0"), "b": ("y", "0 1"), "c": ("x|y", "3 3"), "d": ("z", ""), "e": ("y", "0 2")}


@pytest.fixture(scope="session")
def three_users(tmp_path_factory):
    """u met a, b and c in training, v a and b (twice), w a and d; nobody met e. Items are rows 0 to 4."""
    folder = tmp_path_factory.mktemp("three_users")
    items = [f"{item},{tags},{point}" for item, (tags, point) in ITEMS.items()]
    write(folder, ["item_id,kind,point", *items])
    schema = Schema(item=[Tags("kind"), Vector("point")], tasks=[Match()])
    data = load(folder, schema, split="column")
    assert list(data.item_ids) == list("abcde") and list(data.user_ids) == list("uvw")
    assert (data.vocabulary.trained_items, data.vocabulary.trained_pairs) == (4, 7)
    return data

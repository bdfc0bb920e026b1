"""Id: only ids of training rows are known; the contract."""

import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Category, Id
from tfmmrec.schema import Schema
from tfmmrec.tasks import Match


class TestId(ModalityContract):
    component = Id("item_id")
    steps = 40

    @classmethod
    def cells(cls, folder):
        return [f"id{i}" for i in range(EXAMPLES)]

    def schema(self):
        return Schema(tasks=[Match()])  # its id is one of an item's features by itself


def test_ids_are_numbered_in_their_order():
    state = Id("item_id").fit(["z", "", "a", "z", "m"])
    assert state == {"size": 4, "terms": ["z", "a", "m"]}
    parts = preprocessed(Id("item_id"), state, ["m", "z", "unseen", ""])
    assert parts["id"].tolist() == [3, 1, 0, 0]  # an id unknown to training is missing


@pytest.mark.parametrize("side", ["item", "user", "event"])
def test_another_column_of_ids_is_a_category(side):
    bags = {"item": [], "user": [], "event": []} | {side: [Id("brand")]}
    with pytest.raises(ValueError, match=r'Category\("brand"\)'):
        Schema(**bags, tasks=[Match()])
    Schema(**(bags | {side: [Category("brand")]}), tasks=[Match()])


def test_the_id_may_have_another_dropout():
    schema = Schema(item=[Id("item_id", dropout=0.5)], item_identity=False, tasks=[Match()])
    assert schema.features("item") == (Id("item_id", dropout=0.5),)

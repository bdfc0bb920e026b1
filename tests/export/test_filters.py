"""Filters: what may be declared at export, and who passes."""

import dataclasses

import numpy as np
import pytest

from export import world
from export.world import ITEMS, call, item_content, text
from tfmmrec.export import export
from tfmmrec.export.filters import checked_filters


def content(row):
    """What the table has of an item, "" and NaN where it has nothing."""
    nothing = {"item_tags": "", "item_kind": "", "item_price": np.nan, "item_released": np.nan}
    return {name.removeprefix("item_"): value for name, value in (nothing | item_content(row)).items()}


def fitting(fits):
    return {item for row, item in enumerate(ITEMS) if fits(**content(row))}


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({"filter_kind": ["book"]}, lambda kind, **_: kind == "book"),
        ({"filter_kind": ["book", "", "film"]}, lambda kind, **_: kind != ""),
        ({"filter_kind": ["Book"]}, lambda **_: False),
        ({"filter_tags": ["red", "no such tag"]}, lambda tags, **_: "red" in tags),
        ({"filter_price": [7.0, 9.0]}, lambda price, **_: 7 <= price <= 9),
        ({"filter_price": [None, 6.5]}, lambda price, **_: price <= 6.5),
        ({"filter_released": [1.05e9, None]}, lambda released, **_: released >= 1.05e9),
        (
            {"filter_tags": ["new"], "filter_kind": ["film"], "filter_price": [9, None]},
            lambda tags, kind, price, **_: "new" in tags and kind == "film" and price >= 9,
        ),
        ({"filter_tags": [""], "filter_price": [None, None]}, lambda **_: True),
    ],
)
def test_what_fits_is_found_and_nothing_else(wanted, fits):
    """Items with and without events; number 3 has no attributes."""
    asked = {name: [value] for name, value in wanted.items()}
    found = text(call(world.shop_export(), "recommend", user_id=["dan"], k=[10], **asked)["item_id"])[0]
    passing = fitting(fits)
    everything = text(call(world.shop_export(), "recommend", user_id=["dan"], k=[10])["item_id"])[0]
    assert [item for item in found if item] == [item for item in everything if item in passing]


def test_each_row_has_its_own_filters_and_exclusions_hold_beside_them():
    asked = {
        "filter_kind": [["book"], [], ["book"]],
        "filter_price": [[None, 9.0], [8.0, None], [None, None]],
        "exclude": [["a,b"], [], ["a,b", "x"]],
    }
    answer = call(world.shop_export(), "recommend", user_id=["dan", "ann", ""], k=[10, 2, 10], **asked)
    found = [{item for item in row if item} for row in text(answer["item_id"])]
    books = fitting(lambda kind, **_: kind == "book")
    assert found[0] == fitting(lambda kind, price, **_: kind == "book" and price <= 9) - {"a,b"}
    assert len(found[1]) == 2 and found[1] <= fitting(lambda price, **_: price >= 8)
    assert found[2] == books - {"a,b", "x"}


def test_names_are_put_in_order_and_each_is_there_once():
    catalogue = world.shop()[0].catalogue
    assert checked_filters(catalogue, ["price", "tags", "price"]) == ("tags", "price")
    assert checked_filters(catalogue, ()) == ()


@pytest.mark.parametrize(
    ("features", "match"),
    [
        (["prise"], "filters: the items have no feature 'prise'. Did you mean 'price'?"),
        (["zzz"], "no feature 'zzz'. There are: kind, price, released, tags"),
        (
            ["title"],
            "'title' is of the kind Text, and a filter needs Category or Tags.*on: tags, kind, price",
        ),
        ("price", r'filters is a list of names of item features, such as \["genre", "year"\]; got \'price\''),
        ([3], "filters is a list of names"),
    ],
)
def test_what_cannot_be_declared(features, match):
    with pytest.raises(ValueError, match=match):
        checked_filters(world.shop()[0].catalogue, features)


def test_data_that_was_prepared_before_there_were_attributes():
    catalogue = dataclasses.replace(world.shop()[0].catalogue, attributes={})
    with pytest.raises(ValueError, match="does not hold the values of 'price'.*Prepare it again"):
        checked_filters(catalogue, ["price"])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"filters": ["prise"]}, "Did you mean 'price'"),
        ({"candidates": 0}, "candidates is how many of the best items weights and diversity.*got 0"),
        ({"candidates": 1.5}, "got 1.5"),
    ],
)
def test_an_export_says_so_before_it_begins(settings, match, tmp_path):
    data, model = world.shop()
    with pytest.raises(ValueError, match=match):
        export(model, data.catalogue, tmp_path / "1", **settings)
    assert not (tmp_path / "1").exists()

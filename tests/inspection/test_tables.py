"""Which files are the tables: by usual names, and by what the columns name."""

import pytest

from tfmmrec.inspection import guess_schema
from tfmmrec.inspection.tables import find_tables, surely_events
from tfmmrec.tasks import NextItem

PRODUCTS = "product_id,kind\n" + "".join(f"p{n},{'ab'[n % 2]}\n" for n in range(8))
REVIEWS = "user_id,product_id,rating,timestamp\n" + "".join(
    f"u{n % 5},p{n % 8},{1 + n % 5},{1_600_000_000 + n}\n" for n in range(40)
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def write(folder, **tables):
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return find_tables(folder)


@pytest.mark.parametrize("name", ["reviews", "orders", "what_users_did", "Views"])
def test_events_are_known_by_their_columns_whatever_their_name(folder, name):
    found = write(folder, products=PRODUCTS, **{name: REVIEWS})
    assert {table: path.name for table, path in found.paths.items()} == {
        "items": "products.csv",
        "events": f"{name}.csv",
    }
    assert found.unused == {}
    schema = guess_schema(folder).schema
    assert (schema.user_id, schema.item_id, schema.timestamp) == ("user_id", "product_id", "timestamp")
    assert isinstance(schema.tasks[0], NextItem)


def test_ids_that_the_table_of_items_shares_are_ids(folder):
    found = write(
        folder, books=PRODUCTS.replace("product_id", "isbn"), loans=REVIEWS.replace("product_id", "isbn")
    )
    assert found.paths["events"].name == "loans.csv"


def test_of_several_the_usual_name_is_taken_and_the_others_are_told_of(folder):
    found = write(folder, products=PRODUCTS, baskets=REVIEWS, audit=REVIEWS, sellers="seller,town\n1,X\n")
    assert found.paths["events"].name == "baskets.csv"
    assert (
        "names users and items, too, but events are read from one table, baskets.csv"
        in found.unused["audit.csv"]
    )
    assert "its name is none of items, users or events" in found.unused["sellers.csv"]
    assert "# sellers.csv: its name is none of" in guess_schema(folder).toml


def test_a_file_that_names_no_item_is_left_out_with_the_reason(folder):
    labels = "id,title,kind\n" + "".join(f"{n},the thing number {n},{'ab'[n % 2]}\n" for n in range(8))
    write(folder, items=labels, orders="order_id,user_id\n1,u1\n2,u2\n")
    guess = guess_schema(folder)
    assert guess.schema.user_id is None
    assert guess.left_out["orders.csv"] == (
        "no column is named like the id of an item, and its name is none of items, users or events; if it is "
        "such a table, name it in [tables]"
    )


def test_ids_under_two_names_are_an_error_and_not_another_schema(folder):
    write(folder, products=PRODUCTS.replace("product_id", "key"), reviews=REVIEWS)
    with pytest.raises(ValueError, match="names items by 'product_id', but products.csv has no such column"):
        guess_schema(folder)


def test_a_file_of_a_usual_name_that_cannot_be_read_is_an_error(folder):
    write(folder, products=PRODUCTS, reviews="")
    with pytest.raises(ValueError, match=r"'events' \(reviews\.csv\) is empty"):
        guess_schema(folder)


def test_a_file_that_cannot_be_read_is_left_out(folder):
    found = write(folder, products=PRODUCTS, reviews=REVIEWS, notes="")
    assert "is empty" in found.unused["notes.csv"]


def test_a_table_named_like_items_may_be_one_of_events(folder):
    found = write(folder, books=REVIEWS, sellers="seller,town\n1,X\n")
    assert {table: path.name for table, path in found.paths.items()} == {"events": "books.csv"}
    assert guess_schema(folder).schema.user_id == "user_id"


def test_texts_of_reviews_without_users_are_examples(folder):
    reviews = "text,mood\n" + "".join(f"a long review of thing {n},{'ab'[n % 2]}\n" for n in range(8))
    write(folder, reviews=reviews)
    assert guess_schema(folder).schema.user_id is None and not surely_events("reviews.csv")
    assert surely_events("ratings.csv.gz") and surely_events("Events.parquet")

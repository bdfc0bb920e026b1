"""Schemas proposed by looking: on the demo, on real data, and on odd files."""

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.inspection import guess_schema
from tfmmrec.recipes.demo_catalogue import generate
from tfmmrec.schema import Schema

EVENTS = "user_id,item_id,timestamp\n" + "".join(
    f"u{n % 5},i{n % 7},{1_600_000_000 + n}\n" for n in range(60)
)


def write(folder, **tables):
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def members(schema, side):
    return {one.column: type(one).__name__ for one in getattr(schema, side)}


def tasks(schema):
    return {(type(task).__name__, getattr(task, "column", None)) for task in schema.tasks}


def test_the_demo_is_understood_and_can_be_prepared(tmp_path):
    folder = generate(tmp_path / "demo", items=40, users=12)
    guess = guess_schema(folder)
    (tmp_path / "guess.toml").write_text(guess.toml)
    schema = Schema.from_toml(tmp_path / "guess.toml")
    assert schema == guess.schema
    assert members(schema, "item") == {
        **{"title": "Text", "description": "Text", "genres": "Tags", "year": "Number", "price": "Number"},
        **{"poster": "Image", "clip": "Audio"},
    }
    assert members(schema, "user") == {"age_group": "Category", "country": "Category"}
    assert members(schema, "event") == {"kind": "Category", "rating": "Category"}
    assert tasks(schema) == {("NextItem", None), ("Binary", "like"), ("Rating", "rating")}
    assert schema.timestamp == "timestamp"
    data = load(folder, schema)
    assert data.problems == {} and len(data.user_ids) == 12


def test_movielens_is_understood(tfmmrec_data, tmp_path):
    from tfmmrec.recipes.movielens import convert_100k

    guess = guess_schema(convert_100k(tfmmrec_data, tmp_path / "films"))
    schema = guess.schema
    found = members(schema, "item")
    wanted = {"title": "Text", "plot": "Text", "genres": "Tags", "year": "Number", "poster": "Image"}
    assert found.items() >= {**wanted, "actors": "Tags"}.items()
    assert members(schema, "user").items() >= {"gender": "Category", "age": "Number"}.items()
    assert tasks(schema) == {("NextItem", None), ("Binary", "like"), ("Rating", "rating")}
    assert "the first 20,000 rows" in guess.toml


def test_vectors_of_real_data_are_found_and_its_table_has_another_name(tfmmrec_data):
    guess = guess_schema(tfmmrec_data / "lastfm-2k")
    schema = guess.schema
    assert (schema.user_id, schema.item_id, schema.tables) == ("user", "item", {"events": "interactions.csv"})
    vectors = {feature.file for feature in schema.item if type(feature).__name__ == "Vector"}
    assert vectors == {"audio_vggish.npy", "audio_whisper.npy", "text_minilm.npy"}
    assert members(schema, "item")["tags"] == "Tags"
    assert tasks(schema) == {("Match", None)}
    assert "--split column:split" in guess.left_out["interactions.csv: split"]


def test_every_entry_says_why(tmp_path):
    items = "item_id,genre,sku\n" + "".join(f"i{n},{'AB'[n % 2]},X{n}Y\n" for n in range(7))
    guess = guess_schema(write(tmp_path / "data", events=EVENTS, items=items))
    assert "# genre: 2 values in 7 rows\n[[item]]\nmodality" in guess.toml
    assert "# items.csv: sku: nearly every row has a short value of its own" in guess.toml
    assert 'item_id = "item_id"  # 7 different in events.csv; 100% of them in items.csv' in guess.toml


def test_ids_of_other_names_are_shared_by_the_tables(tmp_path):
    ratings = "customerId,asin,stars\n" + "".join(f"c{n % 4},b{n % 6},{n % 5}\n" for n in range(40))
    products = "asin,colour\n" + "".join(f"b{n},{'xyz'[n % 3]}\n" for n in range(6))
    schema = guess_schema(write(tmp_path / "data", ratings=ratings, products=products)).schema
    assert (schema.user_id, schema.item_id) == ("customerId", "asin")
    assert schema.tables == {"events": "ratings.csv", "items": "products.csv"}
    assert tasks(schema) == {("Match", None), ("Rating", "stars")}


def test_names_with_odd_signs_stay_valid_toml(tmp_path):
    odd = 'we"ird\\ name'
    items = 'item_id,"we""ird\\ name",we_ird__name\n' + "".join(
        f"i{n},{'AB'[n % 2]},{n % 3}\n" for n in range(7)
    )
    guess = guess_schema(write(tmp_path / "data", events=EVENTS, items=items))
    (tmp_path / "guess.toml").write_text(guess.toml)
    schema = Schema.from_toml(tmp_path / "guess.toml")
    assert members(schema, "item") == {odd: "Category"}
    assert "differs from another's in signs alone" in guess.left_out["items.csv: we_ird__name"]


def test_arrays_without_a_row_per_item_are_left_out(tmp_path):
    folder = write(
        tmp_path / "data", events=EVENTS, items="item_id,g\n" + "".join(f"i{n},a\n" for n in range(7))
    )
    np.save(folder / "good.npy", np.zeros((7, 3)))
    np.save(folder / "short.npy", np.zeros((6, 3)))
    np.save(folder / "pickled.npy", np.asarray([{}], object), allow_pickle=True)
    guess = guess_schema(folder)
    assert [feature.file for feature in guess.schema.item] == ["good.npy"]
    assert "has not a row for each of 7 items" in guess.left_out["short.npy"]
    assert "no readable array" in guess.left_out["pickled.npy"]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ("", "is empty"),
        ("196,242,3,881250949\n186,302,3,891717742\n", "seems to have no header: its first line is '196'"),
        ("user_id\nu1\nu2\n", "has one column, 'user_id'; it needs two at least"),
        ("name,colour\na,b\n", "No column of events.csv is named like the id of a user"),
        ("user_id,colour\na,b\n", "No column of events.csv is named like the id of an item"),
    ],
    ids=["empty", "no header", "one column", "no user", "no item"],
)
def test_odd_files_are_told_of_in_a_sentence(tmp_path, events, said):
    with pytest.raises(ValueError, match=said):
        guess_schema(write(tmp_path / "data", events=events))


def test_ids_under_two_names(tmp_path):
    folder = write(tmp_path / "data", events=EVENTS, items="id,g\ni1,a\n")
    with pytest.raises(ValueError, match="names items by 'item_id', but items.csv has no such column"):
        guess_schema(folder)


def test_no_table_at_all(tmp_path):
    with pytest.raises(ValueError, match="'events' is missing"):
        guess_schema(write(tmp_path / "data"))


def test_few_numbers_that_are_no_rating(tmp_path):
    rows = EVENTS.splitlines()
    lines = [f"{row},{n % 7},{n % 4}" for n, row in enumerate(rows[1:])]
    text = "\n".join([f"{rows[0]},weekday,effort", *lines]) + "\n"
    guess = guess_schema(write(tmp_path / "data", events=text))
    assert members(guess.schema, "event")["weekday"] == "Number"
    assert ("Rating", "effort") in tasks(guess.schema)
    assert "if no user gave them, make them a Number" in guess.toml


LABELS = "photo,name,colour,stars,sold,split\n" + "".join(
    f"{n}.png,thing number {n} of them,{['red', 'green', 'blue'][n % 3]},{1 + n % 5},{n % 2},train\n"
    for n in range(30)
)


@pytest.mark.parametrize("name", ["items", "things"])
def test_a_lone_table_without_users_is_one_of_labels(tmp_path, name):
    folder = write(tmp_path / "data", **{name: LABELS.replace("photo", "id", 1)})
    guess = guess_schema(folder)
    (tmp_path / "guess.toml").write_text(guess.toml)
    schema = Schema.from_toml(tmp_path / "guess.toml")
    assert schema == guess.schema and schema.user_id is None and schema.item_id == "id"
    assert members(schema, "item") == {"name": "Text"}
    assert tasks(schema) == {("Multiclass", "colour"), ("Rating", "stars"), ("Binary", "sold")}
    assert f"{name}.csv: split" in guess.left_out
    data = load(folder, schema, split="random")
    assert data.problems == {} and len(data.item_ids) == 30


def test_a_picture_may_be_the_id(tmp_path):
    from PIL import Image

    folder = write(tmp_path / "data", things=LABELS)
    for n in range(30):
        Image.new("RGB", (8, 8)).save(folder / f"{n}.png")
    schema = guess_schema(folder).schema
    assert schema.item_id == "photo" and members(schema, "item") == {"photo": "Image", "name": "Text"}
    assert load(folder, schema, split="random").problems == {}


def test_a_lone_table_without_users_or_labels(tmp_path):
    folder = write(tmp_path / "data", items="id,name\n" + "".join(f"{n},thing {n}\n" for n in range(30)))
    with pytest.raises(ValueError, match="'events' is missing.*no column of items.csv is a label"):
        guess_schema(folder)


def test_rows_that_nothing_tells_apart(tmp_path):
    folder = write(tmp_path / "data", things="name,colour\n" + "a thing,red\nb thing,blue\n" * 9)
    with pytest.raises(ValueError, match="No column of things.csv tells all of its rows apart.*item_id"):
        guess_schema(folder)


def test_events_without_users_are_told_of_the_way(tmp_path):
    folder = write(tmp_path / "data", events="item_id,colour\n1,red\n2,blue\n")
    with pytest.raises(ValueError, match='like the id of a user.*no users, it says user_id = ""'):
        guess_schema(folder)


def test_an_encoding_that_is_not_utf_8_stands_in_the_proposal(tmp_path):
    items = "item_id,größe,farbe\n" + "".join(f"i{n},{'groß' if n % 2 else 'klein'},rot\n" for n in range(7))
    folder = write(tmp_path / "data", events=EVENTS)
    (folder / "products.csv").write_bytes(items.replace("rot", "grün").encode("latin-1"))
    guess = guess_schema(folder)
    assert 'items = {file = "products.csv", encoding = "cp1252"}\n' in guess.toml
    assert (
        "# products.csv: 7 rows, 3 columns; not UTF-8, as it holds byte 0xf6, so read as cp1252" in guess.toml
    )
    (tmp_path / "guess.toml").write_text(guess.toml)
    schema = Schema.from_toml(tmp_path / "guess.toml")
    assert schema == guess.schema and members(schema, "item") == {"größe": "Category"}
    assert load(folder, schema).problems == {}


def test_quotes_that_are_letters_stand_in_the_proposal(tmp_path):
    folder = write(tmp_path / "data", events=EVENTS)
    titles = ['"Weird Al" Yankovic', '"Heroes', *(f"Song {n}" for n in range(2, 7))]
    rows = "".join(f"i{n}\t{title}\n" for n, title in enumerate(titles))
    (folder / "items.tsv").write_text("item_id\ttitle\n" + rows)
    guess = guess_schema(folder)
    assert 'items = {quote = ""}\n' in guess.toml
    assert 'items.tsv: 7 rows, 2 columns; quotes read as letters, as in line 2, "Weird Al" Yank' in guess.toml
    (tmp_path / "guess.toml").write_text(guess.toml)
    data = load(folder, Schema.from_toml(tmp_path / "guess.toml"))
    assert data.problems == {} and len(data.item_ids) == 7


def test_an_encoding_of_labelled_examples_is_that_of_items_and_events(tmp_path):
    (tmp_path / "items.csv").write_bytes(
        LABELS.replace("photo", "id", 1).replace("red", "grün").encode("cp1252")
    )
    schema = guess_schema(tmp_path).schema
    assert schema.tables == {
        "events": {"file": "items.csv", "encoding": "cp1252"},
        "items": {"encoding": "cp1252"},
    }
    assert load(tmp_path, schema, split="random").problems == {}


def test_times_with_the_name_of_their_zone_give_an_order(tmp_path):
    rows = "".join(f"u{n % 5},i{n % 7},2019-10-{1 + n % 28:02} 00:00:00 UTC\n" for n in range(60))
    folder = write(tmp_path / "data", events="user_id,item_id,event_time\n" + rows)
    schema = guess_schema(folder).schema
    assert schema.timestamp == "event_time" and tasks(schema) == {("NextItem", None)}
    assert load(folder, schema).problems == {}


@pytest.mark.parametrize("times", [["1/31/2023 12:00", "2/1/2023 9:05"], ["20240131", "20240201"]])
def test_times_that_cannot_be_read_are_why_there_is_no_order(tmp_path, times):
    rows = "".join(f"u{n % 5},i{n % 7},{times[n % 2]}\n" for n in range(60))
    guess = guess_schema(write(tmp_path / "data", events="user_id,item_id,date\n" + rows))
    assert guess.schema.timestamp is None and guess.schema.event == ()
    assert tasks(guess.schema) == {("Match", None)}
    assert (
        "# no time of the events can be read; mend date as told below, and learn NextItem by it" in guess.toml
    )
    assert f"such as '{times[0]}'" in guess.left_out["events.csv: date"]


def test_dates_of_items_are_moments(tmp_path):
    items = "item_id,release_date\n" + "".join(f"i{n},2020-01-{15 + n}\n" for n in range(7))
    folder = write(tmp_path / "data", events=EVENTS, items=items)
    schema = guess_schema(folder).schema
    assert members(schema, "item") == {"release_date": "Timestamp"}
    data = load(folder, schema)
    assert data.problems == {} and np.isfinite(data.items["release_date"]["moment"]).all()

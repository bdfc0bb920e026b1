"""The schema: what it accepts, what it explains, and its TOML."""

import pytest

from tfmmrec.modalities import Category, History, Id, Image, Number, Text, Vector
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match, NextItem, Rating

SCHEMA = Schema(
    item=[Text("plot", length=8), Image("poster", images=2), Number("year")],
    user=[Category("gender")],
    event=[Category("kind")],
    tasks=[NextItem(), Binary("like", weight=0.5), Rating("stars")],
    timestamp="timestamp",
)


def test_there_and_back():
    assert Schema.from_dict(SCHEMA.to_dict()) == SCHEMA


def test_from_toml(tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(
        'timestamp = "timestamp"\n[[item]]\nmodality = "Text"\ncolumn = "plot"\nlength = 8\n'
        '[[task]]\ntask = "Rating"\ncolumn = "stars"\nweight = 2.0\n[history]\nlength = 9\n'
    )
    schema = Schema.from_toml(path)
    assert schema.features("item") == (Id("item_id"), Text("plot", length=8))
    assert schema.tasks == (Rating("stars", weight=2.0),)
    assert schema.history.length == 9


def test_ids_are_features():
    assert SCHEMA.features("item")[0] == Id("item_id")
    assert SCHEMA.features("user") == (Category("gender"),)
    sets = Schema(tasks=[Match()])
    assert sets.features("user") == (Id("user_id"),)
    assert not sets.ordered and SCHEMA.ordered


def test_without_users(tmp_path):
    schema = Schema(item=[Text("name")], tasks=[Rating("stars")], user_id=None, timestamp="at")
    assert schema.features("item") == (Text("name"),) and schema.features("user") == ()
    assert not schema.ordered and not schema.item_identity and not schema.user_identity
    assert schema.to_dict()["user_id"] == "" and Schema.from_dict(schema.to_dict()) == schema
    toml = 'user_id = ""\ntimestamp = "at"\n[[item]]\nmodality = "Text"\ncolumn = "name"\n'
    (tmp_path / "schema.toml").write_text(toml + '[[task]]\ntask = "Rating"\ncolumn = "stars"\n')
    assert Schema.from_toml(tmp_path / "schema.toml") == schema
    known = Schema(item=[Text("name")], tasks=[Rating("stars")], user_id=None, item_identity=True)
    assert known.features("item")[0] == Id("item_id") and known.only(item=["name"]).item_identity is False


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tasks": [Match()]}, "Match ranks the catalogue for a user"),
        ({"tasks": [NextItem()], "order": "file"}, "NextItem ranks the catalogue for a user"),
        ({"user": [Category("gender")]}, "gender is a feature of users"),
        ({"event": [Category("kind")]}, "kind is a feature of a user's past events"),
        ({"user_identity": True}, "user_identity=True makes a user's id a feature"),
        ({"order": "file"}, "order='file' is about a user's events"),
        ({"history": History(length=9)}, "history says how a user's past is read"),
        ({"tables": {"users": "people.csv"}}, r"tables\['users'\] is a table of users"),
    ],
)
def test_what_needs_users(settings, message):
    with pytest.raises(ValueError, match=f"no users .*{message}.*name the column of user ids"):
        Schema(**{"item": [Text("name")], "tasks": [Rating("stars")], "user_id": None, **settings})


def test_twins():
    twin = SCHEMA.only(item=["item_id"], tasks=["like"])
    assert twin.features("item") == (Id("item_id"),) and [t.name for t in twin.tasks] == ["like"]
    poster = SCHEMA.only(item=["poster"])
    assert [f.name for f in poster.features("item")] == ["poster"]
    assert Schema.from_dict(poster.to_dict()) == poster
    with pytest.raises(ValueError, match="no item feature named 'cover'"):
        SCHEMA.only(item=["cover"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tasks": []}, "needs a task"),
        ({"tasks": [NextItem()]}, "needs an order"),
        ({"tasks": [NextItem(), Match()], "timestamp": "t"}, "exclude each other"),
        ({"tasks": [NextItem()], "timestamp": "t", "order": "file"}, "not both"),
        ({"tasks": [Rating("x"), Binary("x")]}, "Two tasks are named 'x'"),
        ({"tasks": [Match()], "item": [Text("a"), Number("a")]}, "Two item features are named 'a'"),
        ({"tasks": [Match()], "item": ["plot"]}, "is a modality such as"),
        ({"tasks": [Match()], "event": [Vector("v")]}, "cannot carry per event"),
        ({"tasks": [Match()], "event": [Image("p", folder="p")]}, "found by id, and an event has none"),
        ({"tasks": [Match()], "item_identity": False}, "at least one feature"),
        ({"tasks": [Match()], "tables": {"event": "e.csv"}}, "tables names items, users and events"),
        ({"tasks": [Match()], "tables": {"events": 3}}, "events is a file name or has .*; got 3"),
        (
            {"tasks": [Match()], "tables": {"events": {"sep": ";"}}},
            "events has no setting 'sep'. There are: .*separator",
        ),
        ({"tasks": [Match()], "tables": {"events": {"separator": "::"}}}, "one ASCII character .* got '::'"),
        ({"tasks": [Match()], "tables": {"events": {"quote": "'"}}}, 'no cell is quoted; got "\'"'),
        (
            {"tasks": [Match()], "tables": {"events": {"encoding": "rot13"}}},
            "encoding 'rot13', which is none",
        ),
        (
            {"tasks": [Match()], "tables": {"events": {"encoding": "utf-99"}}},
            "encoding 'utf-99'.*Some are latin-1",
        ),
        (
            {"tasks": [Match()], "tables": {"events": {"missing": "NA"}}},
            r"`missing` of events is a list of .*\[\"NA\", \"NULL\"\]; got 'NA'",
        ),
        ({"tasks": [Match()], "tables": {"events": {"missing": [0]}}}, r"`missing` of events .* got \[0\]"),
    ],
)
def test_contradictions_are_explained(settings, message):
    with pytest.raises(ValueError, match=message):
        Schema(**settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[item]]\ncolumn = 'plot'\n", "needs `modality"),
        ("[[item]]\nmodality = 'Txt'\ncolumn = 'plot'\n", "Did you mean 'Text'"),
        ("[[item]]\nmodality = 'Text'\ncolum = 'plot'\n", "Did you mean 'column'"),
        ("[[task]]\ntask = 'Like'\n", "there is no task 'Like'"),
        ("timestmp = 't'\n", "Did you mean 'timestamp'"),
        ("user_id = \n", "no valid TOML"),
    ],
)
def test_mistakes_in_toml_are_explained(tmp_path, text, message):
    path = tmp_path / "schema.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        Schema.from_toml(path)


def test_a_schema_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="was not found"):
        Schema.from_toml(tmp_path / "schema.toml")


def test_tables_in_toml(tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(
        "[[task]]\ntask = 'Match'\n[tables]\nitems = 'films.csv'\n"
        "[tables.events]\nseparator = ';'\nencoding = 'latin-1'\n"
    )
    schema = Schema.from_toml(path)
    assert schema.tables == {"items": "films.csv", "events": {"separator": ";", "encoding": "latin-1"}}
    assert Schema.from_dict(schema.to_dict()) == schema


def test_texts_that_stand_for_an_empty_cell_in_toml(tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(
        "[[task]]\ntask = 'Match'\n[tables]\nitems = {file = 'films.csv', missing = ['NA', '']}\n"
    )
    schema = Schema.from_toml(path)
    assert schema.tables == {"items": {"file": "films.csv", "missing": ["NA", ""]}}
    assert Schema.from_dict(schema.to_dict()) == schema


def test_a_task_may_be_given_another():
    tasks = [Binary("buy", given="cart"), Binary("cart", given="click"), Binary("click")]
    schema = Schema(tasks=tasks)
    assert list(schema.given.items()) == [("cart", "click"), ("buy", "cart")]
    assert Schema.from_dict(schema.to_dict()) == schema
    twin = schema.only(tasks=["buy", "click"])  # a twin without the other is independent
    assert twin.given == {} and twin.tasks[0] == Binary("buy")
    assert schema.only(tasks=["cart", "click"]).given == {"cart": "click"}


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (
            [Binary("buy", given="clik"), Binary("click")],
            r"given 'clik', which is no Binary .*\['buy', 'click'\]",
        ),
        ([Binary("buy", given="stars"), Rating("stars")], "given 'stars', which is no Binary task"),
        ([Binary("buy", given="buy")], "'buy' is given itself, by way of 'buy'"),
        ([Binary("a", given="b"), Binary("b", given="a")], "'a' is given itself, by way of 'b'"),
    ],
)
def test_what_a_task_is_given_must_be_there(tasks, message):
    with pytest.raises(ValueError, match=message):
        Schema(tasks=tasks)

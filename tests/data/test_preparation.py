"""A folder becomes data: every row accounted for, nothing learnt from what is held out."""

import io
import json
import tarfile
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from data.shop import EVENTS, ITEMS, PLAIN, RICH, USERS, events_only, fill
from tfmmrec.data import load, open_shards, preparation
from tfmmrec.data.dataset import TEST, TRAIN, VALIDATION
from tfmmrec.modalities import Category, Image, Number, Text, Vector
from tfmmrec.recipes import demo_catalogue
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match, Multiclass, NextItem, Rating


def test_a_small_shop(folder):
    data = load(folder, RICH)
    # by first appearance: of users in the file, of trained items too; then the items table's order
    assert data.user_ids == ["u1", "u2", "u3"]
    assert data.item_ids == ["i1", "i2", "i3", "i5", "i4"]
    assert (data.vocabulary.items, data.vocabulary.trained_items) == (5, 3)
    assert data.events.start.tolist() == [0, 4, 5, 6]
    assert [data.item_ids[row] for row in data.events.item] == ["i1", "i2", "i3", "i4", "i2", "i3"]
    assert data.events.split.tolist() == [TRAIN, TRAIN, VALIDATION, TEST, TRAIN, TRAIN]
    assert data.events.time.tolist() == [10, 20, 30, 40, 5, 1]
    np.testing.assert_array_equal(data.events.labels["stars"], [np.nan, 3, 5, 2, 1, 4])
    assert data.items["item_id"]["id"].tolist() == [1, 2, 3, 0, 0]
    assert data.vocabulary.features["item"]["title"]["terms"] == ["first", "second", "third"]
    assert data.vocabulary.features["item"]["year"]["mean"] == 2002
    assert np.isnan(data.items["year"]["number"]).tolist() == [False, True, False, False, False]
    assert data.vocabulary.features["user"]["town"]["terms"] == ["Bonn", "Oslo"]
    assert (data.users["town"]["value"][:2] > 1).all()
    assert data.users["town"]["value"][2] == 0  # no row in the table: missing, and the user is there
    assert data.events.features["kind"]["value"].tolist() == [3, 2, 3, 3, 2, 3]
    assert data.problems == {"users: without events": 1}
    types = {name: str(getattr(data.events, name).dtype) for name in ("start", "item", "time", "split")}
    assert types == {"start": "int64", "item": "int32", "time": "float64", "split": "int8"}


def test_without_items_and_users_the_catalogue_is_what_events_mention(tmp_path):
    text = 'user_id,item_id\n"a,b",007\n🎬,7\n"a,b",7\n"a,b",9\n'
    data = load(events_only(tmp_path, text), PLAIN)
    assert data.user_ids == ["a,b", "🎬"]
    assert data.item_ids == ["007", "7", "9"]
    assert data.vocabulary.trained_items == 2
    assert data.items["item_id"]["id"].tolist() == [1, 2, 0]
    assert data.users == {}


def test_an_items_table_is_the_catalogue_even_without_features(tmp_path):
    events_only(tmp_path, "user_id,item_id\na,1\na,3\n")
    (tmp_path / "items.csv").write_text("item_id\n2\n1\n")
    data = load(tmp_path, PLAIN)
    assert data.item_ids == ["1", "2"]
    assert data.problems == {"events: unknown item": 1}


def test_one_user_one_item_one_event(tmp_path):
    data = load(events_only(tmp_path, "user_id,item_id\na,1\n"), PLAIN)
    assert [len(split) for split in (data.train, data.validation, data.test, data.cold)] == [1, 0, 0, 0]


def test_ids_are_the_same_from_every_format(tmp_path):
    table = pa.table({"user_id": [1, 1, 2], "item_id": [7.0, 8.0, 7.0], "time": [3, 2, 1]})
    schema = Schema(tasks=[NextItem()], timestamp="time")
    (tmp_path / "parquet").mkdir()
    pa.parquet.write_table(table, tmp_path / "parquet" / "events.parquet")
    lines = "\n".join(map(json.dumps, table.to_pylist()))
    folders = [
        tmp_path / "parquet",
        events_only(tmp_path / "jsonl", lines, "events.jsonl"),
        events_only(tmp_path / "csv", "user_id,item_id,time\n1,7,3\n1,8,2\n2,7,1\n"),
    ]
    loaded = [load(folder, schema) for folder in folders]
    assert {tuple(data.item_ids) for data in loaded} == {("7", "8")}
    assert len({data.split_sha256 for data in loaded}) == 1


def test_auto_takes_the_order_then_a_split_column_then_chance(tmp_path):
    text = "user_id,item_id,split\n" + "".join(f"a,{i},{'test' if i < 5 else 'train'}\n" for i in range(40))
    folder = events_only(tmp_path, text)
    unordered = Schema(tasks=[Match()])
    assert load(folder, PLAIN).events.split.tolist() == [TRAIN] * 38 + [VALIDATION, TEST]
    assert load(folder, unordered).events.split.tolist() == [TEST] * 5 + [TRAIN] * 35
    assert load(folder, PLAIN, split="column").events.split.tolist() == [TEST] * 5 + [TRAIN] * 35
    events_only(tmp_path, text.replace("split", "part"))
    assert np.bincount(load(folder, unordered).events.split).tolist() == [32, 4, 4]
    assert load(folder, unordered, split="column:part").events.split.tolist() == [TEST] * 5 + [TRAIN] * 35


# an example takes a while: a failing one is shown as it was found
SLOW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
id_cells = st.sampled_from(["a", "b", "c", "d", "🎬", "", " "])
rows_of_events = st.lists(
    st.tuples(
        id_cells, id_cells, st.sampled_from(["1", "2", "2024-01-01", "", "soon", "nan"]), st.booleans()
    ),
    min_size=1,
    max_size=25,
)


@settings(SLOW, max_examples=40)
@given(rows_of_events, st.lists(id_cells, min_size=1, max_size=8), st.sampled_from([0.0, 0.3]))
def test_every_row_is_used_or_dead(folder, rows, items, cold_items):
    schema = Schema(
        item=[Number("year")], tasks=[NextItem(), Rating("stars")], timestamp="time", item_identity=False
    )
    lines = [f"{u},{i},{t},{3 if whole else '3,4'}" for u, i, t, whole in rows]
    events = "\n".join(["user_id,item_id,time,stars", *lines, "u1,i1,7,3", "u1,i2,8,3"])
    fill(folder, events=events, items="item_id,year\n" + "".join(f"{i},soon\n" for i in items) + "i1,\ni2,\n")
    data = load(folder, schema, cold_items=cold_items, max_dead=1)
    known = {item for item in items if item.strip()}
    sound = {
        (user, item, time): (user, item)  # each once
        for user, item, time, whole in rows
        if whole and user.strip() and item in known and time not in ("", "soon", "nan")
    }.values()
    used = [
        (data.user_ids[u], data.item_ids[i]) for u, i in zip(data.events.user, data.events.item, strict=True)
    ]
    assert sorted(used) == sorted([*sound, ("u1", "i1"), ("u1", "i2")])
    dead = sum(count for reason, count in data.problems.items() if reason.startswith("events:"))
    assert dead == len(rows) - len(sound)
    assert sorted(data.item_ids) == sorted(known | {"i1", "i2"})
    repeated = sum(bool(item.strip()) for item in items) - len(known)
    assert data.problems.get("items: duplicate item id", 0) == repeated
    assert data.problems.get("items: unusable year", 0) == len(known)


@settings(SLOW, max_examples=8)
@given(st.lists(st.sampled_from(["view", "poison", "1", "", "99", "-7e9"]), min_size=32, max_size=32))
def test_nothing_is_learnt_from_what_is_held_out(folder, poison):
    """Whatever stands in the held-out rows, the vocabulary is the same."""
    schema = Schema(
        item=[Text("title", min_count=1), Number("year"), Vector("vector")],
        event=[Category("kind")],
        tasks=[NextItem(), Binary("like"), Rating("stars"), Multiclass("mood")],
        timestamp="time",
    )
    cells = iter(poison)
    events, poisoned_events = (["user_id,item_id,time,kind,like,stars,mood"] for _ in range(2))
    for user in range(4):
        for time in range(6):  # items 0 to 6 are learnt from, 7 and 8 only held out
            row = f"u{user},i{user + time},{time},"
            events.append(row + "view,1,3,calm")
            held = time > 3
            poisoned_events.append(row + ",".join(next(cells) for _ in range(4)) if held else events[-1])
    sound = [f"i{item},Title,{2000 + item},1 {item}" for item in range(9)]
    poisoned = [row if item < 7 else f"i{item},poison,-1e9,1 2 3" for item, row in enumerate(sound)]
    vocabularies = []
    for lines, items in ((events, sound), (poisoned_events, poisoned)):
        fill(
            folder,
            events="\n".join(lines),
            items="\n".join(["item_id,title,year,vector", *reversed(items)]),
        )
        data = load(folder, schema)
        assert data.item_ids == [f"i{item}" for item in (*range(7), 8, 7)]
        vocabularies.append((data.vocabulary, data.split_sha256))
    assert vocabularies[0] == vocabularies[1]
    assert vocabularies[0][0].trained_items == 7


def test_prepared_once_opened_afterwards(folder, tmp_path, monkeypatch):
    fill(folder, events=EVENTS + "u1,gone,50,view,1,1\n")
    prepared, letters = tmp_path / "prepared", tmp_path / "letters.jsonl"
    first = load(folder, RICH, prepared=prepared, dead_letters=letters)
    assert json.loads(letters.read_text("utf-8"))["value"] == "gone"
    memory = load(folder, RICH)
    assert first.vocabulary == memory.vocabulary
    assert first.schema == RICH
    assert (first.item_ids, first.user_ids) == (memory.item_ids, memory.user_ids)
    assert first.problems == memory.problems == {"events: unknown item": 1, "users: without events": 1}
    np.testing.assert_array_equal(first.items["title"]["tokens"], memory.items["title"]["tokens"])
    np.testing.assert_array_equal(first.events.weights["like"], memory.events.weights["like"])
    assert open_shards(prepared, verify=True).split_sha256 == memory.split_sha256

    prepare, calls = preparation._prepare, []
    monkeypatch.setattr(preparation, "_prepare", lambda *a: calls.append(a) or prepare(*a))
    for _ in range(2):
        assert load(folder, RICH, prepared=str(prepared)).split_sha256 == first.split_sha256
    assert not calls
    load(folder, RICH, prepared=prepared, seed=1)
    load(folder, RICH, prepared=prepared, seed=1, split="random")
    load(folder, RICH, prepared=prepared, seed=1, split="random", cold_items=0.4)
    load(folder, RICH.only(item=["title"]), prepared=prepared, seed=1, split="random", cold_items=0.4)
    assert len(calls) == 4
    fill(folder, items=ITEMS.replace("First", "Worst"))
    again = load(folder, RICH.only(item=["title"]), prepared=prepared, seed=1, split="random", cold_items=0.4)
    assert len(calls) == 5
    assert "first" not in again.vocabulary.features["item"]["title"]["terms"]


def test_a_folder_of_something_else_is_refused_before_the_work(folder, monkeypatch):
    monkeypatch.setattr(preparation, "_prepare", None)  # calling it would fail
    with pytest.raises(ValueError, match="is not empty and holds no prepared shards"):
        load(folder, RICH, prepared=folder)


def test_missing_cells_are_no_user_and_no_value_and_part_of_what_was_prepared(folder, tmp_path):
    fill(folder, events=EVENTS + "NULL,i3,50,view,1,2\n", users=USERS.replace("Oslo", "NULL"))
    said = {"events": {"missing": ["NULL"]}, "users": {"missing": ["NULL", "NA"]}}
    prepared = tmp_path / "prepared"
    assert load(folder, RICH, prepared=prepared).user_ids == ["u1", "u2", "u3", "NULL"]
    data = load(folder, replace(RICH, tables=said), prepared=prepared)
    assert data.user_ids == ["u1", "u2", "u3"]
    assert data.problems == {"events: empty user id": 1, "users: without events": 1}
    assert data.vocabulary.features["user"]["town"]["terms"] == ["Bonn"]
    assert data.users["town"]["value"][1] == 0  # the cell is empty


def test_vectors_in_a_file_are_part_of_what_was_prepared(folder, tmp_path):
    schema = Schema(item=[Vector("sound", file="v.npy")], tasks=[NextItem()], order="file")
    np.save(folder / "v.npy", np.arange(10.0).reshape(5, 2))
    first = load(folder, schema, prepared=tmp_path / "prepared")
    np.save(folder / "v.npy", np.arange(15.0).reshape(5, 3))
    second = load(folder, schema, prepared=tmp_path / "prepared")
    assert [d.items["sound"]["vector"].shape for d in (first, second)] == [(5, 2), (5, 3)]


def test_media_by_id_and_in_a_tar_are_part_of_what_was_prepared(folder, tmp_path):
    def colour(file, shade):
        packed = io.BytesIO()
        Pillow.new("RGB", (8, 8), (shade, 0, 0)).save(packed, "PNG")
        entry = tarfile.TarInfo(file)
        entry.size = len(packed.getvalue())
        return entry, io.BytesIO(packed.getvalue())

    schema = Schema(item=[Image("poster", 8, 8, folder="posters")], tasks=[NextItem()], order="file")
    found = []
    for shades in ({"i1": 10, "i3": 30}, {"i1": 20, "i2": 40, "i3": 60}):
        with tarfile.open(folder / "media.tar", "w") as tar:
            for one, shade in shades.items():
                tar.addfile(*colour(f"posters/{one}.png", shade))
        data = load(folder, schema, prepared=tmp_path / "prepared")
        pixels = data.items["poster"]["pixels"][:, 0, 0, 0, 0]
        found.append({one: int(red) for one, red in zip(data.item_ids, pixels, strict=True) if red})
    assert found == [{"i1": 10, "i3": 30}, {"i1": 20, "i2": 40, "i3": 60}]
    assert data.problems == {}


def test_a_medium_that_changed_is_prepared_anew(folder, tmp_path):
    (folder / "posters").mkdir()
    fill(folder, items="\n".join(["item_id,poster", *(f"i{i},posters/{i}.png" for i in range(1, 5))]) + "\n")
    schema = Schema(item=[Image("poster", 8, 8)], tasks=[NextItem()], order="file")

    def red():
        data = load(folder, schema, prepared=tmp_path / "prepared", max_dead=1, decoded=tmp_path / "decoded")
        reds = data.items["poster"]["pixels"][:, 0, 0, 0, 0].tolist()
        return {one: red for one, red in zip(data.item_ids, reds, strict=True) if red}

    found, manifest = [], tmp_path / "prepared" / "manifest.json"
    for item, shade in ((1, 10), (2, 20), (1, 90)):  # a new one, another new one, another in its place
        Pillow.new("RGB", (8, 8), (shade, 0, 0)).save(folder / "posters" / f"{item}.png")
        found.append(red())
    assert found == [{"i1": 10}, {"i1": 10, "i2": 20}, {"i1": 90, "i2": 20}]
    prepared = manifest.stat()
    assert red() == found[-1] and manifest.stat() == prepared  # opened, not prepared again


def test_progress_is_told(folder):
    heard = []
    load(folder, RICH, progress=lambda *event: heard.append(event))
    stages = list(dict.fromkeys(stage for stage, _, _ in heard))
    assert stages == [
        "items: reading", "users: reading", "events: reading",
        "items: item_id", "items: title", "items: year", "users: town", "events: kind",
    ]  # fmt: skip
    assert {stage for stage, done, total in heard if done == total} == set(stages)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schema": "schema.toml"}, "schema must be a Schema, got 'schema.toml'; Schema.from_toml"),
        ({"seed": -1}, "seed must be a whole number of 0 or more, got -1"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"cold_items": 1.0}, r"cold_items is the share .* in \[0, 1\).* got 1.0"),
        ({"cold_items": 0.9, "split": "random"}, "of 4 items leaves none to learn from"),
        ({"split": "leave_one"}, "no split 'leave_one'"),
        ({"split": "random:1/2"}, "got '1/2'"),
        ({"split": "column:kin"}, r"no column 'kin', which the split 'column:kin' asks for.* mean 'kind'"),
        (
            {"split": "column:kind"},
            r"None of the 6 events .*unknown split \(6\).*line 2: unknown split 'view'",
        ),
        ({"folder": "nowhere"}, "Data folder 'nowhere' was not found"),
    ],
)
def test_arguments_that_cannot_be_used(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        load(**{"folder": folder, "schema": RICH, **arguments})


def test_rows_that_go_missing_are_a_fault(folder, monkeypatch):
    usable = preparation.usable_events

    def careless(table, *rest):
        log = usable(table, *rest)
        return type(log)(**{**vars(log), "rows": log.rows[1:], "user": log.user[1:], "item": log.item[1:],
                            "time": log.time[1:]})  # fmt: skip

    monkeypatch.setattr(preparation, "usable_events", careless)
    with pytest.raises(RuntimeError, match=r"'events' do not add up: 6 read, but 5 used \+ 0 dead"):
        load(folder, RICH)


def test_the_demo_catalogue(tmp_path):
    folder = demo_catalogue.generate(tmp_path / "demo", items=40, users=10)
    schema = Schema.from_toml(folder / "schema.toml")
    data = load(folder, schema)
    assert data.problems == {}
    assert (len(data.validation), len(data.test)) == (10, 10)
    for side, features in (("item", data.items), ("user", data.users), ("event", data.events.features)):
        states = data.vocabulary.features[side]
        assert list(features) == list(states) == [feature.name for feature in schema.features(side)]
        for feature in schema.features(side):
            spec = feature.spec(states[feature.name])
            parts = features[feature.name]
            assert {part: (array.shape[1:], str(array.dtype)) for part, array in parts.items()} == spec
    assert set(data.events.labels) == {"like", "rating"}
    assert set(data.events.weights) == {"next_item", "like", "rating"}
    assert data.popularity.sum() == len(data.train)


def test_real_music_with_vectors_and_a_split_of_its_own(tfmmrec_data):
    source = tfmmrec_data / "lastfm-2k"
    schema = Schema(
        item=[Vector("text", file="text_minilm.npy")],
        tasks=[Match()],
        user_id="user",
        item_id="item",
        tables={"events": "interactions.csv"},
    )
    data = load(source, schema)
    rows = [line.split(",") for line in (source / "interactions.csv").read_text().split()[1:]]
    for name, split in (("train", data.train), ("valid", data.validation), ("test", data.test)):
        expected = sorted((user, item) for user, item, _, said in rows if said == name)
        users, items = data.events.user[split.rows], data.events.item[split.rows]
        found = sorted((data.user_ids[u], data.item_ids[i]) for u, i in zip(users, items, strict=True))
        assert found == expected
    state = data.vocabulary.features["item"]["text"]
    vectors = np.load(source / "text_minilm.npy").astype("float64")[[int(one) for one in data.item_ids]]
    standard = (vectors - state["mean"]) / state["scale"]
    np.testing.assert_allclose(data.items["text"]["vector"], standard.clip(-10, 10), atol=1e-5)
    assert data.problems == {}

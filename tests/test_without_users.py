"""Labels of items where there are no users: one table, from `load` to the export's `rank`."""

import csv

import numpy as np
import pytest

from tfmmrec.data import Batches, load
from tfmmrec.evaluation import evaluate
from tfmmrec.export import KnownUsers, export
from tfmmrec.modalities import Number, Text
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.serving import Served
from tfmmrec.tasks import Binary, Multiclass
from tfmmrec.training import fit

COLOURS = ("red", "green", "blue")
SCHEMA = Schema(
    item=[Text("name", length=4), Number("size")],
    tasks=[Multiclass("colour"), Binary("large")],
    user_id=None,
    tables={"events": "items.csv"},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixty things: the name tells the colour, the size whether they are large."""
    made = tmp_path_factory.mktemp("things")
    with (made / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item_id", "name", "size", "colour", "large", "split"])
        for n in range(60):
            colour, size = COLOURS[n % 3], n * 7 % 60
            split = "test" if n % 5 == 0 else "valid" if n % 5 == 1 else "train"
            table.writerow([f"i{n}", f"a {colour} thing", size, colour, int(size >= 30), split])
        table.writerow(["i0", "again", 3, "red", "maybe", "train"])  # its id was there; no yes or no
        table.writerow(["", "nameless", 3, "red", 1, "train"])
    return made


@pytest.fixture(scope="module")
def data(folder):
    return load(folder, SCHEMA)


@pytest.fixture(scope="module")
def model(data):
    built = build_recommender(SCHEMA, data.vocabulary, width=16, dropout=0.0, fusion="concat", seed=0)
    fit(built, data.train, epochs=60, batch_events=16, learning_rate=1e-2)
    return built


def test_every_row_is_an_example_of_its_own(data):
    assert [len(split) for split in (data.train, data.validation, data.test)] == [37, 12, 12]
    assert len(data.user_ids) == 61 == len(set(data.user_ids)) and len(data.item_ids) == 60
    assert all(len(data.test.history_rows(row)) == 0 for row in data.test.rows)
    assert set(data.items) == {"name", "size"}  # no id, and no label


def test_the_books_of_one_file_that_is_two_tables(data):
    assert data.books == {
        "items": {"rows": 62, "used": 60, "dead": 2, "left out": 0},
        "events": {"rows": 62, "used": 61, "dead": 1, "left out": 0, "out of order": 0},
    }
    assert data.problems == {
        "events: empty item id": 1,
        "events: unusable large": 1,
        "items: duplicate item id": 1,
        "items: empty item id": 1,
    }


def test_prepared_shards_are_the_same(folder, data, tmp_path):
    for _ in range(2):  # prepared, then opened
        again = load(folder, SCHEMA, prepared=tmp_path / "prepared")
        assert again.split_sha256 == data.split_sha256 and again.schema == SCHEMA


def test_a_random_split_is_of_all_examples(folder):
    data = load(folder, SCHEMA, split="random:60/20/20")
    shares = [len(split) / 61 for split in (data.train, data.validation, data.test)]
    np.testing.assert_allclose(shares, [0.6, 0.2, 0.2], atol=1.5 / 61)


def test_a_split_by_time(folder):
    schema = Schema(**{**vars(SCHEMA), "timestamp": "size"})
    data = load(folder, schema, split="global-time")
    times, codes = data.events.time, data.events.split
    assert times[codes == 0].max() < times[codes == 1].min() < times[codes == 2].min()


@pytest.mark.parametrize("split", ["leave-last-out", "leave-last-one", "users", "users:80/10/10"])
def test_a_split_of_users(folder, split):
    with pytest.raises(ValueError, match=f"split '{split}' needs users.*Choose 'random'"):
        load(folder, SCHEMA, split=split)


def test_a_missing_table_of_labels(folder):
    schema = Schema(**{**vars(SCHEMA), "tables": {}})
    with pytest.raises(ValueError, match=r'labels .* named by tables=\{"events": "items.csv"\}'):
        load(folder, schema)


def test_a_batch_is_of_examples_alone(data):
    batches = Batches(data, SCHEMA, batch_events=16)
    assert len(batches) == 3 and batches.shapes == [(16, 0, 1)]
    seen = []
    for x, y, w in batches:
        assert not any(name.startswith(("history.", "user.", "event.")) for name in x)
        real = x["candidate"][:, 0] >= 0
        rows = x["item.row"][x["candidate"][real, 0]]
        seen += rows.tolist()
        colours = np.asarray(data.vocabulary.tasks["colour"]["classes"])[y["colour"][real, 0].astype(int)]
        names = [COLOURS[int(data.item_ids[row][1:]) % 3] for row in rows]
        assert (colours == names).all() and (w["colour"][:, 0] > 0).tolist() == real.tolist()
    known = data.events.item[data.train.rows]
    assert sorted(seen) == sorted(known)
    assert batches.batch_events == 16 and Batches(data, SCHEMA).batch_events == 32


def test_nothing_in_the_model_is_for_users(model):
    assert model.user_tower is None and set(model.ranker.input) == {"candidates"}
    names = [layer.name for layer in model.layers]
    assert not any("history" in name or "user" in name for name in names)
    assert not model.item_vectors.variables  # nobody ranks all items: no vectors of them are kept


def test_it_learns_by_heart_and_is_judged(model, data):
    results = evaluate(model, data.test)
    assert results.metrics["colour.accuracy"] == 1.0 and results.metrics["large.accuracy"] > 0.7
    assert results.protocol == "test: the labels of 12 held-out examples"
    answers = results.answers["colour"]
    assert len(np.unique(answers.users)) == len(answers.labels) == 12  # examples are resampled one by one


def test_the_export_judges_what_it_never_saw(model, data, tmp_path):
    export(model, data.catalogue, tmp_path / "things" / "1")
    served = Served(tmp_path / "things")
    assert set(served.about["signatures"]) == {"rank", "encode_item", "similar_items"}
    assert served.inputs("rank") == ["candidate", "item_name", "item_size"]
    new = served.rank(item_name=["a blue cup", "a red cup"], item_size=[58, 1])
    assert [one["new_item_colour_class"] for one in new] == ["blue", "red"]
    assert new[0]["new_item_large"] > 0.5 > new[1]["new_item_large"]
    answer = served.rank(candidate=["i4", "nowhere"])
    assert answer["colour_class"] == ["green", ""]
    expected = evaluate(model, data.train).answers["colour"].predictions
    row = np.flatnonzero(data.events.item[data.train.rows] == data.item_ids.index("i4"))[0]
    np.testing.assert_allclose(answer["colour"][0], expected[row], atol=1e-5)
    with pytest.raises(ValueError, match="does not answer 'recommend'. Its model was trained without users"):
        served.recommend(user_id="1")
    with pytest.raises(ValueError, match="rank takes no 'user_id'. Its model was trained without users"):
        served.rank(candidate=["i4"], user_id="1")


def test_there_are_no_users_to_know(data):
    with pytest.raises(ValueError, match="no users to know.*users=None"):
        KnownUsers.of(data)

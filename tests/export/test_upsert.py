"""The next version of an export: with other items, or another index, and without training."""

import csv
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export import world
from export.world import HISTORIES, ITEMS, USERS, call, raw_items, raw_queries, text
from tfmmrec.export import add_items, rebuild, remove_items
from tfmmrec.export import export as write
from tfmmrec.export.handover import Given
from tfmmrec.export.saved_model import KEPT
from tfmmrec.models import build_recommender


def new_items(to: Path, rows: dict) -> Path:
    """A data folder of items: id → the row of the shop whose content it has."""
    world.write_files(to)
    with (to / "items.csv").open(newline="", encoding="utf-8") as file:
        header, *cells = csv.reader(file)
    with (to / "items.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *([one, *cells[row][1:]] for one, row in rows.items())])
    return to


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder with version 1 of the shop; not to be changed."""
    folder = tmp_path_factory.mktemp("served") / "shop"
    shutil.copytree(world.shop_export(), folder / "1")
    return folder


@pytest.fixture(scope="module")
def added(base, tmp_path_factory):
    """Version 2: a copy of item 4 as "new", and the content of item 5 for item 6."""
    folder = shutil.copytree(base, tmp_path_factory.mktemp("added") / "shop")
    given = new_items(tmp_path_factory.mktemp("given") / "new", {"new": 4, ITEMS[6]: 5})
    return add_items(folder, given)


@pytest.fixture
def own(base, tmp_path):
    """A copy of the folder that a test may change."""
    return shutil.copytree(base, tmp_path / "shop")


def vectors(path, ids):
    return call(path, "encode_item", item_id=ids)["vector"]


def test_a_new_item_is_what_its_content_says(base, added):
    assert (added.path.name, added.items, added.added, added.replaced) == ("2", 11, ["new"], [ITEMS[6]])
    by_content = call(base / "1", "encode_item", **raw_items([4]))["vector"]
    np.testing.assert_allclose(vectors(added.path, ["new"]), by_content, atol=1e-5)
    # the nearest of all is the item of the same content, up to what the id says
    nearest = call(added.path, "similar_items", item_id=["new"], k=[3])
    unit = vectors(added.path, [*ITEMS, "new"])
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    best = np.argsort(-(unit[:-1] @ unit[-1]), kind="stable")[:3]
    assert text(nearest["item_id"])[0] == [ITEMS[row] for row in best]
    shown = text(call(added.path, "recommend", user_id=["ann"], k=[11])["item_id"])[0]
    assert sorted(shown) == sorted([*ITEMS, "new"])


def test_words_and_pictures_find_it(base, added):
    by = {**raw_queries([4, 5, 6], ["title", "poster"]), "k": [11] * 3}
    before, after = call(base / "1", "search", **by), call(added.path, "search", **by)
    scores = [
        [
            dict(zip(found, of, strict=True))
            for found, of in zip(text(answer["item_id"]), answer["score"], strict=True)
        ]
        for answer in (before, after)
    ]
    for row, (was, now) in enumerate(zip(*scores, strict=True)):
        assert set(now) == {*ITEMS, "new"}
        for item in ITEMS:  # one has new content, the others are where they were
            assert (abs(now[item] - was[item]) < 1e-5) == (item != ITEMS[6]), (row, item)
        assert now["new"] == pytest.approx(now[ITEMS[4]], abs=1e-5)
        assert now[ITEMS[6]] == pytest.approx(now[ITEMS[5]], abs=1e-5)


def test_filters_know_it(added):
    dear = call(added.path, "recommend", user_id=["ann"], k=[11], filter_price=[[9.0, 9.0]])["item_id"]
    assert {one for one in text(dear)[0] if one} == {ITEMS[4], "new"}
    assert (
        "new"
        in text(call(added.path, "recommend", user_id=["ann"], k=[11], filter_kind=[["film"]])["item_id"])[0]
    )


def test_an_item_is_replaced_and_the_others_stay(base, added):
    before, after = vectors(base / "1", ITEMS), vectors(added.path, ITEMS)
    others = [row for row in range(10) if row != 6]
    np.testing.assert_array_equal(before[others], after[others])
    assert np.abs(before[6] - after[6]).max() > 1e-3
    found = call(added.path, "recommend", user_id=["ann"], k=[11], filter_price=[[10.0, 10.0]])["item_id"]
    assert {one for one in text(found)[0] if one} == {ITEMS[5], ITEMS[6]}


def test_the_version_before_stays_and_the_same_again_is_done_already(added, base, tmp_path):
    assert sorted(os.listdir(added.path.parent)) == ["1", "2"]
    given = new_items(tmp_path / "new", {"new": 4, ITEMS[6]: 5})
    again = add_items(added.path.parent, given)
    assert again.path == added.path and sorted(os.listdir(added.path.parent)) == ["1", "2"]
    abouts = [
        json.loads((added.path.parent / name / "assets.extra" / "about.json").read_text("utf-8"))
        for name in ("1", "2")
    ]
    assert abouts[0]["fingerprint"] != abouts[1]["fingerprint"]
    assert not (added.path / KEPT / "catalogue" / "items").exists()


def test_bad_rows_are_told(own, tmp_path):
    given = new_items(tmp_path / "new", {"new": 4, "other": 0, "": 1})
    (given / "media" / "poster0-0.png").write_bytes(b"no picture")
    letters = tmp_path / "dead.jsonl"
    update = add_items(own, given / "items.csv", dead_letters=letters)
    assert update.added == ["new", "other"]
    assert update.problems == {"items: empty item id": 1, "items: unusable poster": 1}
    told = [json.loads(line) for line in letters.read_text("utf-8").splitlines()]
    assert {(one["column"], one["lost"]) for one in told} == {("item_id", "row"), ("poster", "cell")}


def test_removed_items_are_gone_from_answers_and_histories(own, base):
    update = remove_items(own, [ITEMS[7], ITEMS[7]])  # bob,c and dan never met it; it is all of 😀's history
    assert (update.path.name, update.items, update.removed, update.events) == ("2", 9, [ITEMS[7]], 1)
    others = [user for user in USERS if user != "😀"]
    before, after = (
        call(path, "recommend", user_id=others, k=[9] * 3, exclude=[[ITEMS[7]]] * 3)
        for path in (base / "1", update.path)
    )
    assert text(before["item_id"]) == text(after["item_id"])
    np.testing.assert_allclose(before["score"], after["score"], atol=1e-6)
    looked_for = {**raw_queries([7], ["title", "poster"]), "k": [10]}
    before, after = (text(call(p, "search", **looked_for)["item_id"])[0] for p in (base / "1", update.path))
    assert before[0] == ITEMS[7] and after == [*before[1:], ""]
    empty = call(update.path, "encode_user", user_id=["😀"])["vector"]
    assert np.isfinite(empty).all()
    assert bool(tf.saved_model.load(str(update.path)).knows_item(tf.constant([ITEMS[7]]))[0]) is False
    left = call(update.path, "recommend", user_id=["ann"], k=[9], exclude_seen=[True])["item_id"]
    assert {one for one in text(left)[0] if one} == set(ITEMS) - {ITEMS[row] for row in HISTORIES[0] + [7]}


def test_what_cannot_be_removed(own):
    with pytest.raises(ValueError, match="has no item 'zz'; nothing is removed"):
        remove_items(own, ["zz", ITEMS[0]])
    with pytest.raises(ValueError, match="All 10 items would be removed"):
        remove_items(own, ITEMS)
    with pytest.raises(ValueError, match="ids is a list of the ids"):
        remove_items(own, "x")
    assert os.listdir(own) == ["1"]


@pytest.mark.slow
def test_another_index_answers_the_same(own, base):
    index = {"name": "ivf", "size": 2, "recall_target": 1.0, "exact_from": 1000}
    update = rebuild(own, index, filters=["price"])
    about = json.loads((update.path / "assets.extra" / "about.json").read_text("utf-8"))
    assert (update.path.name, about["index"], about["filters"]) == ("2", index, ["price"])
    assert about["candidates"] == world.CANDIDATES
    before, after = (call(path, "recommend", user_id=USERS, k=[10] * 4) for path in (base / "1", update.path))
    assert text(before["item_id"]) == text(after["item_id"])
    looked_for = {**raw_queries([4], ["sound"]), "k": [10]}
    before, after = (call(path, "search", **looked_for) for path in (base / "1", update.path))
    assert text(before["item_id"]) == text(after["item_id"])
    assert rebuild(own).path == update.path  # which is that already
    with pytest.raises(ValueError, match="There is no index 'faiss'"):
        rebuild(own, "faiss")
    with pytest.raises(ValueError, match="the items have no feature 'prize'.*Did you mean 'price'"):
        rebuild(own, filters=["prize"])


def test_what_cannot_be_updated(tmp_path, own):
    with pytest.raises(ValueError, match="There is no export in '.*nothing'"):
        rebuild(tmp_path / "nothing")
    shutil.rmtree(own / "1" / KEPT)
    with pytest.raises(ValueError, match="does not keep what it was made from"):
        remove_items(own / "1", ["x"])


def test_changes_of_another_process_are_not_lost(own, monkeypatch):
    opened = Given.open

    def meanwhile(folder):
        (own / "2").mkdir()
        return opened(folder)

    monkeypatch.setattr(Given, "open", meanwhile)
    with pytest.raises(ValueError, match="Another process has written '.*2' meanwhile.*Do it again"):
        remove_items(own, ["x"])


def test_ids_alone_take_no_new_items_and_nothing_is_kept_unless_asked(tmp_path):
    data, _ = world.circle()
    schema = dataclasses.replace(data.schema, item=[], tasks=data.schema.tasks[:1])
    model = build_recommender(schema, data.vocabulary, width=8, fusion="concat", seed=0)
    write(model, data.catalogue, tmp_path / "ids" / "1")
    with pytest.raises(ValueError, match="reads nothing of an item but its id"):
        add_items(tmp_path / "ids", tmp_path)
    write(model, data.catalogue, tmp_path / "bare" / "1", updatable=False)
    assert not (tmp_path / "bare" / "1" / KEPT).exists()


def test_items_that_cannot_be_read(own, tmp_path):
    given = new_items(tmp_path / "new", {"new": 4})
    cells = (given / "items.csv").read_text("utf-8")
    (given / "items.csv").write_text(cells.replace("0.4 -0.2 4.3", "0.4 -0.2"), "utf-8")
    with pytest.raises(ValueError, match="'taste' holds vectors of 2 numbers; those of the training have 3"):
        add_items(own, given)
    (given / "items.csv").write_text(cells.replace("title", "name", 1), "utf-8")
    with pytest.raises(ValueError, match="title"):
        add_items(own, given)
    (given / "items.csv").unlink()
    with pytest.raises(ValueError, match="Table 'items' is missing: it holds the items to add"):
        add_items(own, given)
    assert os.listdir(own) == ["1"]


UNDER_JAX = """
import sys
import keras
from tfmmrec.export import add_items, rebuild, remove_items

assert keras.backend.backend() == "jax"
model, new = sys.argv[1:]
assert add_items(model, new).path.name == "2"
assert remove_items(model, ["x"]).path.name == "3"
"""


@pytest.mark.slow
def test_under_jax_a_process_on_tensorflow_writes_it(tmp_path):
    pytest.importorskip("jax")
    shutil.copytree(world.circle_export(), tmp_path / "circle" / "1")
    (tmp_path / "items.csv").write_text("item_id,price\nnew,9\n")
    root = Path(__file__).parents[2]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", UNDER_JAX, str(tmp_path / "circle"), str(tmp_path)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    by_content = call(tmp_path / "circle" / "1", "encode_item", item_id=[""], item_price=[9.0])["vector"]
    written = tmp_path / "circle" / "3"
    np.testing.assert_allclose(vectors(written, ["new"]), by_content, atol=1e-5)
    assert np.isnan(vectors(written, ["x"])).all()

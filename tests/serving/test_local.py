"""Asking an export from Python: one question and a batch, every signature, and errors that help."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export import world
from export.world import HISTORIES, ITEMS, call, text
from tfmmrec.serving import Served


@pytest.fixture(scope="module")
def shop():
    return Served(world.shop_export())


@pytest.fixture(scope="module")
def circle():
    return Served(world.circle_export().parent)


def test_the_highest_version_is_served(circle, tmp_path, monkeypatch):
    assert circle.folder == world.circle_export()
    monkeypatch.setattr(tf.saved_model, "load", lambda folder: None)
    for name in ("2", "11", "9", "100", "not a version", ".12-x"):
        (tmp_path / name).mkdir()
        if name != "100":  # half a version
            (tmp_path / name / "saved_model.pb").touch()
    assert Served(tmp_path).folder == tmp_path / "11"
    assert Served(tmp_path / "9").folder == tmp_path / "9"


def test_recommendations_for_one(shop):
    answer = shop.recommend(user_id="dan", k=3, exclude=["z"])
    seen = {ITEMS[item] for item in HISTORIES[3]}
    assert len(answer["item_id"]) == 3
    assert not set(answer["item_id"]) & (seen | {"z"})
    assert answer["score"].shape == answer["like"].shape == (3,)
    assert answer["outcome"].shape == (3, 3)
    assert set(answer["outcome_class"]) <= {"kept", "sent back", "lost"}
    everything = shop.recommend(user_id="dan", k=50, exclude_seen=False)
    raw = call(world.shop_export(), "recommend", user_id=["dan"], k=[10])
    assert everything["item_id"] == text(raw["item_id"])[0]
    np.testing.assert_allclose(everything["score"], raw["score"][0], atol=1e-5)


def test_recommendations_for_several(shop):
    answers = shop.recommend(user_id=["ann", None, "dan"], history=[None, ["x", "é"], None], k=[2, 9, 1])
    assert [len(answer["item_id"]) for answer in answers] == [2, 8, 1]
    assert answers[0]["item_id"] == shop.recommend(user_id="ann", k=2)["item_id"]
    assert answers[1]["item_id"] == shop.recommend(history=["x", "é"], k=9)["item_id"]


def test_recommendations_that_are_allowed_pass_and_are_ordered(shop):
    everything = shop.recommend("dan", k=10, exclude_seen=False)
    found = shop.recommend("dan", allow=["x", "y", "no such item", "z"], exclude_seen=False)
    assert found["item_id"] == [item for item in everything["item_id"] if item in "xyz"]
    found = shop.recommend("dan", filter_kind="book", filter_price=[6, None], exclude_seen=False)
    assert set(found["item_id"]) == {"06", "z"}
    by_like = shop.recommend("dan", k=6, exclude_seen=False, weight_like=1.0)
    assert by_like["like"].tolist() == sorted(by_like["like"], reverse=True)
    assert set(by_like["item_id"]) == set(everything["item_id"][:6])
    diverse, plain = shop.recommend(["dan", "dan"], k=3, diversity=[1, None], exclude_seen=False)
    assert plain["item_id"] == everything["item_id"][:3]
    assert diverse["item_id"][0] == plain["item_id"][0] and diverse["item_id"] != plain["item_id"]


def test_an_export_from_before_there_was_more_to_ask_for_is_asked_all_the_same(shop):
    asked = {}
    served = object.__new__(Served)
    served._ask = lambda name, arguments: asked.update(arguments)
    served.recommend("dan")
    assert not {"allow", "diversity"} & set(asked)


def test_raw_content_of_users_events_and_items(shop):
    user = {name: value for name, (value,) in world.raw_user(1).items()}
    known = shop.encode_user(user_id="bob,c")["vector"]
    np.testing.assert_allclose(shop.encode_user(**user)["vector"], known, atol=1e-5)
    content = world.item_content(4)
    vector = shop.encode_item("🎬", **world.item_content(1))["vector"]
    np.testing.assert_allclose(vector, shop.encode_item("🎬")["vector"], atol=1e-5)

    answer = shop.rank(["x", "no such item"], user_id="bob,c", **content)
    assert answer["new_item_score"] == pytest.approx(known @ shop.encode_item(**content)["vector"], abs=1e-4)
    assert math.isfinite(answer["score"][0])
    assert math.isnan(answer["score"][1])
    assert len(answer["outcome_class"]) == 2
    assert isinstance(answer["new_item_outcome_class"], str)
    assert answer["new_item_outcome"].shape == (3,)


def test_candidates_of_a_batch_each_have_their_own_number(shop):
    answers = shop.rank([["x"], ["y", "z", "é"], []], user_id=["ann", "dan", "ann"])
    assert [len(answer["score"]) for answer in answers] == [1, 3, 0]
    assert [len(answer["outcome_class"]) for answer in answers] == [1, 3, 0]
    assert all(math.isnan(answer["new_item_score"]) for answer in answers)
    only_new = shop.rank(user_id="ann", item_title="title")
    assert len(only_new["score"]) == 0
    assert math.isfinite(only_new["new_item_like"])


def test_similar_items_by_id_and_by_content(shop):
    answer = shop.similar_items("é", k=4)
    assert len(answer["item_id"]) == 4
    assert "é" not in answer["item_id"]
    assert sorted(answer["score"], reverse=True) == answer["score"].tolist()
    assert [len(one["item_id"]) for one in shop.similar_items(["é", "x"], k=[1, 20])] == [1, 9]
    assert len(shop.similar_items(item_title="title of the red row")["item_id"]) == 10


def test_a_search_by_words_by_a_picture_and_by_both(shop):
    words, picture = "title 4 of the long blue row", world.item_content(4)["item_poster"]
    by_words, by_picture = shop.search(query_title=words, k=3), shop.search(query_poster=picture, k=10)
    assert len(by_words["item_id"]) == 3 and len(by_picture["item_id"]) == 10
    assert sorted(by_words["score"], reverse=True) == by_words["score"].tolist()
    both = shop.search(query_title=[words, words], query_poster=[picture, None], k=[2, 3], exclude=["x"])
    raw = call(
        world.shop_export(), "search", query_title=[words], query_poster=[picture], exclude=[["x"]], k=[2]
    )
    assert both[0]["item_id"] == text(raw["item_id"])[0]
    np.testing.assert_allclose(both[0]["score"], raw["score"][0], atol=1e-5)
    assert both[1]["item_id"] == shop.search(query_title=words, k=3, exclude=["x"])["item_id"]
    assert shop.search(query_title=words, allow=["y", "no such item"])["item_id"] == ["y"]
    assert set(shop.search(query_title=words, filter_kind="book")["item_id"]) == {"a,b", "06", "z"}


def test_users_like_a_user(shop):
    answer = shop.similar_users("ann", k=2)
    assert len(answer["user_id"]) == 2 and "ann" not in answer["user_id"]
    assert sorted(answer["score"], reverse=True) == answer["score"].tolist()
    several = shop.similar_users(["ann", None], history=[None, ["x", "é"]], k=[2, 9])
    assert several[0]["user_id"] == answer["user_id"]
    assert sorted(several[1]["user_id"]) == sorted(world.USERS)


def test_no_user_is_somebody_new(shop, circle):
    assert len(shop.recommend(k=5)["item_id"]) == 5
    assert len(circle.recommend(history=["no such item"], k=5)["item_id"]) == 5


@pytest.mark.parametrize(
    ("ask", "match"),
    [
        (
            lambda shop: shop.recommend("ann", exclud=["x"]),
            "recommend takes no 'exclud'. Did you mean 'exclude'?",
        ),
        (
            lambda shop: shop.rank(["x"], "ann", item_titel="x"),
            "rank takes no 'item_titel'. Did you mean 'item_title'",
        ),
        (lambda shop: shop.encode_user("ann", k=3), "encode_user takes no 'k'"),
        (
            lambda shop: shop.recommend("ann", filter_prise=[1, 2]),
            "recommend takes no 'filter_prise'. Did you mean 'filter_price'?",
        ),
        (lambda shop: shop.recommend("ann", filter_price=5), "filter_price takes 2 values"),
        (lambda shop: shop.recommend("ann", diversity=30), "diversity is a number from 0 to 1.*got 30"),
        (
            lambda shop: shop.recommend("anna"),
            "User 'anna' is not known to this export and brings no history: give",
        ),
        (lambda shop: shop.encode_user(["ann", "😀😀"]), "User '😀😀' is not known"),
        (
            lambda shop: shop.similar_items("a,c"),
            "Item 'a,c' is not in the catalogue and comes without content",
        ),
        (
            lambda shop: shop.encode_item(),
            "Item '' is not in the catalogue.*takes item_id, item_kind, item_poster",
        ),
        (
            lambda shop: shop.encode_item(item_taste=[0.1] * 4),
            "answered: .taste takes rows of 3 finite numbers",
        ),
        (lambda shop: shop.encode_item(item_poster=b"text"), "is every medium the bytes of a whole file"),
        (
            lambda shop: shop.encode_item(item_price="cheap"),
            r"item_price takes numbers \(float64\), got 'cheap'",
        ),
        (lambda shop: shop.inputs("find"), "does not answer 'find'"),
        (lambda shop: shop.similar_users("anna"), "User 'anna' is not known to this export and brings no hi"),
        (
            lambda shop: shop.search(),
            "What is looked for. Give query_poster or query_sound or query_taste or",
        ),
        (lambda shop: shop.search(query_title=["red", None]), "What is looked for"),
        (
            lambda shop: shop.search(query_titel="red"),
            "search takes no 'query_titel'. Did you mean 'query_ti",
        ),
    ],
)
def test_errors_help(shop, ask, match):
    with pytest.raises(ValueError, match=match):
        ask(shop)


def test_a_trained_id_is_known_without_a_stored_history(circle):
    somebody = circle.encode_user()["vector"]
    assert np.abs(circle.encode_user("ann")["vector"] - somebody).max() > 1e-3
    with pytest.raises(ValueError, match="User 'nobody' is not known"):
        circle.recommend("nobody")


def test_an_export_without_filters_says_where_they_come_from(circle):
    with pytest.raises(ValueError, match="no 'filter_price'. This export has no filters: they are declared"):
        circle.recommend("ann", filter_price=[1, 2])


def test_an_export_that_cannot_search_or_knows_no_users_says_what_to_do(circle):
    with pytest.raises(
        ValueError, match="'search'. Its model has no alignment.*--alignment contrastive.*Text"
    ):
        circle.search(query_title="red")
    with pytest.raises(ValueError, match="'similar_users'. It knows no users: export with users=KnownUsers"):
        circle.similar_users("ann")
    served = object.__new__(Served)
    served.signatures = {"rank": None}
    with pytest.raises(ValueError, match="'similar_users'. Its model was trained without users"):
        served.similar_users("ann")


def test_a_model_that_does_not_rank_the_catalogue_recommends_nothing(shop):
    served = object.__new__(Served)
    served.signatures = {"rank": None, "encode_user": None}
    with pytest.raises(ValueError, match="does not answer 'recommend'. Its model has no task that ranks the"):
        served.recommend("ann")


def test_inputs_and_description(shop):
    assert shop.inputs("encode_item") == ["item_id", *sorted(world.raw_items([0]))]
    assert shop.about["items"] == 10


def test_where_there_is_no_export(tmp_path):
    (tmp_path / "demo").mkdir()
    with pytest.raises(ValueError, match="There is no folder '.*demp'. Did you mean 'demo'?"):
        Served(tmp_path / "demp")
    with pytest.raises(ValueError, match="There is no export in '.*demo': no saved_model.pb, and no version"):
        Served(tmp_path / "demo")


def test_no_keras_and_no_training_code_is_imported():
    program = (
        "import sys, tfmmrec.serving; heavy = {name.split('.')[0] for name in sys.modules}\n"
        "ours = {name for name in sys.modules if name.startswith('tfmmrec')}\n"
        "assert not heavy & {'keras', 'tensorflow', 'jax', 'pyarrow'}, heavy\n"
        "beside = {name for name in ours if not name.startswith('tfmmrec.serving')}\n"
        "assert beside <= {'tfmmrec', 'tfmmrec.members'}, beside\n"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": root})

"""What an export answers, against the model and numpy."""

import dataclasses

import numpy as np

from export import world
from export.world import HISTORIES, ITEMS, USERS, call, raw_items, raw_user, text
from tfmmrec.export import KnownUsers
from tfmmrec.export.signatures import Signatures
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem, Rating

EVERYTHING = 99


def vectors():
    return world.vectors(world.shop)


def user_rows(data, user):
    """All events of a user."""
    return np.arange(data.events.start[user], data.events.start[user + 1])


def row_of(data):
    return {item: row for row, item in enumerate(data.item_ids)}


def ranking(data, state, item_vectors, barred=()):
    """Ids and scores of all items, best first, by numpy."""
    scores = item_vectors @ state
    order = [row for row in np.argsort(-scores, kind="stable") if data.item_ids[row] not in barred]
    return [data.item_ids[row] for row in order], scores[order]


def test_known_users_are_ranked_for_as_in_evaluation():
    data, model = world.shop()
    number = {user: row for row, user in enumerate(data.user_ids)}
    asked = [number[user] for user in USERS]
    states = world.states(world.shop, asked, [user_rows(data, user) for user in asked])
    answer = call(world.shop_export(), "recommend", user_id=USERS, k=[3, EVERYTHING, 0, 10])
    assert answer["item_id"].shape == (4, EVERYTHING)
    for row, k in enumerate([3, EVERYTHING, 0, 10]):
        ids, scores = ranking(data, states[row], vectors())
        count = min(k, len(ITEMS))
        assert text(answer["item_id"])[row] == ids[:count] + [""] * (EVERYTHING - count)
        np.testing.assert_allclose(answer["score"][row, :count], scores[:count], rtol=1e-4, atol=1e-4)
        for name in ("score", "like", "score_", "outcome"):
            assert np.isnan(answer[name][row, count:]).all()
        assert set(text(answer["outcome_class"])[row][count:]) <= {""}


def test_recommended_items_come_with_every_head():
    data, model = world.shop()
    answer = call(world.shop_export(), "recommend", user_id=["ann"], k=[10])
    user = data.user_ids.index("ann")
    (state,) = world.states(world.shop, [user], [user_rows(data, user)])
    rows = [row_of(data)[item] for item in text(answer["item_id"])[0]]
    outputs = model.ranker({"states": state[None, None], "candidates": vectors()[rows][None]})
    tasks = {task.name: task for task in data.schema.tasks}
    for name, served in (("like", "like"), ("score", "score_"), ("outcome", "outcome")):
        expected = tasks[name].predict(outputs[name], data.vocabulary.tasks[name])
        np.testing.assert_allclose(answer[served], expected, atol=1e-4)
    classes = data.vocabulary.tasks["outcome"]["classes"]
    assert text(answer["outcome_class"])[0] == [classes[c] for c in answer["outcome"][0].argmax(-1)]


def test_anybody_with_the_same_raw_history_is_the_known_user():
    known = call(world.shop_export(), "encode_user", user_id=USERS)
    strangers = call(world.shop_export(), "encode_user", **world.batch(map(raw_user, range(4))))
    np.testing.assert_allclose(strangers["vector"], known["vector"], atol=1e-5)


def test_a_history_in_part_and_items_unknown_to_the_catalogue():
    data, model = world.shop()
    user = data.user_ids.index("ann")
    (state,) = world.states(world.shop, [user], [user_rows(data, user)[[3, 5, 6]]])
    request = raw_user(USERS.index("ann"), first=3)
    request["history"] = [["a,b" * 9 if item == ITEMS[4] else item for item in request["history"][0]]]
    answer = call(world.shop_export(), "encode_user", **request)
    np.testing.assert_allclose(answer["vector"][0], state, atol=1e-5)


def test_raw_history_and_raw_features_replace_stored_ones_each_on_its_own():
    path, stored = world.shop_export(), call(world.shop_export(), "encode_user", user_id=["ann"])
    other = raw_user(USERS.index("dan"))
    history = {name: value for name, value in other.items() if name.startswith("history")}
    features = {name: value for name, value in other.items() if name.startswith("user")}
    raw = call(path, "encode_user", user_id=["ann"], **other)
    dan = call(path, "encode_user", user_id=["dan"])
    np.testing.assert_allclose(raw["vector"], dan["vector"], atol=1e-5)
    by_history = call(path, "encode_user", user_id=["ann"], **history)
    by_features = call(path, "encode_user", user_id=["dan"], **history)
    own = {name: [value] for name, value in world.user_content(USERS.index("ann")).items()}
    np.testing.assert_allclose(
        by_history["vector"], call(path, "encode_user", **history, **own)["vector"], atol=1e-5
    )
    np.testing.assert_allclose(by_features["vector"], dan["vector"], atol=1e-5)
    moved = call(path, "encode_user", user_id=["ann"], **features)["vector"]
    assert np.abs(moved - stored["vector"]).max() > 1e-3
    assert np.abs(moved - dan["vector"]).max() > 1e-3


def test_a_history_of_unknown_items_is_an_empty_one_and_not_the_stored_one():
    path = world.shop_export()
    own = {name: [value] for name, value in world.user_content(0).items()}
    empty = call(path, "encode_user", user_id=[""], **own)
    raw = call(path, "encode_user", user_id=["ann"], history=[["no such item", "nor this"]])
    np.testing.assert_allclose(raw["vector"], empty["vector"], atol=1e-6)


def test_users_of_a_batch_do_not_see_each_other():
    path = world.shop_export()
    together = call(path, "encode_user", user_id=["ann", "", "dan", "nobody"])["vector"]
    alone = [call(path, "encode_user", user_id=[user])["vector"][0] for user in ("ann", "", "dan", "nobody")]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together[1], together[3], atol=1e-6)


def test_seen_and_excluded_items_are_not_recommended_and_take_no_places():
    request = dict(user_id=["ann", "ann", "dan", ""], history=[[], [], [], ["y", "no such item"]])
    answer = call(
        world.shop_export(),
        "recommend",
        **request,
        k=[EVERYTHING, EVERYTHING, 2, EVERYTHING],
        exclude_seen=[True, False, True, True],
        exclude=[["x", "no such item"], ["x", "z"], ["z"], []],
    )
    shown = [{item for item in row if item} for row in text(answer["item_id"])]
    # all that ann has met is barred, not the latest events alone
    assert shown[0] == set(ITEMS) - {ITEMS[item] for item in HISTORIES[0]} - {"x"}
    assert shown[1] == set(ITEMS) - {"x", "z"}
    assert len(shown[2]) == 2
    assert not shown[2] & {ITEMS[item] for item in [*HISTORIES[3], 9]}
    assert shown[3] == set(ITEMS) - {"y"}


def test_nothing_is_left():
    answer = call(world.shop_export(), "recommend", user_id=["ann"], k=[2], exclude=[ITEMS])
    assert text(answer["item_id"]) == [["", ""]]
    assert np.isnan(answer["outcome"]).all()


def test_nothing_is_asked_for():
    answer = call(world.shop_export(), "recommend", user_id=["ann", "dan"], k=[0, -1])
    assert {name: value.shape for name, value in answer.items()} == {
        **dict.fromkeys(["item_id", "score", "like", "score_", "outcome_class"], (2, 0)),
        "outcome": (2, 0, 3),
    }


def test_candidates_are_ranked_in_their_order_and_a_new_item_beside_them():
    data, model = world.shop()
    path, row = world.shop_export(), row_of(data)
    new = raw_items([4, -1])
    answer = call(
        path, "rank", user_id=["ann", "dan"], candidate=[["x", "", "no such item", "é"], ["x"]], **new
    )
    states = call(path, "encode_user", user_id=["ann", "dan"])["vector"]
    expected = states @ vectors()[[row["x"], row["é"]]].T
    np.testing.assert_allclose(answer["score"][0, [0, 3]], expected[0], atol=1e-4)
    np.testing.assert_allclose(answer["score"][1, 0], expected[1, 0], atol=1e-4)
    assert np.isnan(answer["score"]).tolist() == [[False, True, True, False], [False, True, True, True]]
    recommended = call(path, "recommend", user_id=["ann"], k=[10])
    place = text(recommended["item_id"])[0].index("é")
    for name in ("score", "like", "score_", "outcome", "outcome_class"):
        left, right = answer[name][0, 3], recommended[name][0, place]
        assert left == right if name.endswith("class") else np.allclose(left, right, atol=1e-4)

    encoded = call(path, "encode_item", item_id=[""], **{k: v[:1] for k, v in new.items()})["vector"][0]
    np.testing.assert_allclose(answer["new_item_score"], [states[0] @ encoded, np.nan], atol=1e-4)
    outputs = model.ranker({"states": states[:1, None], "candidates": encoded[None, None]})
    like = 1 / (1 + np.exp(-np.asarray(outputs["like"])[0, 0]))
    np.testing.assert_allclose(answer["new_item_like"], [like, np.nan], atol=1e-4)
    assert answer["new_item_outcome"].shape == (2, 3)
    assert text(answer["new_item_outcome_class"])[0] in ("kept", "sent back", "lost")
    assert text(answer["new_item_outcome_class"])[1] == ""
    assert np.isnan(answer["new_item_score_"]).tolist() == [False, True]


def test_content_in_a_request_is_prepared_and_encoded_as_in_training():
    """Items by their raw content and ids are the items of the catalogue."""
    data, _ = world.shop()
    answer = call(world.shop_export(), "encode_item", item_id=ITEMS, **raw_items(range(10)))
    expected = vectors()[[row_of(data)[item] for item in ITEMS]]
    np.testing.assert_allclose(answer["vector"], expected, atol=1e-5)


def test_an_item_never_seen_is_what_the_item_tower_makes_of_its_content():
    data, model = world.shop()
    row = row_of(data)[ITEMS[4]]
    inputs = {
        f"{feature}.{part}": array[row : row + 1]
        for feature, parts in data.items.items()
        for part, array in parts.items()
    }
    inputs["item_id.id"] = np.zeros(1, "int32")
    content = raw_items([4])
    for unknown in ("", "brand new"):
        answer = call(world.shop_export(), "encode_item", item_id=[unknown], **content)
        np.testing.assert_allclose(answer["vector"], model.item_tower(inputs)["vector"], atol=1e-5)


def test_items_by_id_are_the_stored_vectors_and_unknown_ones_nothing():
    data, _ = world.shop()
    answer = call(world.shop_export(), "encode_item", item_id=["é", "no such item", "🎬"])["vector"]
    np.testing.assert_allclose(answer[[0, 2]], vectors()[[row_of(data)["é"], row_of(data)["🎬"]]], rtol=1e-4)
    assert np.isnan(answer[1]).all()


def test_similar_items_are_the_nearest_by_angle_and_never_the_item_itself():
    data, _ = world.shop()
    unit = vectors() / np.linalg.norm(vectors(), axis=1, keepdims=True)
    answer = call(world.shop_export(), "similar_items", item_id=ITEMS, k=[4] * 9 + [EVERYTHING])
    for number, item in enumerate(ITEMS):
        own = row_of(data)[item]
        ids, scores = ranking(data, unit[own], unit, barred=[item])
        count = 4 if number < 9 else 9
        assert text(answer["item_id"])[number][: count + 1] == [*ids[:count], ""]
        np.testing.assert_allclose(answer["score"][number, :count], scores[:count], atol=1e-5)


def test_items_similar_to_raw_content_and_to_nothing():
    content = raw_items([4, -1])
    answer = call(world.shop_export(), "similar_items", item_id=["", "no such item"], **content, k=[1, 3])
    encoded = call(world.shop_export(), "encode_item", item_id=["", ""], **content)["vector"][0]
    cosine = vectors() @ encoded / np.linalg.norm(vectors(), axis=1) / np.linalg.norm(encoded)
    data, _ = world.shop()
    assert text(answer["item_id"]) == [[data.item_ids[cosine.argmax()], "", ""], ["", "", ""]]
    np.testing.assert_allclose(answer["score"][0, 0], cosine.max(), atol=1e-5)
    assert np.isnan(answer["score"][1]).all()


def test_without_an_order_and_without_users_a_trained_id_and_a_raw_history_are_enough():
    data, model = world.circle()
    users = [data.user_ids.index(user) for user in ("ann", "dan")]
    histories = [data.test.history_rows(row)[-4:] for row in data.events.start[1:][users] - 1]
    states = world.states(world.circle, users, histories)
    raw = [[data.item_ids[data.events.item[row]] for row in rows] for rows in histories]
    answer = call(
        world.circle_export(),
        "recommend",
        user_id=["ann", "dan"],
        history=raw,
        k=[9, 9],
        exclude_seen=[True] * 2,
    )
    item_vectors = world.vectors(world.circle)
    for row in range(2):
        ids, scores = ranking(data, states[row], item_vectors, barred=raw[row])
        assert [item for item in text(answer["item_id"])[row] if item] == ids[:9]
        np.testing.assert_allclose(answer["score"][row, : len(ids)], scores[:9], atol=1e-4)
    stranger = call(world.circle_export(), "encode_user", user_id=["nobody"], history=raw[:1])["vector"][0]
    assert np.abs(stranger - states[0]).max() > 1e-3
    backwards = call(world.circle_export(), "encode_user", user_id=["ann"], history=[raw[0][::-1]])["vector"][
        0
    ]
    np.testing.assert_allclose(backwards, states[0], atol=1e-5)


def small_signatures(schema):
    data, _ = world.shop()
    model = build_recommender(schema, data.vocabulary, width=8, fusion="concat", seed=0)
    item_vectors = world.vectors(world.shop)
    return Signatures(model, data.catalogue, item_vectors, None, "exact").functions()


def test_a_model_that_does_not_rank_the_catalogue_does_not_pretend_to():
    whole = world.shop_schema()
    schema = Schema(item=[whole.item[3]], tasks=[Rating("score")], timestamp="time", history=whole.history)
    functions = small_signatures(schema)
    assert sorted(functions) == ["encode_item", "encode_user", "rank", "similar_items"]
    assert sorted(functions["rank"].structured_outputs) == ["new_item_score_", "score_"]


def test_ids_alone_have_no_new_item_and_no_heads_are_no_outputs():
    whole = world.shop_schema()
    functions = small_signatures(Schema(tasks=[NextItem()], timestamp="time", history=whole.history))
    assert sorted(functions["rank"].structured_outputs) == ["score"]
    assert sorted(functions["recommend"].structured_outputs) == ["item_id", "score"]
    assert sorted(functions["encode_item"].structured_input_signature[1]) == ["item_id"]


def test_known_users_without_anybody_are_nobody():
    data, model = world.circle()
    nobody = KnownUsers.of(data)
    nobody = dataclasses.replace(nobody, ids=[])
    answers = Signatures(model, data.catalogue, world.vectors(world.circle), nobody, "exact")
    assert answers.users.users is None

"""Users like a user, against the model and numpy."""

import json

import numpy as np
import pytest

from export import world
from export.world import USERS, call, raw_user, text
from tfmmrec.export import KnownUsers, similar_users
from tfmmrec.export.similar_users import states_of


def states():
    """What evaluation holds of the shop's users, in the order of `USERS`."""
    data, _ = world.shop()
    numbers = [data.user_ids.index(user) for user in USERS]
    rows = [np.arange(data.events.start[user], data.events.start[user + 1]) for user in numbers]
    return world.states(world.shop, numbers, rows)


def cosines():
    unit = states() / np.linalg.norm(states(), axis=1, keepdims=True)
    return unit @ unit.T


def check(answer, row, user, count, barred):
    order = [other for other in np.argsort(-cosines()[user], kind="stable") if other not in barred][:count]
    assert [one for one in text(answer["user_id"])[row] if one] == [USERS[other] for other in order]
    np.testing.assert_allclose(answer["score"][row, : len(order)], cosines()[user][order], atol=1e-4)
    assert np.isnan(answer["score"][row, len(order) :]).all()


def test_known_users_are_compared_and_never_with_themselves():
    answer = call(world.shop_export(), "similar_users", user_id=USERS, k=[9, 3, 1, 0])
    assert answer["user_id"].shape == answer["score"].shape == (4, 9)
    for user, k in enumerate([9, 3, 1, 0]):
        check(answer, user, user, min(k, 3), barred=[user])


def test_somebody_with_a_raw_history_is_compared_with_everybody():
    answer = call(world.shop_export(), "similar_users", **raw_user(1), k=[4])
    check(answer, 0, 1, 4, barred=[])
    np.testing.assert_allclose(answer["score"][0, 0], 1, atol=1e-4)
    # a known user who brings another history is compared by it, and still not with the user of that id
    answer = call(world.shop_export(), "similar_users", user_id=["ann"], **raw_user(1), k=[4])
    check(answer, 0, 1, 3, barred=[0])


def test_a_user_whom_nobody_knows_is_somebody_new():
    answer = call(world.shop_export(), "similar_users", user_id=["nobody", ""], k=[2, 2])
    assert text(answer["user_id"])[0] == text(answer["user_id"])[1]
    new = call(world.shop_export(), "encode_user", user_id=[""])["vector"][0]
    cosine = states() @ new / np.linalg.norm(states(), axis=1) / np.linalg.norm(new)
    np.testing.assert_allclose(answer["score"][0], sorted(cosine, reverse=True)[:2], atol=1e-4)


@pytest.mark.slow
def test_cells_find_the_same():
    paths = world.shop_export(), world.shop_cells_export()
    exact, cells = (call(path, "similar_users", user_id=USERS, k=[3, 2, 9, 1]) for path in paths)
    assert exact["user_id"].tolist() == cells["user_id"].tolist()
    np.testing.assert_allclose(exact["score"], cells["score"], atol=1e-5)


def test_an_export_that_knows_nobody_does_not_pretend_to():
    about = json.loads((world.circle_export() / "assets.extra" / "about.json").read_text("utf-8"))
    assert "encode_user" in about["signatures"] and "similar_users" not in about["signatures"]


def test_states_are_read_a_few_at_a_time_and_come_in_the_users_order(monkeypatch):
    users = KnownUsers.of(world.shop()[0])
    specs = world.loaded(world.shop_export()).signatures["encode_user"].structured_input_signature[1]
    asked = []

    def read(request):
        asked.append(text(request["user_id"].numpy()))
        assert set(request) == set(specs)
        return world.loaded(world.shop_export()).signatures["encode_user"](**request)["vector"]

    monkeypatch.setattr(similar_users, "_TOGETHER", 3)
    found = states_of(users, specs, read)
    np.testing.assert_allclose(found, states()[[USERS.index(one) for one in users.ids]], atol=1e-4)
    # the shortest histories first (at most four events are read), and every question of one size
    assert asked == [["😀", "bob,c", "ann"], ["dan", "", ""]]

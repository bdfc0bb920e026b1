"""Whole requests to every signature, for programs that serve an export without this process."""

from pathlib import Path

import numpy as np

from export import world

Request = tuple[str, dict[str, np.ndarray]]
"""A signature, and an array for each of its inputs."""


def of_shop(path: Path) -> list[Request]:
    """Known users and strangers, items of the catalogue and new ones, with media and ragged lists."""
    strangers = world.batch(world.raw_user(row, first=row % 2) for row in range(4))
    new = world.raw_items([4, 8, -1, 3])
    asked = [
        ("recommend", {**strangers, "k": [4, 1, 0, 20], "exclude": [["x"], [], ["é", "a,b"], []]}),
        ("recommend", {"user_id": ["ann", "😀"], "k": [3, 10], "exclude_seen": [True, False]}),
        ("rank", {**strangers, **new, "candidate": [["x", "é", "5"], ["🎬"], ["", "nothing"], ["y", "z"]]}),
        ("similar_items", {**new, "k": [2, 3, 4, 20]}),
        ("similar_items", {"item_id": ["é", "x", "nothing"], "k": [2, 3, 1]}),
        ("search", {**world.raw_queries([4, 8, -1, 3]), "k": [2, 3, 4, 20], "exclude": [["x"], [], [], []]}),
        ("search", {"query_title": ["the long red row"], "k": [3], "allow": [["x", "é"]]}),
        ("similar_users", {**strangers, "k": [4, 1, 0, 20]}),
        ("similar_users", {"user_id": ["ann", "nobody"], "k": [3, 2]}),
        ("encode_user", strangers),
        ("encode_user", {"user_id": ["ann", "nobody"]}),
        ("encode_item", {**new, "item_id": ["", "a,b", "é", ""]}),
    ]
    return [(name, world.whole(path, name, **given)) for name, given in asked]


def of_circle(path: Path) -> list[Request]:
    """People known by their histories alone, and items by their price."""
    history = {"history": [["x", "é"], ["5"]]}
    new = {"item_price": [None, 7.0]}
    asked = [
        ("recommend", {**history, "k": [4, 2], "exclude_seen": [True, False]}),
        ("rank", {**history, **new, "candidate": [["x", "é"], ["y"]]}),
        ("similar_items", {"item_id": ["é", "x"], "k": [2, 3]}),
        ("encode_user", {"user_id": ["ann", "nobody"]}),
        ("encode_item", {"item_id": ["é", "y"], **new}),
    ]
    return [(name, world.whole(path, name, **given)) for name, given in asked]


def check_same(got: np.ndarray, expected: np.ndarray, where: str) -> None:
    """The same shape, strings and, but for what another order of sums makes of them, numbers."""
    assert got.shape == expected.shape, where
    if expected.dtype == object:
        assert got.tolist() == expected.tolist(), where
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5, err_msg=where)

"""What a model is built from, and what of it is written."""

import json

from tfmmrec.data.vocabulary import Vocabulary

START = {"file": "vit", "sha256": "0f"}
STATES = {"plot": {"size": 3, "terms": ["a"]}, "poster": {"start": START}, "other": {"start": "imagenet"}}


def made(folder=None):
    return Vocabulary(
        {"item": STATES, "user": {}, "event": {}}, {"like": {"terms": ["x"]}}, 5, 4, folder=folder
    )


def test_without_terms_and_with_the_place_of_files():
    sizes = made("/data").sizes()
    assert sizes.features["item"] == {
        "plot": {"size": 3},
        "poster": {"start": {**START, "folder": "/data"}},
        "other": {"start": "imagenet"},
    }
    assert sizes.tasks == {"like": {}} and (sizes.items, sizes.trained_items) == (5, 4)
    assert STATES["poster"] == {"start": START}  # what was learnt is left as it is


def test_without_what_weights_start_from():
    assert made("/data").learnt().features["item"] == {"plot": {"size": 3}, "poster": {}, "other": {}}


def test_nothing_that_is_written_tells_where_the_data_are():
    plain = made("/data").to_dict()
    assert "/data" not in json.dumps(plain)
    assert Vocabulary.from_dict(json.loads(json.dumps(plain))) == made() == made("/elsewhere")

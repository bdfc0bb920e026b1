"""What a model is built from, and what of it is written."""

import hashlib
import json
from dataclasses import replace

import pytest

from tfmmrec.data.vocabulary import Vocabulary, ids_sha256

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


def test_ids_in_their_order():
    assert ids_sha256(["i1", "é"], ["u"]) == hashlib.sha256("2:i1,2:é,;1:u,;".encode()).hexdigest()
    lists = (["a", "b"], []), (["b", "a"], []), (["a"], ["b"]), (["a,1:b"], []), ([], ["a", "b"])
    assert len({ids_sha256(*ids) for ids in lists}) == len(lists)


def test_rows_that_stand_for_others_are_refused():
    one, other = (replace(made(), trained_sha256=sha) for sha in ("0a", "0b"))
    for known, given in ((one, one), (one, made()), (made(), one), (one.learnt(), one.sizes())):
        known.check_rows(given)
    with pytest.raises(ValueError, match="for data that were prepared otherwise.* the same split, cold_"):
        one.learnt().check_rows(other)

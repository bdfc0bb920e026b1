"""Which items are asked for, and what is said of them."""

import dataclasses

import numpy as np
import pytest

from tfmmrec.evaluation import predict_events, predict_items
from tfmmrec.labelling import label_next
from tfmmrec.models import build_recommender


def test_items_without_a_label_and_no_others(things, labeller):
    found = label_next(labeller, things, 100, "entropy")
    # of 54 every second, the last three of validation; and six are in no event
    expected = {f"i{n}" for n in range(1, 54, 2)} | {f"i{n}" for n in range(54, 60)}
    assert set(found.ids) == expected and found.pool == len(found.ids) == 33 and found.task == "colour"
    assert [things.item_ids[row] for row in found.rows] == list(found.ids)
    assert (np.diff(found.score) <= 0).all()
    assert len(label_next(labeller, things, 4, "margin", "large").ids) == 4


def test_what_is_expected_is_what_the_head_says(things, labeller):
    found = label_next(labeller, things, 30, "margin")
    vectors = labeller.encode_items(things.items)["vector"]
    told = predict_items(labeller, vectors[found.rows])["colour"]
    classes = labeller.vocabulary.tasks["colour"]["classes"]
    assert list(found.expected) == [classes[place] for place in told.argmax(axis=1)]
    np.testing.assert_allclose(found.probability, told.max(axis=1), rtol=1e-4)
    two = np.sort(told, axis=1)[:, -2:]
    np.testing.assert_allclose(found.score, two[:, 0] - two[:, 1], atol=1e-5)
    of_events = predict_events(labeller, things, np.flatnonzero(np.isin(things.events.item, found.rows[:3])))
    assert of_events["large"].shape == (3,) and (of_events["large"] > 0).all()


def test_of_users_an_item_is_what_its_events_expect_on_average(small_data):
    schema = small_data.schema.only(item=["item_id"], event=[], tasks=["next_item", "like"])
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    with pytest.raises(ValueError, match="Every item has a label of task 'like' already"):
        label_next(model, small_data, 5, "entropy")  # of some user
    events = small_data.events
    labels = {**events.labels, "like": np.where(np.isin(events.item, [3, 4]), np.nan, events.labels["like"])}
    data = dataclasses.replace(small_data, events=dataclasses.replace(events, labels=labels))
    found = label_next(model, data, 5, "least_confident")
    assert sorted(found.rows.tolist()) == [3, 4]
    rows = np.flatnonzero((events.split == 0) & (events.item == found.rows[0]))
    expected = predict_events(model, data, rows)["like"].mean()
    assert found.probability[0] == pytest.approx(max(expected, 1 - expected), abs=1e-5)
    assert found.score[0] == pytest.approx(1 - found.probability[0], abs=1e-5)


def test_data_that_were_prepared_otherwise_are_refused(things, labeller):
    unlike = dataclasses.replace(things.vocabulary, trained_sha256="0f")
    other = dataclasses.replace(things, vocabulary=unlike)
    with pytest.raises(ValueError, match="The model was built for data that were prepared otherwise"):
        label_next(labeller, other, 5)


def test_what_cannot_be_asked_is_explained(things, labeller):
    with pytest.raises(ValueError, match="There is no acquisition 'entropie'. Did you mean 'entropy'"):
        label_next(labeller, things, by="entropie")
    with pytest.raises(ValueError, match="Task 'price' has no classes .* Multiclass task: .*'colour'"):
        label_next(labeller, things, task="price")
    with pytest.raises(ValueError, match="There is no task named 'color'"):
        label_next(labeller, things, task="color")
    with pytest.raises(ValueError, match="k is how many items to label, 1 or more; got 0"):
        label_next(labeller, things, 0)

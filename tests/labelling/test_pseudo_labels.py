"""Labels that a model fills in: which, how many, and that they can be learnt from."""

import dataclasses

import numpy as np
import pytest

from tfmmrec.data.dataset import TRAIN
from tfmmrec.evaluation import predict_events
from tfmmrec.labelling import pseudo_label
from tfmmrec.models import build_recommender
from tfmmrec.training import fit

COLOURS = ("red", "green", "blue")


def test_what_is_filled_in_is_what_the_model_is_sure_of(things, labeller):
    found = pseudo_label(labeller, things, ["colour"], threshold=0.8, weight=0.25)
    events = things.events
    lacking = np.flatnonzero((events.split == TRAIN) & np.isnan(events.labels["colour"]))
    told = predict_events(labeller, things, lacking)["colour"]
    sure = lacking[told.max(axis=1) >= 0.8]
    assert len(sure) > 12 and found.event.tolist() == sure.tolist()
    assert found.unsure == {"colour": len(lacking) - len(sure)}
    assert sum(found.counts["colour"].values()) == len(sure) and set(found.counts["colour"]) == set(COLOURS)
    labels, weights = found.data.events.labels["colour"], found.data.events.weights["colour"]
    np.testing.assert_array_equal(labels[sure], told[told.max(axis=1) >= 0.8].argmax(axis=1))
    assert (weights[sure] == 0.25).all()
    rest = np.setdiff1d(np.arange(len(labels)), sure)
    np.testing.assert_array_equal(labels[rest], events.labels["colour"][rest])
    np.testing.assert_array_equal(weights[rest], events.weights["colour"][rest])
    assert found.data.events.labels["large"] is events.labels["large"]  # it was not asked for
    assert np.isnan(events.labels["colour"][sure]).all(), "the data that was given stays as it is"
    assert found.data.split_sha256 != things.split_sha256


def test_an_example_weighs_what_it_did_whoever_labels_it(things, labeller):
    """Events of weight 0 stay out of training, and what was seen seldom stands for more."""
    events = things.events
    own = np.resize(np.float32([0, 0.1, 4, 1]), len(events.item))
    weighed = dataclasses.replace(events, weights={**events.weights, "colour": own})
    schema = dataclasses.replace(things.schema, event_weight="trust")
    data = dataclasses.replace(things, schema=schema, events=weighed)
    found = pseudo_label(labeller, data, ["colour"], threshold=0.01, weight=0.5)
    weights = found.data.events.weights["colour"]
    np.testing.assert_allclose(weights[found.event], 0.5 * own[found.event])
    assert set(weights[found.event].tolist()) == {np.float32(0.05), 0.5}  # the odd ones have no label
    rest = np.setdiff1d(np.arange(len(own)), found.event)
    np.testing.assert_array_equal(weights[rest], own[rest])


def test_the_table_names_them(things, labeller):
    found = pseudo_label(labeller, things, ["colour"], threshold=0.8)
    table = found.table()
    assert len(table) == len(found.event)
    for row, event in zip(table, found.event, strict=True):
        number = int(row["item_id"].removeprefix("i"))
        assert things.item_ids[things.events.item[event]] == row["item_id"] and number % 2 == 1
        assert row["task"] == "colour" and 0.8 <= row["confidence"] <= 1
    right = [row["label"] == COLOURS[int(row["item_id"][1:]) % 3] for row in table]
    assert np.mean(right) > 0.9  # names tell them


def test_held_out_events_keep_what_they_have(things, labeller):
    found = pseudo_label(labeller, things, threshold=0.01)
    held_out = things.events.split != TRAIN
    assert np.isnan(things.events.labels["colour"][held_out]).any()
    for name in ("colour", "large"):
        one, other = (data.events.labels[name][held_out] for data in (things, found.data))
        np.testing.assert_array_equal(one, other)
        assert not np.isnan(found.data.events.labels[name][~held_out]).any()
    assert set(found.counts) == {"colour", "large"} and found.unsure == {"colour": 0, "large": 0}


def test_thresholds_by_class_and_by_task(things, labeller):
    only_red = pseudo_label(labeller, things, threshold={"colour": {"red": 0.5}, "large": 1.0})
    assert only_red.counts["colour"]["red"] > 0
    assert only_red.counts["colour"]["green"] == only_red.counts["colour"]["blue"] == 0
    only_large = pseudo_label(labeller, things, ["large"], {"1": 0.5})
    assert only_large.counts["large"]["0"] == 0 < only_large.counts["large"]["1"]


def test_fit_learns_from_them(things, labeller):
    found = pseudo_label(labeller, things, threshold=0.8)
    model = build_recommender(things.schema, things.vocabulary, width=8, fusion="concat", seed=1)
    records = fit(model, found.data.train, epochs=2, batch_events=16)
    assert records[-1]["loss"] < records[0]["loss"]
    assert pseudo_label(labeller, found.data, threshold=0.8).counts["colour"] == dict.fromkeys(
        found.counts["colour"], 0
    )


def test_data_that_were_prepared_otherwise_are_refused(things, labeller):
    unlike = dataclasses.replace(things.vocabulary, trained_sha256="0f")
    other = dataclasses.replace(things, vocabulary=unlike)
    with pytest.raises(ValueError, match="The model was built for data that were prepared otherwise"):
        pseudo_label(labeller, other)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"weight": 0}, "weight is what a pseudo-label counts beside a label, above 0; got 0"),
        ({"threshold": 1.5}, "A threshold is how likely a class must be, above 0 and at most 1; got 1.5"),
        (
            {"tasks": ["colour"], "threshold": {"pink": 0.9}},
            r"Task 'colour' has no class 'pink'; there are \['",
        ),
        ({"tasks": ["price"]}, "Task 'price' has no classes"),
    ],
)
def test_what_cannot_be_filled_in_is_explained(things, labeller, given, match):
    with pytest.raises(ValueError, match=match):
        pseudo_label(labeller, things, **given)

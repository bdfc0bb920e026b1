"""Settings of a baseline: all are tried, validation decides, test is not read."""

import dataclasses

import numpy as np
import pytest

from tfmmrec.baselines import EASE, ItemKNN, MostPopular, choose
from tfmmrec.baselines.choice import combinations
from tfmmrec.data.dataset import TEST, TRAIN, VALIDATION
from tfmmrec.evaluation import evaluate

GRID = {"k": (1, 5, 20), "shrink": (0, 100)}


def test_the_best_on_validation_is_kept(small_data):
    choice = choose(ItemKNN, small_data, GRID, monitor="recall@3")
    settings = [{"k": k, "shrink": shrink} for k in (1, 5, 20) for shrink in (0, 100)]
    assert [one for one, _ in choice.tried] == settings
    for one, value in choice.tried:
        metrics = evaluate(ItemKNN(small_data, **one), small_data.validation, k=(3,)).metrics
        assert metrics["recall@3"] == value
    values = [value for _, value in choice.tried]
    assert len(set(values)) > 1  # there was something to choose
    assert choice.settings == settings[int(np.argmax(values))]
    of_choice, again = (
        evaluate(one, small_data.validation).metrics
        for one in (choice.baseline, ItemKNN(small_data, **choice.settings))
    )
    assert of_choice == again


def test_of_equals_the_first(small_data):
    choice = choose(EASE, small_data, {"l2": (5, 5.0)})
    assert choice.tried[0][1] == choice.tried[1][1]
    assert choice.settings["l2"] is choice.tried[0][0]["l2"]


def test_without_a_choice_validation_is_not_needed(small_data):
    events = small_data.events
    split = np.where(events.split == VALIDATION, TRAIN, events.split).astype("int8")
    data = dataclasses.replace(small_data, events=dataclasses.replace(events, split=split))
    for baseline, grid in ((MostPopular, None), (MostPopular, {}), (EASE, {"l2": [10]})):
        choice = choose(baseline, data, grid)
        assert isinstance(choice.baseline, baseline) and choice.tried == []
        assert choice.settings == {name: values[0] for name, values in (grid or {}).items()}
    with pytest.raises(ValueError, match="The validation split has no events"):
        choose(EASE, data, {"l2": (1, 10)})


def test_test_is_not_read(small_data):
    events = small_data.events
    item = np.where(events.split == TEST, 0, events.item).astype("int32")
    changed = dataclasses.replace(small_data, events=dataclasses.replace(events, item=item))
    assert choose(ItemKNN, changed, GRID).tried == choose(ItemKNN, small_data, GRID).tried


def test_a_grid_that_is_none(small_data):
    with pytest.raises(ValueError, match="value to try, and gives 'k' none"):
        choose(ItemKNN, small_data, {"shrink": (0, 1), "k": ()})
    with pytest.raises(ValueError, match="ItemKNN cannot be chosen by 'like.auc'; it has recall@10,"):
        choose(ItemKNN, small_data, {"k": (1, 2)}, "like.auc")
    for monitor in ("likes.auc", "ndcg", "ndcg@0", "coverage@10"):
        with pytest.raises(ValueError, match="such as 'ndcg@10', or by .* 'rating.rmse'; got"):
            choose(ItemKNN, small_data, GRID, monitor=monitor)


def test_combinations_of_a_grid():
    assert combinations({}) == [{}]
    assert combinations({"a": (1, 2), "b": (3,)}) == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]

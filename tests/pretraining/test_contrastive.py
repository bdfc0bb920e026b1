"""Two views of an item agree."""

import numpy as np
import pytest
from keras import ops

from contracts import ObjectiveContract
from tfmmrec.pretraining import Contrastive
from tfmmrec.pretraining.contrastive import two_views
from tfmmrec.pretraining.objective import Items, cross_entropy


class TestContrastive(ObjectiveContract):
    component = Contrastive


@pytest.mark.backend
def test_the_loss_by_hand():
    # items a and b, views a1 b1 a2 b2; a's two agree, b's second looks like a
    z = np.asarray([[1, 0], [0, 1], [1, 0], [0.6, 0.8]], "float32")
    losses, right = (np.asarray(x) for x in two_views(ops.convert_to_tensor(z), 0.5))
    products = z @ z.T / 0.5
    expected = []
    for i, partner in enumerate([2, 3, 0, 1]):
        others = [products[i, j] for j in range(4) if j != i]
        expected.append(np.log(np.exp(others).sum()) - products[i, partner])
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert right.tolist() == [True, True, True, True]
    flipped = np.asarray(two_views(ops.convert_to_tensor(z[[0, 1, 3, 2]]), 0.5)[1])
    assert flipped.tolist() == [False, False, False, False]


@pytest.mark.backend
def test_a_cross_entropy_by_hand():
    losses, right = cross_entropy(
        np.log([[1, 2, 5], [4, 2, 2]]).astype("float32"), np.asarray([2, 1], "int32")
    )
    np.testing.assert_allclose(np.asarray(losses), -np.log([5 / 8, 2 / 8]), rtol=1e-6)
    assert np.asarray(right).tolist() == [True, False]


@pytest.mark.backend
def test_a_view_hides_features_and_never_all():
    present = np.asarray([[True, True, True], [True, False, True], [False, False, True]] * 500)
    layer = Contrastive(8, ["a", "b", "c"], hide=0.6)
    hidden = np.asarray(layer.hidden(Items(None, {}, ops.convert_to_tensor(present), ["a", "b", "c"])))
    assert not (hidden & ~present).any() and (present & ~hidden).any(axis=1).all()
    share = hidden.reshape(500, 3, 3).mean(axis=0)
    assert share[2, 2] == 0 and share[0].min() > 0.3 and share[0].max() < 0.6
    with pytest.raises(ValueError, match=r"hide is the chance of a feature, in \[0, 1\), got 1"):
        Contrastive(8, ["a"], hide=1)


@pytest.mark.backend
def test_what_is_hidden_is_missing():
    seen = {}

    def tower(parts):
        seen.update({name: np.asarray(array) for name, array in parts.items()})
        return {"content": None}

    parts = {
        "year.number": np.asarray([1.0, 2.0], "float32"),
        "plot.tokens": np.asarray([[3, 4], [5, 6]], "int32"),
        "item_id.id": np.zeros(2, "int32"),
    }
    parts = {name: ops.convert_to_tensor(array) for name, array in parts.items()}
    hidden = np.asarray([[True, False], [False, True]])
    Items(tower, parts, hidden, ["year", "plot"]).encoded(ops.convert_to_tensor(hidden))
    assert np.isnan(seen["year.number"][0]) and seen["year.number"][1] == 2
    assert seen["plot.tokens"].tolist() == [[3, 4], [0, 0]] and not seen["item_id.id"].any()

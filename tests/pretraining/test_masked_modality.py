"""One modality is told from the others."""

import numpy as np
import pytest
from keras import ops

from contracts import ObjectiveContract
from tfmmrec.pretraining import MaskedModality


class TestMaskedModality(ObjectiveContract):
    component = MaskedModality


class FakeItems:
    """Items whose content and tokens are given."""

    def __init__(self, present, content, tokens):
        self.present, self.names = ops.convert_to_tensor(present), list(tokens)
        self.content, self.given, self.hidden = content, tokens, None

    def encoded(self, hidden):
        self.hidden = np.asarray(hidden)
        return ops.convert_to_tensor(self.content)

    def tokens(self, name):
        return ops.convert_to_tensor(self.given[name])


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def dense(layer, x):
    return x @ np.asarray(layer.kernel) + np.asarray(layer.bias)


@pytest.mark.backend
def test_the_loss_by_hand():
    generator = np.random.default_rng(0)
    present = np.asarray([[True, True], [True, True], [True, False], [False, True], [True, True]])
    content = generator.normal(size=(5, 4)).astype("float32")
    tokens = {name: generator.normal(size=(5, 4)).astype("float32") for name in ("a", "b")}
    layer = MaskedModality(4, ["a", "b"], temperature=0.5)
    layer.build()
    items = FakeItems(present, content, tokens)
    losses, right, weight = (np.asarray(x) for x in layer.losses_of(items))
    assert weight.tolist() == [1, 1, 0, 0, 1]
    assert items.hidden.sum(axis=1).tolist() == [1, 1, 0, 0, 1]
    known = np.asarray(layer.first(content * 2))
    for row in (0, 1, 4):
        place = int(items.hidden[row].argmax())
        told = unit(dense(layer.told[place], known[row]))
        asked = unit(dense(layer.asked[place], tokens["ab"[place]]))
        logits = np.where(present[:, place], asked @ told / 0.5, -np.inf)
        assert losses[row] == pytest.approx(np.log(np.exp(logits).sum()) - logits[row], rel=1e-4)
        assert right[row] == (logits.argmax() == row)


@pytest.mark.backend
def test_what_lacks_the_feature_is_not_read():
    present = np.asarray([[True, True], [True, True], [True, False]])
    tokens = {name: np.ones((3, 4), "float32") for name in ("a", "b")}
    tokens["b"][2] = np.nan
    layer = MaskedModality(4, ["a", "b"])
    layer.build()
    losses, *_ = layer.losses_of(FakeItems(present, np.ones((3, 4), "float32"), tokens))
    assert np.isfinite(np.asarray(losses)).all()


def test_one_feature_alone_is_told_by_nothing():
    with pytest.raises(
        ValueError, match="their others, and the schema's items have .*'plot'.* take contrastive"
    ):
        MaskedModality(8, ["plot"])

"""Nothing of a training, an export or a server is left in the process: many may follow each other in one."""

import copy
import gc
import weakref

import pytest

from backends import JIT
from tfmmrec.export import export
from tfmmrec.models import build_recommender
from tfmmrec.serving import Served
from tfmmrec.training import fit


def graphs() -> int:
    """TensorFlow's graphs that something still refers to."""
    gc.collect()
    return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())


def train(data):
    """A model, and a reference to what it was trained on."""
    own = copy.copy(data)
    model = build_recommender(own.schema, own.vocabulary, width=16, seed=0, sharing="aitm")
    fit(model, own.train, epochs=1, batch_events=64, encode_items=None, jit_compile=JIT)
    return model, weakref.ref(own)


@pytest.mark.backend
def test_of_a_training(small_data):
    before = None
    for _ in range(2):  # the first one also fills what Keras and TensorFlow have once
        model, data = train(small_data)
        gone = weakref.ref(model)
        del model
        left = graphs()
        assert gone() is None and data() is None
        assert before is None or left <= before
        before = left


def test_of_an_export_and_of_one_that_was_loaded(small_data, tmp_path):
    model, _ = train(small_data)
    before = None
    for name in ("a", "b"):
        folder = export(model, small_data.catalogue, tmp_path / name / "1")
        served = Served(folder)
        served.recommend(history=[["i0"]], k=3)
        gone = weakref.ref(served._model)
        del served
        left = graphs()
        assert gone() is None
        assert before is None or left <= before
        before = left

"""One model of every kind of task, built once; tests that train make their own."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from backends import JIT, compiled
from tfmmrec.data.batches import Batches
from tfmmrec.models import Recommender, build_recommender


def make_model(data: Any, optimizer: Any = None, schema: Any = None, **settings: Any) -> Recommender:
    """A model of width 8, compiled and with its cache filled."""
    settings = {"width": 8, "seed": 0, **settings}
    model = build_recommender(schema or data.schema, data.vocabulary, **settings)
    optimizer = optimizer or keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer, jit_compile=JIT)
    model.refresh(data.items)
    return model


@pytest.fixture(scope="session")
def make() -> Callable[..., Recommender]:
    return make_model


@pytest.fixture(scope="session")
def model(small_data: Any) -> Recommender:
    """To be asked and not to be trained."""
    return make_model(small_data)


@pytest.fixture(scope="session")
def batch(small_data: Any) -> Any:
    """Nine users, among them padding, with example weights."""
    batches = Batches(small_data, small_data.schema, batch_events=64)
    x, y, w = next(b for b in batches if b[0]["history.item"].shape[1] == 6)
    generator = np.random.default_rng(0)
    return x, y, {name: (a * generator.uniform(0.5, 2, a.shape)).astype("float32") for name, a in w.items()}


@pytest.fixture(scope="session")
def ask(model: Recommender) -> Callable[..., Any]:
    """``x → outputs`` as arrays."""

    def outputs(x: Any) -> Any:
        return {name: np.asarray(value) for name, value in model.predict_on_batch(x).items()}

    return outputs


@pytest.fixture(scope="session")
def losses(model: Recommender) -> Callable[..., Any]:
    """``(x, y, w) → {task: loss}`` without dropout, compiled once."""
    graph = compiled(lambda x, y, w: model.compute_losses(x, y, model(x, training=False), w, False))

    def as_floats(x: Any, y: Any, w: Any) -> dict[str, float]:
        return {name: float(loss) for name, loss in graph(x, y, w).items()}

    return as_floats

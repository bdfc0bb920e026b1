"""What tests do in another way under each backend: gradients, calls in one graph, dtype policies."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

if keras.backend.backend() == "jax":
    import jax

    jax.config.update("jax_disable_most_optimizations", True)  # tests compile far more than they compute

JIT = keras.backend.backend() == "jax"
"""What to compile models with: under tensorflow XLA would cost tests more than it saves, jax lives by it."""


def numpy(tensor: Any) -> np.ndarray:
    """A tensor as an array; bfloat16, which numpy lacks, as float32."""
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32") if dtype == "bfloat16" else tensor)


def arrays(tree: Any) -> Any:
    """A tree of tensors as arrays."""
    return keras.tree.map_structure(numpy, tree)


def preprocessed(member: Any, state: dict[str, Any], values: Any) -> dict[str, np.ndarray]:
    """A modality's parts of raw values, as arrays."""
    import tensorflow as tf

    tensor = tf.constant(values, tf.string if member.raw_dtype == "string" else tf.float64)
    return {part: array.numpy() for part, array in member.preprocess(state)(tensor).items()}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function from arrays to arrays, with the weights as they are when it is first called.

    Under jax in one compilation: its operations one by one would take many. Layers must have been built;
    their losses can be read in the function.
    """

    def pure(*inputs: Any) -> Any:
        with keras.StatelessScope(collect_losses=True):
            return function(*inputs)

    graph = jax.jit(pure) if keras.backend.backend() == "jax" else pure

    def call(*inputs: Any) -> Any:
        return arrays(graph(*keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)))

    return call


def run(function: Callable[..., Any], *inputs: Any) -> Any:
    """``function(*inputs)`` as arrays; see `compiled`."""
    return compiled(function)(*inputs)


def gradients(
    function: Callable[..., Any], variables: Sequence[Any] = (), inputs: Sequence[Any] = ()
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Gradients of the scalar ``function(*inputs)`` with respect to variables and to inputs, as arrays.

    Zeros where nothing flows. Layers must have been built.
    """
    inputs = [keras.ops.convert_to_tensor(x) for x in inputs]
    if keras.backend.backend() == "jax":

        def pure(values: list[Any], inputs: list[Any]) -> Any:
            known = list(zip(variables, values, strict=True))
            with keras.StatelessScope(state_mapping=known, collect_losses=True):
                return function(*inputs)

        of_both = jax.jit(jax.grad(pure, argnums=(0, 1)))([v.value for v in variables], inputs)
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape, keras.StatelessScope(collect_losses=True):
            tape.watch(inputs)
            value = function(*inputs)
        sources = ([v.value for v in variables], inputs)
        found = tape.gradient(value, sources, unconnected_gradients="zero")
        of_both = [[tf.convert_to_tensor(g) for g in side] for side in found]
    of_variables, of_inputs = of_both
    return arrays(list(of_variables)), arrays(list(of_inputs))


@contextmanager
def policy(name: str) -> Iterator[None]:
    """Layers made inside have this dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def overfit(model: keras.Model, x: Any, y: np.ndarray, steps: int, rate: float = 0.1) -> float:
    """Accuracy of a model with one logit on its own training examples, after so many steps."""
    optimizer = keras.optimizers.SGD(rate, momentum=0.9, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)  # else the step is traced twice
    model.compile(optimizer, keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=JIT)
    for _ in range(steps):
        model.train_on_batch(x, y)
    return float(((run(model, x)[:, 0] > 0) == (y > 0.5)).mean())

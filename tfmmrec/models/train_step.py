"""The one place where a training step can be changed, for each backend.

Gradient surgery, loss balancing, private or adversarial training replace how gradients become an update:
they are gradient hooks. A model without a hook trains by Keras's own step, but for one thing: where an
optimizer updates a table of ids by the rows that were used (`tfmmrec.training.row_updates`), the gradient is
of those rows alone. Under tensorflow that is what Keras's step gives it anyway, as ``tf.IndexedSlices``; jax
knows dense gradients only, and its step differentiates with respect to the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import keras
from keras import ops

from tfmmrec.layers import read_rows
from tfmmrec.modalities.id import TableEncoder


class Gradients:
    """The losses of one step and their gradients, for a hook; each gradient asked for is a backward pass.

    Args:
        losses: weighted scalars by name: the tasks', ``"auxiliary"`` for that of the modalities' own heads,
            and ``"added"`` for what layers add (alignment, regularisation).
        variables: tensors.
        pullback: a weight for each loss → the gradient of their weighted sum, a list beside `variables`.
    """

    def __init__(
        self, losses: dict[str, Any], variables: list[Any], pullback: Callable[[list[Any]], list[Any]]
    ) -> None:
        self.losses, self.variables = losses, variables
        self._pullback = pullback

    def of(self, weights: dict[str, Any] | None = None) -> list[Any]:
        """The gradient of the weighted sum of losses, in one pass; those that are not named weigh 1."""
        weights = weights or {}
        return self._pullback([ops.cast(weights.get(name, 1.0), "float32") for name in self.losses])

    def each(self) -> dict[str, list[Any]]:
        """The gradients of each loss, in as many passes."""
        return {
            name: self._pullback([ops.cast(name == one, "float32") for one in self.losses])
            for name in self.losses
        }


class GradientHook(Protocol):
    """Turns the gradients of the losses into the update's gradients.

    Called inside the compiled step, so in ``keras.ops``; the result is a list beside ``gradients.variables``.
    What it remembers from step to step it keeps in ``variables``, a list of ``keras.Variable`` that are not
    trainable: they are state of the training, as the optimizer's are, and no weights of the model. It may
    assign to variables of the optimizer too, which then makes its update with them.
    """

    def __call__(self, gradients: Gradients) -> list[Any]: ...


def sum_gradients(gradients: Gradients) -> list[Any]:
    """The hook that changes nothing: the gradient of the sum of losses."""
    return gradients.of()


class RowGradient(NamedTuple):
    """The gradient of a table by the rows that were read; named like the parts of ``tf.IndexedSlices``.

    Attributes:
        values: ``[U, D]``.
        indices: int ``[U]``; a row may stand there several times, and its gradient is then their sum.
    """

    values: Any
    indices: Any


class _HookedStep:
    """What both backends share: a switch that makes `compute_loss` return the losses side by side."""

    gradient_hook: GradientHook | None = None
    _side_by_side = False

    def compute_losses(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> dict[str, Any]:
        """Weighted scalar losses by name; implemented by the model."""
        raise NotImplementedError

    @property
    def variables(self) -> list[Any]:
        """All state of the model, and of its gradient hook while it has one."""
        return [*super().variables, *getattr(self.gradient_hook, "variables", ())]  # type: ignore[misc]

    @property
    def id_tables(self) -> dict[str, TableEncoder]:
        """The tables of ids by the input that says which rows are read; implemented by the model."""
        raise NotImplementedError

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The sum of `compute_losses`; under a gradient hook the losses as a vector."""
        losses = self.compute_losses(x, y, y_pred, sample_weight, training)
        stacked = ops.stack([ops.cast(loss, "float32") for loss in losses.values()])
        self._loss_names = list(losses)
        return stacked if self._side_by_side else ops.sum(stacked)


class TensorFlowStep(_HookedStep):
    """The hooked step under the tensorflow backend."""

    def train_step(self, data: Any) -> dict[str, Any]:
        if self.gradient_hook is None:
            return super().train_step(data)  # type: ignore[misc]
        import tensorflow as tf

        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        variables = self.trainable_variables  # type: ignore[attr-defined]
        tensors = [variable.value for variable in variables]
        with tf.GradientTape(persistent=True) as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            losses = self.compute_losses(x, y, y_pred, weight, True)
            scaled = {name: self.optimizer.scale_loss(loss) for name, loss in losses.items()}  # type: ignore[attr-defined]
        self._loss_tracker.update_state(sum(losses.values()))  # type: ignore[attr-defined]

        def pullback(weights: list[Any]) -> list[Any]:
            found = tape.gradient(list(scaled.values()), tensors, weights, unconnected_gradients="zero")
            return [tf.convert_to_tensor(gradient) for gradient in found]

        update = self.gradient_hook(Gradients(losses, tensors, pullback))
        self.optimizer.apply_gradients(zip(update, variables, strict=True))  # type: ignore[attr-defined]
        return self.compute_metrics(x, y, y_pred, sample_weight=weight)  # type: ignore[attr-defined]


class JaxStep(_HookedStep):
    """The hooked step under the jax backend."""

    def train_step(self, state: Any, data: Any) -> Any:
        if self.gradient_hook is None:
            by_rows = getattr(self.optimizer, "tables", ())  # type: ignore[attr-defined]
            return self._step_by_rows(state, data) if by_rows else super().train_step(state, data)  # type: ignore[misc]
        import jax

        trainable, non_trainable, of_optimizer, of_metrics = state
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)

        def losses_of(trainable: Any) -> Any:
            return self.compute_loss_and_updates(  # type: ignore[attr-defined]
                trainable,
                non_trainable,
                of_metrics,
                x,
                y,
                weight,
                training=True,
                optimizer_variables=of_optimizer,
            )

        self._side_by_side = True
        try:
            scaled, of_losses, aux = jax.vjp(losses_of, trainable, has_aux=True)
        finally:
            self._side_by_side = False
        losses, y_pred, non_trainable, of_metrics = aux

        def pullback(weights: list[Any]) -> list[Any]:
            return of_losses(ops.cast(ops.stack(weights), scaled.dtype))[0]

        by_name = dict(zip(self._loss_names, losses, strict=True))
        state_of_hook = [
            *zip(self.non_trainable_variables, non_trainable, strict=True),  # type: ignore[attr-defined]
            *zip(self.optimizer.variables, of_optimizer, strict=True),  # type: ignore[attr-defined]
        ]
        with keras.StatelessScope(state_mapping=state_of_hook) as scope:
            update = self.gradient_hook(Gradients(by_name, trainable, pullback))
        non_trainable = [scope.get_current_value(one) for one in self.non_trainable_variables]  # type: ignore[attr-defined]
        of_optimizer = [scope.get_current_value(one) for one in self.optimizer.variables]  # type: ignore[attr-defined]
        trainable, of_optimizer = self.optimizer.stateless_apply(of_optimizer, update, trainable)  # type: ignore[attr-defined]
        logs, of_metrics = self._update_metrics_variables(  # type: ignore[attr-defined]
            of_metrics, ops.sum(losses), x, y, y_pred, weight
        )
        return logs, (trainable, non_trainable, of_optimizer, of_metrics)

    def _step_by_rows(self, state: Any, data: Any) -> Any:
        """Keras's own step, differentiated with respect to the rows that the batch reads of large tables.

        Nothing but its encoder may read such a table: what else does has no part in the gradient.
        """
        import jax

        trainable, non_trainable, of_optimizer, of_metrics = state
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        paths = [variable.path for variable in self.trainable_variables]  # type: ignore[attr-defined]
        encoders, rows, read = {}, {}, list(trainable)
        for name, encoder in self.id_tables.items():
            path = encoder.embedding.embeddings.path
            if path in self.optimizer.tables:  # type: ignore[attr-defined]
                at = paths.index(path)
                encoders[at], rows[at] = encoder, x[name]
                read[at] = read_rows(trainable[at], rows[at])

        def loss_of(read: Any) -> Any:
            whole = [trainable[at] if at in rows else value for at, value in enumerate(read)]
            with _lent({encoder: read[at] for at, encoder in encoders.items()}):
                return self.compute_loss_and_updates(  # type: ignore[attr-defined]
                    whole,
                    non_trainable,
                    of_metrics,
                    x,
                    y,
                    weight,
                    training=True,
                    optimizer_variables=of_optimizer,
                )

        (_, aux), gradients = jax.value_and_grad(loss_of, has_aux=True)(read)
        loss, y_pred, non_trainable, of_metrics = aux
        update = [RowGradient(g, rows[at]) if at in rows else g for at, g in enumerate(gradients)]
        trainable, of_optimizer = self.optimizer.stateless_apply(of_optimizer, update, trainable)  # type: ignore[attr-defined]
        logs, of_metrics = self._update_metrics_variables(of_metrics, loss, x, y, y_pred, weight)  # type: ignore[attr-defined]
        return logs, (trainable, non_trainable, of_optimizer, of_metrics)


@contextmanager
def _lent(read: dict[TableEncoder, Any]) -> Iterator[None]:
    """Inside, the encoders give these rows and not those of their tables."""
    for encoder, rows in read.items():
        encoder.read = rows
    try:
        yield
    finally:
        for encoder in read:
            encoder.read = None


TrainStep: type = {"tensorflow": TensorFlowStep, "jax": JaxStep}.get(keras.backend.backend(), _HookedStep)
"""The step of the active backend, to be mixed into a ``keras.Model`` before it."""

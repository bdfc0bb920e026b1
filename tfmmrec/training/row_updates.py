"""AdamW whose cost does not grow with a large table of ids: a step updates the rows that it used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.layers import read_rows, write_rows
from tfmmrec.members import suggestion
from tfmmrec.models import Recommender, RowGradient
from tfmmrec.models.item_vectors import FULL_SOFTMAX_ITEMS
from tfmmrec.schema import SIDES
from tfmmrec.training.layer_rates import layer_rates
from tfmmrec.training.parts import is_of

LARGE_TABLE = FULL_SOFTMAX_ITEMS
"""Tables of ids with more rows than this are updated row by row."""


def adamw(
    model: Recommender,
    rate: Any,
    weight_decay: float,
    accumulate: int = 1,
    ema: float | None = None,
    rates: dict[str, float] | None = None,
    layer_decay: float | dict[str, float] | None = None,
    paced: Sequence[str] = (),
) -> RowAdamW:
    """The optimizer of a training: `RowAdamW` of the tables that are large.

    A gradient hook, accumulated gradients and a moving average of weights need every row in every step: with
    one of them every row is updated, whatever the tables.

    Args:
        model: what is trained.
        rate: learning rate, a number or a schedule.
        weight_decay: see ``keras.optimizers.AdamW``.
        accumulate: batches whose gradients make one update.
        ema: momentum of the moving average of weights, an update's; None keeps none.
        rates: by name of a feature, what the learning rate of its encoder is multiplied by.
        layer_decay: what it is multiplied by once more for each layer below an encoder's last one; see
            `layer_rates`.
        paced: see `RowAdamW`.

    Raises:
        ValueError: `rates` or `layer_decay` names what is no feature, or a rate is negative.
    """
    features = {feature.name for side in SIDES for feature in model.schema.features(side)}
    for name, times in (rates or {}).items():
        if name not in features:
            raise ValueError(f"rates: there is no feature {name!r}.{suggestion(name, features)}")
        if not times >= 0:
            raise ValueError(f"rates: the learning rate of {name!r} is multiplied by 0 or more, got {times}.")
    every_row = model.gradient_hook is not None or accumulate > 1 or ema is not None
    optimizer = RowAdamW(
        rate,
        tables=[] if every_row else large_tables(model),
        rates={**(rates or {}), **layer_rates(model, layer_decay, rates)},
        paced=paced,
        apart=drawn_parts(model),
        weight_decay=weight_decay,
        beta_2=0.98,
        global_clipnorm=1.0,
        use_ema=ema is not None,
        # Keras moves the average with every batch: those of an update together by `ema`
        ema_momentum=0.99 if ema is None else ema ** (1 / accumulate),
        gradient_accumulation_steps=accumulate if accumulate > 1 else None,
    )
    optimizer.exclude_from_weight_decay(var_names=["scale", "bias"])
    return optimizer


def drawn_parts(model: Recommender) -> list[str]:
    """Paths of the weights of items' content, where a step draws what it encodes; ids are none of them.

    Their gradient is then divided by a small chance, and right on average alone: in one step it is many times
    as long as that of all else, which clipping would shrink with it, by another factor in each step.
    """
    if not model.item_vectors.cached:
        return []
    ids = [encoder.embedding.embeddings.path for encoder in model.id_tables.values()]
    return [one.path for one in model.item_tower.trainable_variables if one.path not in ids]


def large_tables(model: Recommender) -> list[str]:
    """Paths of the tables of ids that are large and of which a step uses a few rows.

    That of users is read by the batch's users alone; that of items too, where the softmax is sampled: a full
    softmax reads all of it, and so does a graph.
    """
    return [
        encoder.embedding.embeddings.path
        for name, encoder in model.id_tables.items()
        if encoder.size > LARGE_TABLE
        and not encoder.whole
        and (name.startswith("user.") or model.item_vectors.sampled)
    ]


@keras.saving.register_keras_serializable("tfmmrec")
class RowAdamW(keras.optimizers.AdamW):
    """AdamW that updates some tables "lazily", like SparseAdam of PyTorch and LazyAdam of TensorFlow Addons.

    Keras's own AdamW updates every row of every table in every step: also of a row that was not used the
    moments fade, and go on moving it. Here such a row keeps its weights and its moments bit for bit; one that
    was used is updated as by AdamW, with the number of all steps in the bias correction. So moments are
    averages over the steps that used the row, and weight decay, where the table has any, is of those steps
    alone. In the first step both are the same, but for the decay of rows that were not used.

    A row that was read several times is updated once, by the sum of its gradients, which is what clipping
    counts too; so it is for every table with a sparse gradient (Keras's own step under tensorflow squares the
    gradients of such a row before it sums them). Row 0 stands for what is missing, and is never updated.
    Where a gradient is dense, as a gradient hook's are, the update is AdamW's of all rows.

    Args:
        *args: as of ``keras.optimizers.AdamW``.
        tables: paths of the tables: their gradients come as ``tf.IndexedSlices`` or `RowGradient`.
        rates: by the beginning of a path, what the learning rate of such variables is multiplied by; the
            longest one counts. (A factor of the gradient would be no use: it cancels in the update of AdamW.)
        paced: beginnings of paths whose variables' learning rate is also multiplied by what stands in
            `paces`, which may be changed between steps and by a gradient hook. At a pace of 0 variables are
            frozen: they have no gradient, which clipping then does not count either, and no decay.
        apart: beginnings of paths whose gradients are clipped by a length of their own, and do not count in
            that of the others.
        **kwargs: as of ``keras.optimizers.AdamW``.

    Attributes:
        paces: a scalar variable for each of `paced`, 1 at first, once the optimizer is built.

    Raises:
        ValueError: with tables, a moving average of weights, accumulated gradients or AMSGrad are asked for:
            each needs every row in every step.
    """

    def __init__(
        self,
        *args: Any,
        tables: Sequence[str] = (),
        rates: dict[str, float] | None = None,
        paced: Sequence[str] = (),
        apart: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rates, self.paced, self.apart = dict(rates or {}), tuple(paced), tuple(apart)
        for name in ("use_ema", "gradient_accumulation_steps", "amsgrad"):
            if tables and getattr(self, name):
                raise ValueError(
                    f"RowAdamW updates the rows that a step used, and {name}={getattr(self, name)!r} needs "
                    "all of them; take keras.optimizers.AdamW."
                )
        self.tables = tuple(tables)
        self.paces: list[Any] = []
        self._rows: dict[Any, Any] = {}  # of the update being made, by the table

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self.paces = [
            self.add_variable((), "ones", dtype="float32", aggregation="mean", name=f"pace_{at}")
            for at in range(len(self.paced))
        ]
        # under tensorflow an update is given the variable within Keras's, without a path: so by number
        self._rate_of = [_longest(self.rates, variable.path) for variable in variables]
        self._paces_of = [
            [at for at, name in enumerate(self.paced) if is_of(variable.path, name)] for variable in variables
        ]
        self._is_apart = [any(is_of(variable.path, name) for name in self.apart) for variable in variables]

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        grads = list(grads)
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if not self.built:
            self.build(variables)
        for at, (gradient, variable) in enumerate(zip(grads, variables, strict=True)):
            if not hasattr(gradient, "indices"):
                continue
            if variable.path in self.tables:
                self._rows[self._var_key(variable)], grads[at] = summed(gradient)
            else:
                grads[at] = ops.segment_sum(gradient.values, gradient.indices, variable.shape[0])
        for at, (gradient, variable) in enumerate(zip(grads, variables, strict=True)):
            if gradient is not None and self._paces_of[self._get_variable_index(variable)]:
                pace = self._pace(self._get_variable_index(variable))
                grads[at] = ops.where(pace > 0, gradient, ops.zeros_like(gradient))
        try:
            super().apply(grads, variables)
        finally:
            self._rows.clear()

    def _backend_apply_gradients(self, grads: Any, trainable_variables: Any) -> None:
        of_variables = [self._is_apart[self._get_variable_index(one)] for one in trainable_variables]
        self._clipped_together = [
            [at for at, apart in enumerate(of_variables) if apart is together] for together in (True, False)
        ]
        super()._backend_apply_gradients(grads, trainable_variables)

    def _clip_gradients(self, grads: Any) -> list[Any]:
        clipped = list(grads)
        for places in self._clipped_together:
            if places:
                some = super()._clip_gradients([grads[at] for at in places])
                for at, gradient in zip(places, some, strict=True):
                    clipped[at] = gradient
        return clipped

    def _pace(self, at: int) -> Any:
        """Of the variable with this number."""
        pace = 1.0
        for one in self._paces_of[at]:
            pace = pace * self.paces[one]
        return pace

    def _apply_weight_decay(self, variables: Any) -> None:
        """Nothing yet: each decays in `update_step`, at its own learning rate."""

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        """Nothing to do for one replica, where TensorFlow would keep the graph of the sum (see `silu`)."""
        if self._distribution_strategy.num_replicas_in_sync == 1:
            return grads_and_vars
        return super()._all_reduce_sum_gradients(grads_and_vars)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        at = self._get_variable_index(variable)
        learning_rate = learning_rate * self._rate_of[at] * self._pace(at)
        rate = ops.cast(learning_rate, variable.dtype)
        decay = self.weight_decay if self._use_weight_decay(variable) else None
        rows = self._rows.get(self._var_key(variable))
        if rows is None:
            if decay is not None:
                self.assign_sub(variable, variable * ops.cast(decay, variable.dtype) * rate)
            super().update_step(gradient, variable, learning_rate)
            return
        kept = (variable, self._momentums[at], self._velocities[at])
        before = [read_rows(one, rows) for one in kept]
        weight, momentum, velocity = before
        gradient = ops.cast(gradient, weight.dtype)
        step = ops.cast(self.iterations + 1, weight.dtype)
        if decay is not None:
            weight = weight - weight * decay * rate
        momentum = momentum + (gradient - momentum) * (1 - self.beta_1)
        velocity = velocity + (ops.square(gradient) - velocity) * (1 - self.beta_2)
        beta_1, beta_2 = (ops.cast(one, weight.dtype) for one in (self.beta_1, self.beta_2))
        rate = rate * ops.sqrt(1 - ops.power(beta_2, step)) / (1 - ops.power(beta_1, step))
        weight = weight - momentum * rate / (ops.sqrt(velocity) + self.epsilon)
        used = ops.expand_dims(rows > 0, 1)
        for one, old, new in zip(kept, before, (weight, momentum, velocity), strict=True):
            write_rows(one, rows, ops.where(used, new, old))

    def get_config(self) -> dict[str, Any]:
        mine = {"tables": list(self.tables), "rates": dict(self.rates)}
        mine |= {"paced": list(self.paced), "apart": list(self.apart)}
        return {**super().get_config(), **mine}


def _longest(rates: dict[str, float], path: str) -> float:
    """The rate of the longest beginning of a path; 1 without one."""
    return rates.get(max((name for name in rates if is_of(path, name)), key=len, default=""), 1.0)


def summed(gradient: RowGradient) -> tuple[Any, Any]:
    """Each row once: ``(rows int [U], sums of their gradients [U, D])``; the places left over are row 0."""
    rows, values = ops.cast(gradient.indices, "int32"), gradient.values
    order = ops.argsort(rows)
    rows, values, count = ops.take(rows, order), ops.take(values, order, axis=0), ops.shape(rows)[0]
    begins = ops.concatenate([ops.zeros((1,), "int32"), ops.cast(rows[1:] != rows[:-1], "int32")])
    place = ops.cumsum(begins)
    once = ops.maximum(ops.segment_max(rows, place, count), 0)  # of no row it is the least integer
    return once, ops.segment_sum(values, place, count)

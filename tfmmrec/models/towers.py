"""Item tower, user tower and ranker: functional sub-models, shared by training, evaluation and export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec import alignment as alignments
from tfmmrec import fusion as fusions
from tfmmrec import sharing as sharings
from tfmmrec.alignment import Alignment
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.fusion import Fusion
from tfmmrec.layers import FiLM, MeanDirection, Unit, masked_mean
from tfmmrec.members import make
from tfmmrec.modalities import Id
from tfmmrec.models.features import Inputs, Rates, encode_features, feature_inputs
from tfmmrec.schema import Schema
from tfmmrec.sharing import Sharing
from tfmmrec.tasks.binary import Both


def item_tower(
    schema: Schema,
    vocabulary: Vocabulary,
    width: int,
    fusion: Any,
    alignment: Any,
    cosine: bool = False,
    dropout: Rates | None = None,
    ids: keras.layers.Layer | None = None,
) -> keras.Model:
    """``{"<feature>.<part>": [B, …]} → {"vector": [B, D], "content": [B, D], "search": [B, D]}``.

    The vector is the item's row of the id table (or what stands for a missing id) plus its content: the
    fusion of all its tokens, the id's among them. An item with an id alone is its row of the table, and
    its content is zeros. With `cosine` the vector is of length one; the content is what it was.

    ``search`` is there where an alignment teaches two features or more to point the same way, and items can
    be searched by one of them (see `searched_features`): the direction in which these point on average, of
    those that an item has. So a query is an item of which only some content is known.

    `dropout` is that of whole modalities; see `dropout_rates`.
    """
    features, states = schema.features("item"), vocabulary.features["item"]
    inputs = feature_inputs(features, states)
    rates = (dropout or {}).get("item")
    tokens, present = encode_features(features, states, inputs, width, rates, ids=ids)
    identity = next((feature.name for feature in features if isinstance(feature, Id)), None)
    search = {}
    if alignment is not None:
        names = [feature.name for feature in features if not isinstance(feature, Id)]
        layer = make(alignments, Alignment, alignment, names=names, name="alignment")
        tokens = layer(tokens, present)
        by = searched_features(schema)
        if by:
            pointing = MeanDirection(name="search")([tokens[name] for name in by], [present[n] for n in by])
            search = {"search": pointing}
    if len(features) == 1 and identity:
        vector = Pool(name="identity_vector")(*tokens[identity])
        nothing = keras.layers.Rescaling(0.0, name="no_content")(vector)
        vector = Unit(name="unit_vector")(vector) if cosine else vector
        return keras.Model(inputs, {"vector": vector, "content": nothing}, name="item_tower")
    content = make(fusions, Fusion, fusion, width=width, names=list(tokens), name="fusion")(tokens, present)
    # the scale of an embedding, so that ids and content start as equals
    content = Scale(width**-0.5, name="content_scale")(content)
    vector = content
    if identity:
        vector = keras.layers.Add(name="vector")([content, Pool(name="identity_vector")(*tokens[identity])])
    vector = Unit(name="unit_vector")(vector) if cosine else vector
    return keras.Model(inputs, {"vector": vector, "content": content, **search}, name="item_tower")


def item_modalities(tower: keras.Model, names: Sequence[str]) -> keras.Model:
    """An item tower that also gives what it is made of: ``"alone"``, of each modality by name.

    That is ``"pooled"`` ``[B, D]``, the mean of its tokens (the missing token's where a row has none), and
    ``"present"``, bool ``[B]``. The layers are the tower's own.
    """
    alone = {}
    for name in names:
        x, mask, present = tower.get_layer(f"{name}_missing").output
        alone[name] = {"pooled": Pool(name=f"{name}_alone")(x, mask), "present": present}
    return keras.Model(tower.input, {**tower.output, "alone": alone}, name="item_modalities")


def searched_features(schema: Schema) -> list[str]:
    """Names of the item features that items can be searched by, once they are aligned with others."""
    content = [feature for feature in schema.features("item") if not isinstance(feature, Id)]
    return [feature.name for feature in content if feature.searched] if len(content) > 1 else []


def user_tower(
    schema: Schema,
    vocabulary: Vocabulary,
    width: int,
    fusion: Any,
    temperature: float | None = None,
    dropout: Rates | None = None,
    ids: keras.layers.Layer | None = None,
) -> keras.Model | None:
    """What is known of a user: ``[B, L + 1, D]`` with an order, ``[B, 1, D]`` without; None: no users.

    Inputs: ``history.vector`` ``[B, L, D]``, ``history.window`` int ``[B, L + 1]`` (the row of
    ``user.…`` whose each state is; −1 is padding), ``history.time`` int ``[B, L]``,
    ``event.<feature>.<part>`` ``[B, L, …]``, ``user.<feature>.<part>`` ``[W, …]``. Several windows may stand
    in one row; see `HistoryEncoder`. With `temperature` states are of length ``1 / temperature``: their
    products with items of length one are cosines, divided by it. `dropout`: see `dropout_rates`.
    """
    if schema.user_id is None:
        return None
    inputs: Inputs = {
        "history.vector": keras.Input((None, width), name="history.vector"),
        "history.window": keras.Input((None,), dtype="int32", name="history.window"),
        "history.time": keras.Input((None,), dtype="int32", name="history.time"),
    }
    events = Scale(width**0.5, trainable=False, name="event_scale")(inputs["history.vector"])
    event = event_tower(schema, vocabulary, width, dropout)
    if event is not None:
        per_event = {
            name: keras.Input((None, *tensor.shape[1:]), dtype=tensor.dtype, name=f"event.{name}")
            for name, tensor in event.input.items()
        }
        inputs |= {f"event.{name}": tensor for name, tensor in per_event.items()}
        rows = {name: FlattenEvents(name=f"rows.{name}")(tensor) for name, tensor in per_event.items()}
        events = FiLM(name="told")(events, UnflattenEvents(name="per_event")(event(rows), events))
    features, states = schema.features("user"), vocabulary.features["user"]
    user = None
    if features:
        own = feature_inputs(features, states, prefix="user.")
        inputs |= {f"user.{name}": tensor for name, tensor in own.items()}
        rates = (dropout or {}).get("user")
        tokens, present = encode_features(features, states, own, width, rates, "user", ids)
        join = make(fusions, Fusion, fusion, width=width, names=list(tokens), name="user_fusion")
        user = join(tokens, present)
    timed = schema.timestamp is not None
    encoder = schema.history.make_encoder(width, causal=schema.ordered, name="history", timed=timed)
    states_of_user = encoder(events, inputs["history.window"], inputs["history.time"], user)
    if temperature is not None:
        states_of_user = Unit(1 / temperature, name="unit_state")(states_of_user)
    return keras.Model(inputs, states_of_user, name="user_tower")


def event_tower(
    schema: Schema, vocabulary: Vocabulary, width: int, dropout: Rates | None = None
) -> keras.Model | None:
    """``{"<feature>.<part>": [R, …]} → [R, D]``: the sum of an event's features; None without any."""
    features, states = schema.features("event"), vocabulary.features["event"]
    if not features:
        return None
    inputs = feature_inputs(features, states)
    rates = (dropout or {}).get("event")
    tokens, _ = encode_features(features, states, inputs, width, rates, "event")
    pooled = [Pool(name=f"{name}_event")(*tokens[name]) for name in tokens]
    return keras.Model(inputs, sum(pooled[1:], start=pooled[0]), name="event_tower")


def ranker(schema: Schema, vocabulary: Vocabulary, width: int, sharing: Any) -> keras.Model | None:
    """``{"states": [B, S, D], "candidates": [B, K, D]} → {task: [B, K] or [B, K, C]}``; None: no heads.

    A task that is given another (`Schema.given`) answers with the logit of both.
    Where there are no users there are no states: the heads judge the candidates alone.
    """
    judged = [task for task in schema.tasks if not task.retrieval]
    if not judged:
        return None
    inputs = {"candidates": keras.Input((None, width), name="candidates")}
    if schema.user_id is not None:
        inputs["states"] = keras.Input((None, width), name="states")
        pairs = Pairing(name="pairing")(inputs["states"], inputs["candidates"])
    else:  # back from the scale of an embedding, at which dense layers would hardly learn
        pairs = Scale(width**0.5, trainable=False, name="item_scale")(inputs["candidates"])
    names = [task.name for task in judged]
    scheme = make(sharings, Sharing, sharing, width=width, names=names, name="sharing")
    scheme.check(schema.given)
    shared = scheme(pairs)
    outputs = {task.name: task.head(width, vocabulary.tasks[task.name])(shared[task.name]) for task in judged}
    for name, other in schema.given.items():
        outputs[name] = Both(name=f"{name}_and_{other}", dtype="float32")(outputs[name], outputs[other])
    return keras.Model(inputs, outputs, name="ranker")


@keras.saving.register_keras_serializable("tfmmrec")
class Pool(keras.layers.Layer):
    """Mean of the unmasked tokens: ``([B, T, D], [B, T]) → [B, D]``."""

    def call(self, tokens: Any, mask: Any) -> Any:
        return masked_mean(tokens, mask)


@keras.saving.register_keras_serializable("tfmmrec")
class Scale(keras.layers.Layer):
    """Multiplies by one number, learned unless it is told not to be."""

    def __init__(self, value: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(self.value), name="scale"
        )

    def call(self, x: Any) -> Any:
        return x * ops.cast(self.scale, x.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value": self.value}


@keras.saving.register_keras_serializable("tfmmrec")
class Gather(keras.layers.Layer):
    """Rows by position: ``([U, D], int [B, K]) → [B, K, D]``; a negative position reads row 0."""

    def call(self, vectors: Any, positions: Any) -> Any:
        return ops.take(vectors, ops.maximum(positions, 0), axis=0)

    def compute_output_shape(self, vectors_shape: Any, positions_shape: Any) -> Any:
        return (*positions_shape, vectors_shape[-1])


@keras.saving.register_keras_serializable("tfmmrec")
class GatherTold(Gather):
    """Likewise, but a negative position gives a learned token: an event of which nothing is told.

    Args:
        width: D.
    """

    def __init__(self, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width

    def build(self, *_: Any) -> None:
        small = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        self.token = self.add_weight(shape=(self.width,), initializer=small, name="token")

    def call(self, vectors: Any, positions: Any) -> Any:
        told = ops.expand_dims(positions >= 0, -1)
        return ops.where(told, super().call(vectors, positions), ops.cast(self.token, vectors.dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("tfmmrec")
class Identity(keras.layers.Layer):
    """Vectors of the ids of items by their row of the catalogue: ``int [U] → [U, D]``.

    Args:
        table: the item tower's id encoder; None gives zeros.
        width: D.
    """

    def __init__(self, table: keras.layers.Layer | None, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table, self.width = table, width

    def call(self, rows: Any) -> Any:
        if self.table is None:
            return ops.zeros((ops.shape(rows)[0], self.width), self.compute_dtype)
        return self.table.rows(ops.clip(rows + 1, 0, self.table.size - 1))

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape, self.width)


@keras.saving.register_keras_serializable("tfmmrec")
class FlattenEvents(keras.layers.Layer):
    """``[B, L, …] → [B · L, …]``."""

    def call(self, x: Any) -> Any:
        return ops.reshape(x, (-1, *x.shape[2:]))


@keras.saving.register_keras_serializable("tfmmrec")
class UnflattenEvents(keras.layers.Layer):
    """``([B · L, D], like [B, L, D]) → [B, L, D]``."""

    def call(self, x: Any, like: Any) -> Any:
        return ops.reshape(x, ops.shape(like))

    def compute_output_shape(self, x_shape: Any, like_shape: Any) -> Any:
        return like_shape


@keras.saving.register_keras_serializable("tfmmrec")
class Pairing(keras.layers.Layer):
    """``(states [B, S, D], candidates [B, K, D]) → [B, K, 3 D]``: both and their product; S is K or 1."""

    def call(self, states: Any, candidates: Any) -> Any:
        states = ops.broadcast_to(states, ops.shape(candidates))
        return ops.concatenate([states, candidates, states * candidates], axis=-1)

    def compute_output_shape(self, states_shape: Any, candidates_shape: Any) -> Any:
        return (*candidates_shape[:-1], 3 * candidates_shape[-1])

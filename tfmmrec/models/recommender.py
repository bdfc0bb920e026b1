"""The model: a Keras functional graph over an item tower, a user tower and the tasks' heads."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import keras
import numpy as np
from keras import ops

from tfmmrec.data.dataset import Features
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.graphs import Graph
from tfmmrec.members import plain_choice
from tfmmrec.modalities import Id, missing_parts
from tfmmrec.modalities.id import TableEncoder
from tfmmrec.models.auxiliary import AuxiliaryHeads, auxiliary_settings
from tfmmrec.models.dtype_policy import under_dtype_policy
from tfmmrec.models.features import dropout_rates
from tfmmrec.models.graph_ids import graph_ids, tower_of
from tfmmrec.models.item_vectors import PROVIDERS, provider_of
from tfmmrec.models.step import ModelStep
from tfmmrec.models.towers import (
    Gather,
    GatherTold,
    Identity,
    item_modalities,
    item_tower,
    ranker,
    searched_features,
    user_tower,
)
from tfmmrec.models.train_step import TrainStep
from tfmmrec.schema import Schema, Side


@keras.saving.register_keras_serializable("tfmmrec")
class Recommender(TrainStep, keras.Model):
    """A multi-modal multi-task recommender; built by `build_recommender`, which tells what its arguments are.

    Inputs are the batches of `tfmmrec.data.Batches`; outputs ``states`` ``[B, S, D]``, ``candidates``
    ``[B, K, D]``, ``items`` ``[U, D]`` and one of each head by the task's name; with auxiliary heads also
    ``alone``, what each modality says (see `AuxiliaryHeads`). The sub-models
    `item_tower`, `user_tower` and `ranker` are the same layers, and answer on their own in evaluation and
    export. Where the schema has no users, `user_tower` is None, and there are no ``states``.

    Attributes:
        schema: what the model reads and learns.
        vocabulary: the sizes it was built from.
        item_vectors: the provider of all items' vectors in the loss.
        graph: what moves the ids, or None; `fit` tells it who is whose neighbour.
        auxiliary: the modalities' own heads, in training alone; None without.
        gradient_hook: see `tfmmrec.models.train_step`; None for the plain step.
    """

    graph: Graph | None = None

    def __init__(
        self,
        schema: Schema,
        vocabulary: Vocabulary,
        width: int = 64,
        fusion: Any = "transformer",
        alignment: Any = None,
        sharing: Any = "shared_bottom",
        item_vectors: str = "auto",
        temperature: float | None = None,
        graph: Any = None,
        auxiliary: Any = None,
        modality_dropout: float | dict[str, float] | None = None,
        name: str = "recommender",
        **kwargs: Any,
    ) -> None:
        vocabulary, cosine = vocabulary.sizes(), temperature is not None
        provider = provider_of(schema, vocabulary, item_vectors)(
            vocabulary.trained_items, width, cosine=cosine, name="item_vectors"
        )
        ids, hidden = graph_ids(graph, schema, vocabulary, width), dropout_rates(schema, modality_dropout)
        items = item_tower(schema, vocabulary, width, fusion, alignment, cosine, hidden, ids.get("item"))
        users = user_tower(schema, vocabulary, width, fusion, temperature, hidden, ids.get("user"))
        heads = ranker(schema, vocabulary, width, sharing)

        inputs = {
            f"item.{name}": keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=f"item.{name}")
            for name, tensor in items.input.items()
        }
        inputs["item.encoded"] = keras.Input((), dtype="int32", name="item.encoded")
        inputs["item.row"] = keras.Input((), dtype="int32", name="item.row")
        inputs["item.log_q"] = keras.Input((), name="item.log_q")
        inputs["item.log_encoded"] = keras.Input((), name="item.log_encoded")
        names = [feature.name for feature in schema.features("item")]
        alone = None
        if auxiliary is not None and len(names) > 1:  # of one modality alone, they would say the same again
            settings = auxiliary_settings(auxiliary)
            alone = AuxiliaryHeads(names, schema, vocabulary, width, cosine, **settings, name="auxiliary")
        encoder = items if alone is None else item_modalities(items, names)
        encoded = encoder({name: inputs[f"item.{name}"] for name in items.input})
        first = schema.features("item")[0]
        table = items.get_layer(first.name) if isinstance(first, Id) else None
        identity = Identity(table, width, name="identity")(inputs["item.row"])
        vectors = provider(
            encoded[provider.reads],
            inputs["item.encoded"],
            inputs["item.row"],
            inputs["item.log_q"],
            inputs["item.log_encoded"],
            identity,
        )
        inputs["candidate"] = keras.Input((None,), dtype="int32", name="candidate")
        judged = {}
        if users is not None:
            of_user = {
                name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
                for name, tensor in users.input.items()
                if name != "history.vector"
            }
            inputs |= of_user
            inputs["history.item"] = keras.Input((None,), dtype="int32", name="history.item")
            masked = "mask" in schema.history.changes
            told = GatherTold(width, name="history_vectors") if masked else Gather(name="history_vectors")
            history = told(vectors, inputs["history.item"])
            judged["states"] = users({**of_user, "history.vector": history})
        judged["candidates"] = Gather(name="candidate_vectors")(vectors, inputs["candidate"])
        outputs = {**judged, "items": vectors}
        if heads is not None:
            outputs |= heads(judged)
        if alone is not None:
            of_users = [judged["states"]] if users is not None else []
            outputs["alone"] = alone(encoded["alone"], inputs["item.encoded"], inputs["candidate"], *of_users)

        super().__init__(inputs=inputs, outputs=outputs, name=name, **kwargs)
        self.schema, self.vocabulary, self.width = schema, vocabulary.learnt(), width
        self.item_tower, self.user_tower, self.ranker = items, users, heads
        self.item_vectors, self.auxiliary = provider, alone
        self.graph = ids["item"].graph if ids else None
        self._choices = {
            "fusion": fusion,
            "alignment": alignment,
            "sharing": sharing,
            "temperature": temperature,
            **({} if graph is None else {"graph": graph}),
            **({} if auxiliary is None else {"auxiliary": auxiliary}),
            **({} if modality_dropout is None else {"modality_dropout": modality_dropout}),
        }
        self.task_losses = {task.name: keras.metrics.Mean(name=f"{task.name}_loss") for task in schema.tasks}
        asked = () if alone is None else names
        self.losses_alone = {name: keras.metrics.Mean(name=f"{name}_alone_loss") for name in asked}

    @property
    def sampled_loss(self) -> bool:
        """Whether the catalogue is ranked by a loss against a batch's items, whatever the provider."""
        return getattr(self.schema.retrieval, "sampled", False)

    @property
    def identity_table(self) -> Any:
        """The vectors of the item ids, ``[trained_items + 1, D]``, row 0 unused; None without ids."""
        of_items = [encoder for name, encoder in self.id_tables.items() if name.startswith("item.")]
        return of_items[0].table() if of_items else None

    @property
    def id_tables(self) -> dict[str, TableEncoder]:
        """The tables of ids, of items and users, by the input that says which rows are read."""
        towers: dict[Side, Any] = {"item": self.item_tower, "user": self.user_tower}
        return {
            f"{side}.{feature.name}.id": tower.get_layer(feature.name)
            for side, tower in towers.items()
            for feature in self.schema.features(side)
            if isinstance(feature, Id)
        }

    @property
    def searched(self) -> list[str]:
        """Names of the item features that items are searched by: none without an alignment."""
        return searched_features(self.schema) if "search" in self.item_tower.output else []

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        with self.graph.once() if self.graph is not None else nullcontext():
            return super().call(inputs, training=training, mask=mask)

    def compute_losses(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> dict[str, Any]:
        """Each task's weighted mean times its weight, the auxiliary heads' loss, and what layers add."""
        step = ModelStep(self, x, y_pred)
        losses = {}
        for task in self.schema.tasks:
            state = self.vocabulary.tasks[task.name]
            total, weight = task.weighted_loss(step, y[task.name], sample_weight[task.name], state)
            mean = total / ops.maximum(weight, 1e-6)  # a batch without a label of this task adds nothing
            self.task_losses[task.name].update_state(mean, sample_weight=weight)
            losses[task.name] = task.weight * mean
        if self.auxiliary is not None:
            alone = self.auxiliary.loss(step, y, sample_weight, self.losses_alone, training)
            losses["auxiliary"] = ops.cast(alone, "float32")
        if self.losses:
            losses["added"] = sum(ops.cast(loss, "float32") for loss in self.losses)
        return losses

    def encode_items(
        self, items: Features, rows: np.ndarray | None = None, batch: int = 512
    ) -> dict[str, np.ndarray]:
        """What the item tower gives of items, float32 ``[N, D]`` each, by the weights as they are now.

        That is ``vector``, ``content``, and ``search`` where items are `searched`.

        Args:
            items: features by row.
            rows: which rows; all by default.
            batch: items at once.
        """
        features = self.schema.features("item")
        first = next(iter(items[features[0].name].values()))
        rows = np.arange(len(first)) if rows is None else np.asarray(rows)
        states = self.vocabulary.features["item"]
        empty = {f.name: missing_parts(f, states[f.name], batch) for f in features}
        encoded: dict[str, list[np.ndarray]] = {key: [] for key in self.item_tower.output}
        encode = tower_of(self, "item")
        for start in range(0, len(rows), batch):
            chosen = rows[start : start + batch]
            inputs = {}
            for feature in features:
                for part, array in items[feature.name].items():
                    padded = empty[feature.name][part].copy()  # one shape, one compilation
                    padded[: len(chosen)] = array[chosen]
                    inputs[f"{feature.name}.{part}"] = padded
            outputs = encode(inputs)
            for key in encoded:
                encoded[key].append(np.asarray(outputs[key], "float32")[: len(chosen)])
        width = self.width
        return {k: np.concatenate(v) if v else np.zeros((0, width), "float32") for k, v in encoded.items()}

    def refresh(self, items: Features) -> None:
        """Encodes the content of all trained items anew, where the provider keeps it."""
        if self.item_vectors.cached:
            rows = np.arange(self.vocabulary.trained_items)
            self.item_vectors.content.assign(self.encode_items(items, rows)["content"])

    def forward(self, model: keras.Model, inputs: dict[str, Any]) -> Any:
        """A sub-model's outputs as arrays, compiled the way this model is."""
        self.sync()
        model.jit_compile = bool(self.jit_compile) if self.compiled else False
        return model.predict_on_batch(inputs)

    def sync(self) -> None:
        """Brings the weights up to date: on jax, a training keeps them elsewhere while it runs."""
        if getattr(self, "_jax_state_synced", True) is False:
            self.jax_state_sync()

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "schema": self.schema.to_dict(),
            "vocabulary": self.vocabulary.to_dict(),
            "width": self.width,
            "item_vectors": next(k for k, v in PROVIDERS.items() if isinstance(self.item_vectors, v)),
            "dtype": keras.saving.serialize_keras_object(self.dtype_policy),
            **{name: plain_choice(choice) for name, choice in self._choices.items()},
        }

    def serving_config(self) -> dict[str, Any]:
        """The configuration of the same model without auxiliary heads, which training alone needs."""
        return {name: value for name, value in self.get_config().items() if name != "auxiliary"}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Recommender:
        config = dict(config)
        policy = keras.saving.deserialize_keras_object(config.pop("dtype"))
        schema = Schema.from_dict(config.pop("schema"))
        vocabulary = Vocabulary.from_dict(config.pop("vocabulary"))
        with under_dtype_policy(policy):
            return cls(schema, vocabulary, **config)

"""A model for a schema, by the names of its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.members import chosen
from tfmmrec.models.dtype_policy import under_dtype_policy
from tfmmrec.models.recommender import Recommender
from tfmmrec.schema import SIDES, Schema


def build_recommender(
    schema: Schema,
    vocabulary: Vocabulary,
    width: int = 64,
    fusion: Any = "transformer",
    alignment: Any = None,
    sharing: Any = "shared_bottom",
    item_vectors: str = "auto",
    dropout: float | None = None,
    temperature: float | None = None,
    graph: Any = None,
    auxiliary: Any = None,
    modality_dropout: float | dict[str, float] | None = None,
    dtype: Any = None,
    seed: int | None = None,
    name: str = "recommender",
) -> Recommender:
    """Builds the model for a schema.

    Args:
        schema: features and tasks; a twin (`Schema.only`) may use fewer than were prepared.
        vocabulary: of the prepared data.
        width: D of every token, vector and state; a multiple of 4.
        fusion: a name such as ``"transformer"``, ``"concat"`` or ``"sum"`` (`tfmmrec list fusion` lists
            them), a `Fusion` class, or a dict of ``name`` and settings. To be saved, a class of your own has
            to be registered with Keras (``@keras.saving.register_keras_serializable("mine")``).
        alignment: ``"contrastive"`` or another (`tfmmrec list alignment`), or None; given likewise. With one,
            an export answers ``search``.
        sharing: what the heads share: ``"shared_bottom"``, ``"mmoe"``, ``"ple"`` … (`tfmmrec list sharing`);
            given likewise.
        item_vectors: where the loss takes the vectors of all items from: ``"table"`` (ids alone),
            ``"cached"`` (ids and cached content: full softmax), ``"encoded"`` (this step's items: sampled
            softmax), ``"auto"`` (the first that fits; encoded beyond 100,000 items, and without users).
        dropout: the share of values hidden in training, of fusion, sharing and history alike; None: of each
            its own. What hides whole modalities is `modality_dropout`.
        temperature: score by the cosine of state and item vector, divided by this (0.1 to 0.2 is usual), in
            training as in serving, instead of by their inner product: popular items then have no longer
            vectors than others, and sets of items are matched better. None: inner products.
        graph: what moves the vectors of ids: ``"light_gcn"`` over users and the items they met,
            ``"knn"`` over items and those most like them (`tfmmrec list graphs`), given likewise; or None.
            `fit` learns the edges from the events of training.
        auxiliary: a head for each modality of the items, which must answer the tasks by itself in training:
            the weight of their loss, such as 0.1, or a dict of ``weight``, ``weights`` by modality, and
            ``probe``, with which heads only measure; see `AuxiliaryHeads`. None: no heads.
        modality_dropout: the share of rows that whole features are hidden of in training: one for all
            features of items and users, or by name; a row never loses all it has. None: by each feature's own
            setting ``dropout``, drawn for each feature alone.
        dtype: a dtype policy such as ``"mixed_bfloat16"``; the global one by default.
        seed: makes the initial weights reproducible.
        name: the model's name.

    Raises:
        ValueError: a setting that does not fit the schema.
    """
    if width < 8 or width % 4:
        raise ValueError(f"width must be a multiple of 4 and at least 8 (there are 4 heads), got {width}.")
    for side in SIDES:
        for feature in schema.features(side):
            if feature.name not in vocabulary.features[side]:
                raise ValueError(
                    f"The schema's {side} feature {feature.name!r} was not prepared; there are "
                    f"{sorted(vocabulary.features[side])}. Load the data with this schema."
                )
    if temperature is not None and not temperature > 0:
        raise ValueError(f"temperature divides cosines and must be above 0, such as 0.15; got {temperature}.")
    if dropout is not None:
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is a share of values, in [0, 1), got {dropout}.")
        if schema.user_id is not None:
            schema = replace(schema, history=replace(schema.history, dropout=dropout))
        fusion, sharing = ({**chosen(choice), "dropout": dropout} for choice in (fusion, sharing))
    if seed is not None:
        keras.utils.set_random_seed(seed)
    choices = (fusion, alignment, sharing, item_vectors, temperature, graph, auxiliary, modality_dropout)
    with under_dtype_policy(dtype):
        return Recommender(schema, vocabulary, width, *choices, name)

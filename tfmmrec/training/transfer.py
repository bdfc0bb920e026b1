"""Transfer: a model of one catalogue starts from one that was trained on another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfmmrec.data import Vocabulary, open_shards
from tfmmrec.data.vocabulary import State
from tfmmrec.encoders.histories import HistoryEncoder
from tfmmrec.modalities import Id, Modality
from tfmmrec.models import Recommender
from tfmmrec.schema import Schema, Side
from tfmmrec.training.run import Run

# what two layers may differ by: how they train, and sizes, which the weights themselves tell
_MAY_DIFFER = {"name", "dtype", "trainable", "size", "length", "dropout", "rate", "hide", "augment"}
_MAY_DIFFER |= {"synonyms", "fine_tune", "start", "units", "timed"}
_TOWERS: dict[str, Side] = {"item": "item", "user": "user", "event": "event"}


@dataclass
class Transferred:
    """What a transfer did.

    Attributes:
        taken: by the name of a part, such as ``"item.plot"``, how much of it was taken.
        left: by name, why a part was left as it was.
    """

    taken: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """A line for each part."""
        taken = [f"taken: {name}, {how}" for name, how in self.taken.items()]
        return taken + [f"not taken: {name}, {why}" for name, why in self.left.items()]


def transfer(
    source: Recommender | Run | str | Path,
    model: Recommender,
    vocabulary: Vocabulary,
    of_source: Vocabulary | None = None,
    names: dict[str, str] | None = None,
) -> Transferred:
    """Gives a model the weights of another, of another catalogue, where they mean the same.

    Layers are matched by their place and name: encoders by the name of their feature, then fusion, history
    encoder, heads. One that has other settings is left as it is. Where vocabularies differ, words are taken
    word by word, categories and tags value by value, and classes class by class; what only the new data has
    starts as the other model's "unknown". Ids are taken not at all: each starts as the other model's unknown
    id, so that items and users are at first what their content says. Where only the new data has times, every
    time between events starts as the other model's unknown one.

    Args:
        source: a trained model, or its run or the run's folder.
        model: gets the weights.
        vocabulary: of the model's data, with its terms.
        of_source: of the source's data, with its terms; by default that which was prepared with the run.
        names: features and tasks that the source has under another name: by name here, the name there.

    Raises:
        ValueError: nothing of the source fits.
    """
    if isinstance(source, str | Path):
        source = Run.open(source)
    if isinstance(source, Run):
        if of_source is None and source.prepared.is_dir():
            of_source = open_shards(source.prepared).vocabulary
        source = source.load_model()
    assert not isinstance(source, str | Path | Run)
    both = _Both(source, model, of_source, vocabulary, names or {})
    for place, tower in (("item", "item_tower"), ("user", "user_tower"), ("heads", "ranker")):
        one, other = getattr(source, tower), getattr(model, tower)
        if other is not None:
            both.layers(place, one.layers if one is not None else [], other.layers)
    both.outside("history_vectors")
    if not both.done.taken:
        why = "; ".join(f"{name}: {why}" for name, why in list(both.done.left.items())[:3])
        raise ValueError(
            "Nothing of the other model fits this one. Features are matched by their column's name, and "
            f"encoders by their settings: {why or 'they have no layer in common'}."
        )
    return both.done


@dataclass
class _Both:
    """The other model and this one, while weights are copied."""

    source: Recommender
    model: Recommender
    of_source: Vocabulary | None
    vocabulary: Vocabulary
    names: dict[str, str]
    done: Transferred = field(default_factory=Transferred)

    def __post_init__(self) -> None:
        self.names = {**_same_ids(self.source.schema, self.model.schema), **self.names}

    def there(self, name: str) -> str:
        """What a layer is called in the other model."""
        for ours, theirs in self.names.items():
            if name == ours or name.startswith(f"{ours}_"):
                return theirs + name.removeprefix(ours)
        return name

    def outside(self, name: str) -> None:
        """A layer that stands in no tower."""
        ours = [layer for layer in self.model.layers if layer.name == name]
        self.layers("model", [layer for layer in self.source.layers if layer.name == name], ours)

    def layers(self, place: str, sources: list[Any], targets: list[Any]) -> None:
        """The layers of a tower."""
        by_name = {layer.name: layer for layer in sources}
        for layer in targets:
            other = by_name.get(self.there(layer.name))
            if isinstance(layer, keras.Model):
                inner = "event" if layer.name == "event_tower" else f"{place}.{layer.name}"
                self.layers(inner, other.layers if isinstance(other, keras.Model) else [], layer.layers)
            elif layer.weights:
                self.layer(place, other, layer, by_name)

    def layer(self, place: str, other: Any, layer: Any, by_name: dict[str, Any]) -> None:
        """One layer with weights."""
        part = f"{place}.{layer.name}"
        feature = self._feature(place, layer.name)
        if isinstance(feature, Id):
            self._start_ids(part, by_name.get(self.there(f"{layer.name}_missing")), layer)
            return
        if other is None:
            self.done.left[part] = "the other model has none"
            return
        if type(layer) is not type(other):
            self.done.left[part] = (
                f"it is {_a(type(other).__name__)} there and {_a(type(layer).__name__)} here"
            )
            return
        differing = self._differing(other.get_config(), layer.get_config())
        if differing:
            self.done.left[part] = f"other settings: {differing}"
            return
        pairs = self._pairs(layer, other)
        table: Any = getattr(layer, "terms_table", None)
        classes = self._classes(layer.name) if place == "heads" else None
        unequal = [
            (tuple(theirs.shape), tuple(ours.shape))
            for ours, theirs in pairs
            if tuple(ours.shape) != tuple(theirs.shape) and ours is not table
        ]
        heads_alone = all(there[:-1] == here[:-1] for there, here in unequal)
        if not pairs or (unequal and (classes is None or not heads_alone)):
            shapes = f": {unequal[0][0]} there, {unequal[0][1]} here" if unequal else ""
            self.done.left[part] = f"its weights have other shapes{shapes}"
            return
        new_times = isinstance(layer, HistoryEncoder) and layer.timed and not other.timed
        said = "all but what times say" if new_times else "all of it"
        terms = self._terms(feature, place) if feature is not None and table is not None else None
        if table is not None and terms is None:
            self.done.left[part] = "the other model's vocabulary is not known: give of_source"
            return
        for ours, theirs in pairs:
            value = keras.ops.convert_to_numpy(theirs)
            if terms is not None and ours is table:
                start, found, all_of = _by_term(value, *terms, size=ours.shape[0])
                ours.assign(start)
                said = f"{found:,} of {all_of:,} {_KINDS.get(type(feature).__name__, 'values')}"
            elif classes is not None:
                kept = keras.ops.convert_to_numpy(ours).copy()
                shared = [(classes[1].index(one), i) for i, one in enumerate(classes[0]) if one in classes[1]]
                to, of = [to for to, _ in shared], [of for _, of in shared]
                kept[..., to] = value[..., of]
                ours.assign(kept)
                said = f"{len(shared):,} of {len(classes[1]):,} classes"
            else:
                ours.assign(value)
        if new_times and layer.gap:
            gaps = layer.gap.embeddings
            gaps.assign(np.broadcast_to(keras.ops.convert_to_numpy(gaps)[:1], gaps.shape))
        self.done.taken[part] = said

    def _pairs(self, layer: Any, other: Any) -> list[tuple[Any, Any]]:
        """The weights of both, side by side; by name, where only one has some that tell of times."""
        of_layer, of_other = ([w for w in one.weights if "int" not in str(w.dtype)] for one in (layer, other))
        if len(of_layer) == len(of_other):
            return list(zip(of_layer, of_other, strict=True))
        if getattr(layer, "timed", None) == getattr(other, "timed", None):
            return []
        here, there = _within(layer, of_layer), _within(other, of_other)
        return [(weight, there[name]) for name, weight in here.items() if name in there]

    def _differing(self, there: dict[str, Any], here: dict[str, Any]) -> str:
        """The settings that differ, in words."""
        renamed = {
            name: [self.there(one) if isinstance(one, str) else one for one in value]
            for name, value in here.items()
            if isinstance(value, list)
        }
        ours = {**here, **renamed}
        keys = [key for key in ours if key not in _MAY_DIFFER and not _same(there.get(key), ours[key])]
        return ", ".join(f"{key} is {there.get(key)!r} there and {here[key]!r} here" for key in keys)

    def _feature(self, place: str, name: str) -> Modality | None:
        """The feature that a layer encodes."""
        if place not in _TOWERS:
            return None
        return next((one for one in self.model.schema.features(_TOWERS[place]) if one.name == name), None)

    def _terms(self, feature: Modality, place: str) -> tuple[dict[str, int], dict[str, int]] | None:
        """The rows of the terms of a feature, there and here; None where those there are not known."""
        if self.of_source is None:
            return None
        side, name = _TOWERS[place], self.there(feature.name)
        theirs = next(one for one in self.source.schema.features(side) if one.name == name)
        states: tuple[State, State] = (
            self.of_source.features[side][name],
            self.vocabulary.features[side][feature.name],
        )
        return theirs.term_rows(states[0]), feature.term_rows(states[1])

    def _classes(self, head: str) -> tuple[list[str], list[str]] | None:
        """The classes of a head's task, there and here; None where they are the same, or there are none."""
        task = head.removesuffix("_head")
        there = self.source.vocabulary.tasks.get(self.there(task), {}).get("classes")
        here = self.vocabulary.tasks.get(task, {}).get("classes")
        return None if there == here or there is None or here is None else (there, here)

    def _has_content(self, part: str) -> bool:
        side = _TOWERS[part.partition(".")[0]]
        return len(self.model.schema.features(side)) > 1

    def _start_ids(self, part: str, missing: Any, layer: Any) -> None:
        """Ids begin as what stands for an unknown one."""
        self.done.left[part] = "ids are of another catalogue"
        if not self._has_content(part):
            return  # they are all there is, and have to differ
        table = layer.terms_table
        if missing is not None and missing.token.shape[0] == table.shape[1]:
            token = keras.ops.convert_to_numpy(missing.token)
            table.assign(np.broadcast_to(token, table.shape))
            self.done.left[part] += "; each starts as an unknown one"


_KINDS = {"Text": "words", "Tags": "tags", "Category": "values"}


def _by_term(
    there: np.ndarray, of_source: dict[str, int], of_model: dict[str, int], size: int
) -> tuple[np.ndarray, int, int]:
    """A table by terms: padding and unknown as there, what both have by its term, the rest as unknown.

    Returns:
        ``[size, D]``, how many terms were found, and how many there are.
    """
    start = np.repeat(there[1:2], size, axis=0)
    start[0] = there[0]
    shared = [term for term in of_model if term in of_source]
    start[[of_model[term] for term in shared]] = there[[of_source[term] for term in shared]]
    return start, len(shared), len(of_model)


def _same_ids(there: Schema, here: Schema) -> dict[str, str]:
    """The ids' names, which are those of columns: here → there."""
    found = {}
    sides: tuple[Side, ...] = ("item", "user")
    for side in sides:
        ids = [[one.name for one in schema.features(side) if isinstance(one, Id)] for schema in (here, there)]
        if all(ids):
            found[ids[0][0]] = ids[1][0]
    return found


def _within(layer: Any, weights: list[Any]) -> dict[str, Any]:
    """The weights by their paths from the layer on."""
    return {weight.path.partition(f"{layer.name}/")[2]: weight for weight in weights}


def _same(one: Any, other: Any) -> bool:
    """Whether two settings are the same, lists and tuples alike."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"

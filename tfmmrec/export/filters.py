"""Filters on attributes of the items: which there are is declared at export, what passes by each request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfmmrec.data.dataset import Catalogue
from tfmmrec.export.attributes import Attribute, Range, Terms
from tfmmrec.export.conventions import Names
from tfmmrec.export.raw_feature import is_present
from tfmmrec.members import suggestion
from tfmmrec.retrieval.index import Passes

Tensors = dict[str, Any]

_KINDS: dict[str, type[Attribute]] = {"terms": Terms, "range": Range}


class Filters:
    """Reads ``filter_…`` of a request.

    Args:
        catalogue: with the attributes.
        features: names of item features, as `checked_filters` returns them.
        names: of the inputs.

    Attributes:
        resources: the variables and tables an export keeps.
    """

    def __init__(self, catalogue: Catalogue, features: Sequence[str], names: Names) -> None:
        kinds = {feature.name: feature.filtered_by for feature in catalogue.schema.features("item")}
        self._attributes = {
            names.filters[name]: _KINDS[kinds[name]](catalogue.attributes[name]) for name in features
        }
        self.resources = [one for attribute in self._attributes.values() for one in attribute.resources]

    def specs(self) -> Tensors:
        """The inputs of a signature that filters."""
        return {name: attribute.input(name) for name, attribute in self._attributes.items()}

    def given(self, request: Tensors) -> Any:
        """A bool: whether any row of the request filters."""
        import tensorflow as tf

        given = [tf.reduce_any(is_present(request[name])) for name in self._attributes]
        return tf.reduce_any(tf.stack(given)) if given else tf.constant(False)

    def passing(self, request: Tensors) -> list[Passes]:
        """What an item must pass to be found, one for each attribute."""
        return [attribute.fitting(request[name]) for name, attribute in self._attributes.items()]


def checked_filters(catalogue: Catalogue, features: Sequence[str]) -> tuple[str, ...]:
    """Names of item features that a request may filter by, each once, in the schema's order.

    They may be features that the model does not read.

    Raises:
        ValueError: no list of names, a name that is none, a kind of feature there is no filter for, or data
            that was prepared before attributes were kept.
    """
    there = {feature.name: feature for feature in catalogue.schema.features("item")}
    able = [name for name, feature in there.items() if feature.filtered_by]
    takes = f" There can be filters on: {', '.join(able) or 'none of the items’ features'}."
    if isinstance(features, str) or not all(isinstance(name, str) for name in features):
        raise ValueError(
            'filters is a list of names of item features, such as ["genre", "year"]; '
            f"got {features!r}.{takes}"
        )
    for name in features:
        if name not in there:
            raise ValueError(f"filters: the items have no feature {name!r}.{suggestion(name, able or there)}")
        if name not in able:
            raise ValueError(
                f"filters: {name!r} is of the kind {type(there[name]).__name__}, and a filter needs Category "
                f"or Tags (any of some), Number or Timestamp (from … to …).{takes}"
            )
        if name not in catalogue.attributes:
            raise ValueError(
                f"filters: the prepared data does not hold the values of {name!r}; it was prepared by an "
                "earlier version. Prepare it again: delete the folder of prepared data, and load."
            )
    return tuple(name for name in there if name in features)

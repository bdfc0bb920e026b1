"""A feature as a served request brings it: raw values, preprocessed inside the export."""

from __future__ import annotations

from typing import Any

from tfmmrec.modalities import Modality, Parts, missing_parts


class RawFeature:
    """The training's preprocessing of one feature, run only where a request brings something.

    Args:
        feature: the schema's entry.
        state: what preparation learnt of it, with terms.

    Attributes:
        resources: tables an export must keep.
    """

    def __init__(self, feature: Modality, state: dict[str, Any]) -> None:
        self.feature, self.spec = feature, feature.spec(state)
        self.preprocess = feature.preprocess(state)
        self.resources = list(getattr(self.preprocess, "resources", ()))
        self.missing = missing_parts(feature, state, 1)
        self._example = feature.example(state)

    @property
    def dtype(self) -> Any:
        """Of the raw values: strings, or float64 as in preparation (seconds do not fit a float32)."""
        import tensorflow as tf

        return tf.string if self.feature.raw_dtype == "string" else tf.float64

    def input(self, name: str) -> Any:
        """The signature's input: ``[B]``, or ``[B, ?]`` where a row is a list."""
        import tensorflow as tf

        return tf.TensorSpec([None] * (1 + self.feature.raw_rank), self.dtype, name)

    def example(self) -> Any:
        """One row of the input, as nested lists; a list that is no vector begins with padding."""
        listed = self.feature.raw_rank and self.dtype.name == "string"
        return ["", *self._example] if listed else self._example

    def example_events(self, count: int) -> list[Any]:
        """One row of the input ``[B, ?]`` of a history's feature: padding, and `count` events."""
        value = self._example[0] if self.feature.raw_rank else self._example
        return ["" if self.dtype.name == "string" else float("nan"), *[value] * count]

    def given(self, values: Any) -> Any:
        """bool ``[B]``: the rows whose value is not all padding."""
        import tensorflow as tf

        present = is_present(values)
        return tf.reduce_any(present, axis=1) if self.feature.raw_rank else present

    def parts(self, values: Any) -> Parts:
        """Raw values to parts ``[B, …]``; where all rows are padding no preprocessing runs."""
        import tensorflow as tf

        rows = tf.shape(values)[0]

        def read() -> Parts:
            parts = self.preprocess(self._together(values))
            return {part: tf.cast(parts[part], dtype) for part, (_, dtype) in self.spec.items()}

        parts = tf.cond(tf.reduce_any(self.given(values)), read, lambda: self.nothing(rows))
        return {part: tf.ensure_shape(parts[part], [None, *shape]) for part, (shape, _) in self.spec.items()}

    def nothing(self, rows: Any) -> Parts:
        """Parts ``[rows, …]`` where nothing is brought."""
        import tensorflow as tf

        return {part: tf.repeat(tf.constant(array), rows, axis=0) for part, array in self.missing.items()}

    def _together(self, values: Any) -> Any:
        """Moves padding behind a list of strings; a vector's places mean something and stay."""
        import tensorflow as tf

        if not self.feature.raw_rank or values.dtype != tf.string:
            return values
        order = tf.argsort(tf.cast(values == "", tf.int32), axis=1, stable=True)
        return tf.gather(values, order, batch_dims=1)


def is_present(values: Any) -> Any:
    """bool, in the shape of `values`: what is not padding."""
    import tensorflow as tf

    return values != "" if values.dtype == tf.string else ~tf.math.is_nan(values)


def padding(dtype: Any) -> Any:
    """The value that stands for nothing."""
    import tensorflow as tf

    return tf.constant("") if dtype == tf.string else tf.constant(float("nan"), dtype)

"""The conventions of a served request and answer, written down once, and the names that follow from them."""

from __future__ import annotations

from collections.abc import Iterable

from tfmmrec.modalities import Id, Modality
from tfmmrec.schema import SIDES, Schema, Side
from tfmmrec.tasks import Task

CONVENTIONS = (
    "Every input is there in every request. One row of each is one question; B questions are a batch.",
    'An input is [B] or [B, ?]. Padding is "" for strings, NaN for floats, false for bool. '
    "An input that is all padding in a row is absent from it.",
    "Padding may stand anywhere in a row of [B, ?]: it is skipped. history_time and the other history_ "
    "inputs belong to the history's ids by their column. A Vector is whole, or padding.",
    "TensorFlow Serving, told to batch with pad_variable_length_inputs, widens a request at its end with the "
    "first element of each of its tensors: begin every [B, ?] of ids, texts, times and media with one column "
    "of padding, and send an absent one as one column of padding, never as [B, 0].",
    "Ids are strings. Pictures and sounds are the bytes of their files; a broken file fails its whole batch.",
    "k is int32 [B]. Outputs have max(k) columns over the batch; in each row the columns after its k, or "
    'after the last item there is, are padded with "" and NaN.',
    "user_id finds the stored history and features of a user the export knows; raw ones, brought by the "
    "request, take their place one by one. history is oldest first; ids that are not in the catalogue are "
    "skipped, and of the others the latest are read.",
    "exclude_seen bars the items of the history that is used: of a stored one every item the user has met.",
    "Raw item content describes an item whole: what is stored of the item_id is not mixed into it.",
)
"""What a client must know; also in ``assets.extra/about.json`` of every export."""

_INPUTS = {"user_id", "history", "history_time", "k", "exclude", "exclude_seen", "candidate", "item_id"}
_OUTPUTS = {"item_id", "score", "vector"}
_PREFIX = {"item": "item", "user": "user", "event": "history"}


class Names:
    """Names of inputs and outputs: by features and tasks, with ``_`` after what is taken already.

    Args:
        schema: what the model reads and learns.
        classified: names of the tasks that choose one of several classes.

    Attributes:
        inputs: side → feature name → input: ``user_<feature>``, ``history_<feature>``, ``item_<feature>``.
            Ids are not among them: they are ``user_id`` and ``item_id``.
        outputs: task name → output.
        classes: task name → output of the likeliest class, of those that have classes.
        new_item: output about a candidate → the same about the new item.
    """

    def __init__(self, schema: Schema, classified: Iterable[str] = ()) -> None:
        taken = set(_INPUTS)
        self.inputs = {
            side: {
                feature.name: _free(f"{_PREFIX[side]}_{feature.name}", taken)
                for feature in contents(schema, side)
            }
            for side in SIDES
        }
        taken = set(_OUTPUTS)
        self.outputs = {task.name: _free(task.name, taken) for task in heads(schema)}
        self.classes = {name: _free(f"{self.outputs[name]}_class", taken) for name in classified}
        about_one = ["score", *self.outputs.values(), *self.classes.values()]
        self.new_item = {name: _free(f"new_item_{name}", taken) for name in about_one}


def contents(schema: Schema, side: Side) -> list[Modality]:
    """The features of a side that a request brings: all but the id."""
    return [feature for feature in schema.features(side) if not isinstance(feature, Id)]


def heads(schema: Schema) -> list[Task]:
    """The tasks that judge a user and an item."""
    return [task for task in schema.tasks if not task.retrieval]


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name

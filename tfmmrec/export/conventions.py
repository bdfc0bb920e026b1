"""The conventions of a served request and answer, written down once, and the names that follow from them."""

from __future__ import annotations

from collections.abc import Iterable

from tfmmrec.modalities import Id, Modality
from tfmmrec.schema import SIDES, Schema, Side
from tfmmrec.tasks import Task

CONVENTIONS = (
    "Every input is there in every request. One row of each is one question; B questions are a batch.",
    'An input is [B] or [B, ?], and of a range [B, 2]. Padding is "" for strings, NaN for floats, false for '
    "bool. An input that is all padding in a row is absent from it.",
    "Padding may stand anywhere in a row of [B, ?]: it is skipped. history_time and the other history_ "
    "inputs belong to the history's ids by their column. A Vector is whole, or padding.",
    "TensorFlow Serving, told to batch with pad_variable_length_inputs, widens a request at its end with the "
    "first element of each of its tensors: begin every [B, ?] of ids, texts, times and media with one column "
    "of padding, and send an absent one as one column of padding, never as [B, 0].",
    "Ids are strings. Pictures and sounds are the bytes of their files: pictures JPEG, PNG, GIF or BMP, of "
    "grey or of three colours of 8 bits, and sounds WAV of 16 bits. TensorFlow Serving reads no others; "
    "tfmmrec serve reads every picture that training reads. A broken file, and a Vector of another length "
    "than the training's, fails its whole batch.",
    "k is int32 [B]. Outputs have max(k) columns over the batch; in each row the columns after its k, or "
    'after the last item there is, are padded with "" and NaN.',
    "user_id finds the stored history and features of a user the export knows; raw ones, brought by the "
    "request, take their place one by one. history is oldest first; ids that are not in the catalogue are "
    "skipped, and of the others the latest are read.",
    "exclude_seen bars the items of the history that is used: of a stored one every item the user has met.",
    "allow lists all that may be found; ids that are not in the catalogue are skipped, and where there are "
    "no others nothing is found. exclude and exclude_seen bar items that are allowed, too.",
    "filter_<feature>, of the features that were declared at export, lets those items be found whose value "
    "is known and fits: of a Category or Tags any of the strings [B, ?], as the table has them, where a "
    "string that no item has fits none; of a Number or Timestamp the range [B, 2] from min to max, both "
    "within, in the table's unit, NaN where it is open. An item has to pass every filter, and k are found "
    "where k pass.",
    "weight_<output> of every task with one number, and weight_score: where a row brings any, its best items "
    "by score (as many as the export's candidates, or its k where that is more) are ordered by the sum of "
    "weight times value, and cut to k. NaN is 0. A task's value is its output as it is answered; that of the "
    "score is where it lies between the lowest (0) and the highest (1) of these items. Weights may be "
    "negative. The output score stays what it is, and then need not fall from column to column.",
    "diversity, from 0 (also NaN: as they are) to 1, chooses from the same number of items one by one: first "
    "the best, then whichever has the largest (1 - diversity) * relevance - diversity * likeness. Relevance "
    "is the weighted sum, or without weights the score, scaled to 0 … 1 over these items; likeness the "
    "largest cosine of its vector with one that was chosen before.",
    "Raw item content describes an item whole: what is stored of the item_id is not mixed into it.",
    "query_<feature> is what is looked for, as item_<feature> would bring it: words, the bytes of a picture "
    "or a sound, a vector; where a row brings several, what they say together. Items are found by what they "
    "have of these features: the score is its cosine with the query, 0 where there is nothing. A row that "
    "brings no query finds nothing.",
    "similar_users answers with users the export knows, never with the user_id that is asked about; the "
    "score is a cosine.",
)
"""What a client must know; also in ``assets.extra/about.json`` of every export."""

_INPUTS = {
    *("user_id", "history", "history_time", "candidate", "item_id"),
    *("k", "exclude", "exclude_seen", "allow", "diversity"),
}
_OUTPUTS = {"item_id", "score", "vector"}
_PREFIX = {"item": "item", "user": "user", "event": "history"}


class Names:
    """Names of inputs and outputs: by features and tasks, with ``_`` after what is taken already.

    Args:
        schema: what the model reads and learns.
        classified: names of the tasks that choose one of several classes.
        filters: names of the item features that are filtered by.

    Attributes:
        inputs: side → feature name → input: ``user_<feature>``, ``history_<feature>``, ``item_<feature>``.
            Ids are not among them: they are ``user_id`` and ``item_id``.
        outputs: task name → output.
        classes: task name → output of the likeliest class, of those that have classes.
        new_item: output about a candidate → the same about the new item.
        filters: item feature that is filtered by → input: ``filter_<feature>``.
        weights: output of one number by which items can be ordered → input: ``weight_<output>``.
        queries: item feature that items can be searched by → input: ``query_<feature>``.
    """

    def __init__(self, schema: Schema, classified: Iterable[str] = (), filters: Iterable[str] = ()) -> None:
        taken = set(_INPUTS)
        self.inputs = {
            side: {
                feature.name: _free(f"{_PREFIX[side]}_{feature.name}", taken)
                for feature in contents(schema, side)
            }
            for side in SIDES
        }
        self.filters = {name: _free(f"filter_{name}", taken) for name in filters}
        inputs, taken = taken, set(_OUTPUTS)
        self.outputs = {task.name: _free(task.name, taken) for task in heads(schema)}
        self.classes = {name: _free(f"{self.outputs[name]}_class", taken) for name in classified}
        about_one = ["score", *self.outputs.values(), *self.classes.values()]
        self.new_item = {name: _free(f"new_item_{name}", taken) for name in about_one}
        numbers = [output for name, output in self.outputs.items() if name not in self.classes]
        self.weights = {name: _free(f"weight_{name}", inputs) for name in ["score", *numbers]}
        searched = [feature.name for feature in contents(schema, "item") if feature.searched]
        self.queries = {name: _free(f"query_{name}", inputs) for name in searched}


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

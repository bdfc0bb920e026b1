"""A small shop with every modality, and a circle of friends without an order: models, data and exports.

Each is made once per process, whatever asks for it. Weights are as they were drawn: an export has to answer
like its model, trained or not.
"""

import functools
import io
import tempfile
import wave
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image as Pillow

from contracts.reads import no_copies
from tfmmrec.data import load
from tfmmrec.evaluation import Queries, Ragged, user_states
from tfmmrec.export import KnownUsers, export
from tfmmrec.modalities import Audio, Category, History, Image, Number, Tags, Text, Timestamp, Vector
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match, Multiclass, NextItem, Rating

ITEMS = ["a,b", "🎬", "i 2", "é", '"q"', "5", "06", "x", "y", "z"]  # the last two have no events
USERS = ["ann", "bob,c", "😀", "dan"]
HISTORIES = [[0, 1, 2, 3, 4, 5, 6], [3, 2, 0], [7], [6, 5, 4, 6, 1]]
DEVICES = ["phone", "desk", ""]
FILTERS = ["kind", "tags", "price", "released"]
CANDIDATES = 6
START = 1.7e9


@functools.cache
def folder() -> Path:
    """A folder that goes with the process."""
    held = tempfile.TemporaryDirectory()
    folder.held = held  # type: ignore[attr-defined]
    return Path(held.name)


def png(number: int, side: int = 6) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (side, side, 3), "uint8")
    packed = io.BytesIO()
    Pillow.fromarray(pixels).save(packed, "PNG")
    return packed.getvalue()


def wav(number: int, rate: int = 2000) -> bytes:
    sound = np.random.default_rng(number).integers(-9000, 9000, rate // 5, "int16")
    packed = io.BytesIO()
    with wave.open(packed, "wb") as clip:
        clip.setnchannels(1), clip.setsampwidth(2), clip.setframerate(rate)
        clip.writeframes(sound.tobytes())
    return packed.getvalue()


def item_content(row: int) -> dict:
    """Raw content of an item as a request brings it; number 3 has only its title, 8 no picture."""
    content = {
        "item_title": f"title {row} of the long {'red' if row % 2 else 'blue'} row",
        "item_tags": "new|red" if row % 2 else "new",
        "item_kind": "film" if row % 3 else "book",
        "item_price": 5.0 + row,
        "item_released": 1e9 + 1e7 * row,
        "item_poster": [png(row), png(row + 50)][: 1 + row % 2],
        "item_sound": wav(row),
        "item_taste": [0.1 * row, -0.2, 0.3 + row],
    }
    if row == 3:
        content = {"item_title": content["item_title"]}
    if row == 8:
        del content["item_poster"]
    return content


def user_content(row: int) -> dict:
    return {"user_gender": "fm"[row % 2], "user_age": 20.0 + row, "user_likes": "new|old" if row else "new"}


def event_content(user: int) -> dict:
    """Aligned lists of a user's events."""
    count = len(HISTORIES[user])
    return {
        "history_time": [START + 1000.0 * place**3 for place in range(count)],
        "history_device": [DEVICES[(user + place) % 3] for place in range(count)],
        "history_seconds": [float(place) if place % 2 else None for place in range(count)],
        "history_snap": [png(100 + place) if place % 2 else b"" for place in range(count)],
    }


def write_files(to: Path) -> None:
    """The tables and media of the shop."""
    (to / "media").mkdir(parents=True)

    def cell(value) -> str:
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"'

    def files(name: str, contents: list[bytes], ending: str) -> str:
        names = []
        for place, content in enumerate(contents):
            if content:
                names.append(f"media/{name}-{place}.{ending}")
                (to / names[-1]).write_bytes(content)
        return "|".join(names)

    lines = ["item_id,title,tags,kind,price,released,poster,sound,taste"]
    for row, item in enumerate(ITEMS):
        content = item_content(row)
        given = [content.get(f"item_{name}") for name in ("title", "tags", "kind", "price", "released")]
        poster = files(f"poster{row}", content.get("item_poster", []), "png")
        sound = files(f"sound{row}", [content.get("item_sound", b"")], "wav")
        taste = " ".join(map(str, content.get("item_taste", [])))
        lines.append(",".join(map(cell, [item, *given, poster, sound, taste])))
    (to / "items.csv").write_text("\n".join(lines), "utf-8")
    lines = ["user_id,gender,age,likes"]
    lines += [",".join(map(cell, [user, *user_content(row).values()])) for row, user in enumerate(USERS)]
    (to / "users.csv").write_text("\n".join(lines), "utf-8")
    lines = ["user_id,item_id,time,device,seconds,snap,like,score,outcome"]
    for row, history in enumerate(HISTORIES):
        for place, item in enumerate(history):
            time, device, seconds, snap = (values[place] for values in event_content(row).values())
            snap = files(f"snap{row}-{place}", [snap], "png")
            labels = [(row + place) % 2, 1 + place % 5, ("kept", "sent back", "lost")[place % 3]]
            event = [USERS[row], ITEMS[item], time, device, seconds, snap, *labels]
            lines.append(",".join(map(cell, event)))
    (to / "events.csv").write_text("\n".join(lines), "utf-8")


def shop_schema() -> Schema:
    return Schema(
        item=[
            Text("title", length=6, min_count=1, layers=0, tokens=1),
            Tags("tags"),
            Category("kind"),
            Number("price"),
            Timestamp("released"),
            Image("poster", height=8, width=8, patch=4, images=2, layers=0, tokens=1),
            Audio("sound", seconds=0.2, rate=2000, mels=8, layers=0, tokens=1),
            Vector("taste"),
        ],
        user=[Category("gender"), Number("age"), Tags("likes")],
        event=[
            Category("device"),
            Number("seconds"),
            Image("snap", height=8, width=8, patch=8, layers=0, tokens=1),
        ],
        # the column "score" meets an output of that name
        tasks=[NextItem(), Binary("like"), Rating("score"), Multiclass("outcome")],
        timestamp="time",
        history=History(length=4, layers=1, heads=2),
    )


@functools.cache
def shop():
    """Data and model with every modality, an order and all heads."""
    write_files(folder() / "shop")
    data = load(folder() / "shop", shop_schema())
    settings = {"width": 8, "fusion": "concat", "alignment": "contrastive"}
    return data, perturbed(build_recommender(data.schema, data.vocabulary, seed=1, **settings))


@functools.cache
def shop_export() -> Path:
    data, model = shop()
    path = folder() / "savedmodels" / "shop" / "1"
    with no_copies():
        return export(
            model, data.catalogue, path, users=KnownUsers.of(data), filters=FILTERS, candidates=CANDIDATES
        )


def circle_schema() -> Schema:
    return Schema(
        item=[Number("price")],
        tasks=[Match(), Rating("score")],
        history=History(length=4, layers=1, heads=2),
    )


@functools.cache
def shop_cells_export() -> Path:
    """The shop with an index of cells, which all are looked into."""
    data, model = shop()
    index = {"name": "ivf", "size": 2, "recall_target": 1.0, "exact_from": 1000}
    to = folder() / "savedmodels" / "shop_cells" / "1"
    with no_copies():
        return export(model, data.catalogue, to, users=KnownUsers.of(data), index=index)


@functools.cache
def circle():
    """Data and model without an order: a set of items and the user's id."""
    shop()
    data = load(folder() / "shop", circle_schema(), split="random:60/20/20")
    return data, perturbed(build_recommender(data.schema, data.vocabulary, width=8, fusion="concat", seed=2))


@functools.cache
def circle_export() -> Path:
    """An export without users."""
    data, model = circle()
    return export(model, data.catalogue, folder() / "savedmodels" / "circle" / "3")


def perturbed(model):
    """The model with all weights moved: nothing is zero or one as it was drawn."""
    keras.utils.set_random_seed(3)
    for weight in model.trainable_weights:
        weight.assign_add(0.3 * keras.random.normal(weight.shape))
    return model


@functools.cache
def loaded(path: Path):
    return tf.saved_model.load(str(path))


def call(path: Path, signature: str, **given) -> dict:
    """Asks a signature: what is not given is padding; nested lists in, numpy arrays out."""
    return answer(path, signature, whole(path, signature, **given))


def whole(path: Path, signature: str, **given) -> dict[str, np.ndarray]:
    """A request with every input; what is not given is padding."""
    batch = max(len(value) for value in given.values())
    arrays = {}
    for name, spec in loaded(path).signatures[signature].structured_input_signature[1].items():
        nothing = {tf.string: "", tf.bool: False, tf.int32: 0}.get(spec.dtype, float("nan"))
        absent = nothing if len(spec.shape) == 1 else [nothing] * (spec.shape[1] or 1)
        values = given.pop(name, [absent] * batch)
        arrays[name] = tf.constant(padded(values, nothing), spec.dtype).numpy()
    assert not given, f"{signature} takes no {sorted(given)}"
    return arrays


def answer(path: Path, signature: str, request: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What this process answers to a whole request."""
    function = loaded(path).signatures[signature]
    specs = function.structured_input_signature[1]
    outputs = function(**{name: tf.constant(array, specs[name].dtype) for name, array in request.items()})
    return {name: tensor.numpy() for name, tensor in outputs.items()}


def padded(values: list, nothing) -> list:
    """Rows of one width; None is padding."""
    if not any(isinstance(row, list) for row in values):
        return [nothing if row is None else row for row in values]
    width = max(map(len, values))
    return [
        [nothing if cell is None else cell for cell in row + [None] * (width - len(row))] for row in values
    ]


def raw_user(row: int, first: int = 0) -> dict:
    """A shop user as a request of one row brings one: history from its event `first` on, and features."""
    history = {"history": [ITEMS[item] for item in HISTORIES[row]], **event_content(row)}
    one = {name: [values[first:]] for name, values in history.items()}
    return one | {name: [value] for name, value in user_content(row).items()}


def raw_items(rows) -> dict:
    """Shop items by their content as a request brings them; −1 brings nothing."""
    contents = [item_content(row) if row >= 0 else {} for row in rows]
    return batch([{name: [value] for name, value in content.items()} for content in contents])


def raw_queries(rows, features=("title", "poster", "sound", "taste")) -> dict:
    """What shop items have of some features, looked for; −1 looks for nothing."""
    content = raw_items(rows)
    return {f"query_{name}": content[f"item_{name}"] for name in features}


def batch(requests) -> dict:
    """Requests of one row each as one request; what one of them lacks is padding in its row."""
    requests = list(requests)
    names = {name: value for request in requests for name, (value,) in request.items()}
    return {
        name: [request.get(name, [[] if isinstance(value, list) else None])[0] for request in requests]
        for name, value in names.items()
    }


@functools.cache
def vectors(of) -> np.ndarray:
    """Vectors of all items, of the shop or the circle."""
    data, model = of()
    return model.encode_items(data.items, batch=10)["vector"]


def states(of, users: list[int], histories: list) -> np.ndarray:
    """What evaluation holds of users of the shop or the circle with these events (rows) behind them."""
    data, model = of()
    queries = Queries(data, np.asarray(users), Ragged.of(histories), Ragged.of([]))
    return user_states(model, queries, vectors(of), batch=4)


def text(values) -> list:
    """Bytes, nested, as strings."""
    return np.char.decode(np.asarray(values, "S"), "utf-8").tolist()

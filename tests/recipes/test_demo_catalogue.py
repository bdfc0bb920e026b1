"""The demo catalogue: whole files, planted tastes, and no short cut to them.

"Near chance" means that a linear probe, five-fold cross-validated on some 470 items of three classes, stays
below .42: four standard errors above one third.
"""

import csv
import os
import re
import subprocess
import sys
import tomllib
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tfmmrec.recipes import demo_catalogue

ITEMS, USERS = 480, 300
ATTRIBUTES = ("visual", "audio", "textual")
NEAR_CHANCE = 0.42


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_catalogue.generate(tmp_path_factory.mktemp("demo") / "shop", items=ITEMS, users=USERS)


@pytest.fixture(scope="module")
def items(folder: Path) -> list[dict[str, str]]:
    return read(folder / "items.csv")


@pytest.fixture(scope="module")
def events(folder: Path) -> list[dict[str, str]]:
    return read(folder / "events.csv")


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    return demo_catalogue.hidden_attributes(items=ITEMS, seed=0)


@pytest.fixture(scope="module")
def pictures(folder: Path, items: list[dict[str, str]]) -> dict[int, np.ndarray]:
    """Pixels in 0 to 1 by row of items.csv."""
    return {
        i: np.asarray(Image.open(folder / r["poster"]), float) / 255
        for i, r in enumerate(items)
        if r["poster"]
    }


@pytest.fixture(scope="module")
def sounds(folder: Path, items: list[dict[str, str]]) -> dict[int, np.ndarray]:
    """Samples in -1 to 1 by row of items.csv."""
    found = {}
    for i, row in enumerate(items):
        if row["clip"]:
            with wave.open(str(folder / row["clip"])) as clip:
                assert (clip.getnchannels(), clip.getsampwidth(), clip.getframerate()) == (1, 2, 8000)
                found[i] = np.frombuffer(clip.readframes(clip.getnframes()), "<i2") / 32768
    return found


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def probe(features: dict[int, np.ndarray], classes: np.ndarray) -> float:
    """Accuracy of logistic regression from features (by row of items.csv) to classes, cross-validated."""
    rows = list(features)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float(
        cross_val_score(model, np.stack([features[i] for i in rows]), classes[rows], cv=folds).mean()
    )


def word_counts(items: list[dict[str, str]], length: int) -> dict[int, np.ndarray]:
    rows = [i for i, row in enumerate(items) if row["description"]]
    counts = CountVectorizer(ngram_range=(length, length)).fit_transform(
        [items[i]["description"] for i in rows]
    )
    return dict(zip(rows, counts.toarray().astype(float), strict=True))


# The files


def test_same_arguments_write_the_same_bytes(tmp_path: Path):
    first = demo_catalogue.generate(tmp_path / "a", items=40, users=10, seed=3)
    second = demo_catalogue.generate(tmp_path / "b", items=40, users=10, seed=3)
    other = demo_catalogue.generate(tmp_path / "c", items=40, users=10, seed=4)
    assert contents(first) == contents(second)
    assert all(contents(first)[name] != contents(other)[name] for name in ("items.csv", "events.csv"))


def test_items_and_their_media(folder: Path, items: list[dict[str, str]], pictures: dict, sounds: dict):
    assert len({row["item_id"] for row in items}) == ITEMS
    assert {f"posters/{p.name}" for p in (folder / "posters").iterdir()} == {r["poster"] for r in items} - {
        ""
    }
    assert {f"clips/{p.name}" for p in (folder / "clips").iterdir()} == {r["clip"] for r in items} - {""}
    assert all(
        p.ndim == 3 and p.shape[2] == 3 and 48 <= min(p.shape[:2]) <= max(p.shape[:2]) <= 64
        for p in pictures.values()
    )
    assert all(0.8 < len(sound) / 8000 < 1.2 and np.abs(sound).max() > 0.1 for sound in sounds.values())
    assert all(1 <= len(set(row["genres"].split("|"))) <= 3 for row in items)
    assert all(1990 <= int(row["year"]) <= 2025 and float(row["price"]) > 0 for row in items)


def test_a_few_items_lack_one_modality_each(items: list[dict[str, str]]):
    lacking = Counter(
        column for row in items for column in ("description", "poster", "clip") if not row[column]
    )
    assert lacking == {"description": 12, "poster": 12, "clip": 12}
    assert all([row["description"], row["poster"], row["clip"]].count("") <= 1 for row in items)


def test_events_are_users_histories_in_time_order(folder: Path, items: list, events: list[dict[str, str]]):
    people = {row["user_id"] for row in read(folder / "users.csv")}
    assert len(people) == USERS and {row["user_id"] for row in events} == people
    assert {row["item_id"] for row in events} <= {row["item_id"] for row in items}
    assert [int(row["timestamp"]) for row in events] == sorted(int(row["timestamp"]) for row in events)
    for rows in by_user(events).values():
        assert 8 <= len(rows) <= 14
        assert len({row["item_id"] for row in rows}) == len({row["timestamp"] for row in rows}) == len(rows)
    assert {row["kind"] for row in events} == {"view", "cart", "buy"}
    assert {row["like"] for row in events} == {"", "0", "1"}
    assert {row["rating"] for row in events} == {"", "1", "2", "3", "4", "5"}


def test_schema_names_columns_that_are_there(folder: Path):
    schema = tomllib.loads((folder / "schema.toml").read_text("utf-8"))
    assert (schema["user_id"], schema["item_id"], schema["timestamp"]) == ("user_id", "item_id", "timestamp")
    assert [(entry["modality"], entry["column"]) for entry in schema["item"]] == [
        ("Text", "description"),
        ("Image", "poster"),
        ("Audio", "clip"),
        ("Tags", "genres"),
        ("Number", "year"),
        ("Number", "price"),
    ]
    assert schema["task"] == [
        {"task": "NextItem"},
        {"task": "Binary", "column": "like"},
        {"task": "Rating", "column": "rating"},
    ]
    for table in ("item", "user", "event"):
        columns = read(folder / f"{table}s.csv")[0].keys()
        assert {entry["column"] for entry in schema[table]} <= set(columns)
    used = [entry["column"] for table in ("event", "task") for entry in schema[table] if "column" in entry]
    assert set(used) <= set(read(folder / "events.csv")[0].keys())


# No short cut


def test_attributes_are_balanced_and_independent(truth: dict[str, np.ndarray]):
    assert all(set(truth[name]) == set(range(len(demo_catalogue.CLASSES[name]))) for name in ATTRIBUTES)
    combinations = Counter(zip(*(truth[name].tolist() for name in ATTRIBUTES), strict=True))
    assert len(combinations) == 27 and set(combinations.values()) == {17, 18}


@pytest.fixture(scope="module")
def colours(pictures: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Sizes, means, deviations and histograms of the colours and of the brightness."""
    found = {}
    for i, pixels in pictures.items():
        channels = [*np.moveaxis(pixels, -1, 0), pixels.mean(-1)]
        shares = [np.histogram(channel, 8, (0, 1))[0] / channel.size for channel in channels]
        moments = [moment for channel in channels for moment in (channel.mean(), channel.std())]
        found[i] = np.concatenate([pixels.shape[:2], moments, *shares])
    return found


@pytest.fixture(scope="module")
def averages(sounds: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Duration, loudness, zero crossings and the mean spectrum."""
    found = {}
    for i, sound in sounds.items():
        level, crossings = np.abs(sound), np.diff(np.sign(sound)) != 0
        power = np.abs(np.fft.rfft(sound, 16384)) ** 2
        bands = np.log(np.add.reduceat(power, np.arange(0, power.size, 512)) + 1e-9)
        moments = [sound.size, sound.std(), level.max(), level.mean(), crossings.mean(), crossings.sum()]
        found[i] = np.array([*moments, *bands])
    return found


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_colours_tell_nothing(attribute: str, truth: dict, colours: dict):
    assert probe(colours, truth[attribute]) < NEAR_CHANCE


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_loudness_and_averages_over_time_tell_nothing(attribute: str, truth: dict, averages: dict):
    assert probe(averages, truth[attribute]) < NEAR_CHANCE


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_counts_of_words_tell_nothing(attribute: str, truth: dict, items: list):
    assert probe(word_counts(items, 1), truth[attribute]) < NEAR_CHANCE


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_the_other_columns_and_the_order_of_rows_tell_nothing(attribute: str, truth: dict, items: list):
    genres = sorted({genre for row in items for genre in row["genres"].split("|")})
    words = CountVectorizer().fit_transform(row["title"] for row in items).toarray()
    others = {
        i: np.array(
            [i, float(row["year"]), float(row["price"]), *(g in row["genres"] for g in genres), *words[i]]
        )
        for i, row in enumerate(items)
    }
    assert probe(others, truth[attribute]) < NEAR_CHANCE


# The signal is there


def test_directions_of_edges_tell_the_visual_attribute(truth: dict, pictures: dict):
    def directions(pixels: np.ndarray) -> np.ndarray:
        down, across = (np.abs(step).mean() for step in np.gradient(pixels.mean(-1)))
        return np.log([down / across])

    energies = {i: directions(p) for i, p in pictures.items()}
    squares = {i: np.array([e[0], abs(e[0])]) for i, e in energies.items()}
    assert probe(squares, truth["visual"]) > 0.95


def test_pitch_over_time_tells_the_audio_attribute(truth: dict, sounds: dict):
    def pitches(sound: np.ndarray) -> np.ndarray:
        parts = np.array_split(sound, 8)
        return np.log(
            [1 + np.abs(np.fft.rfft(part * np.hanning(part.size), 4096)).argmax() for part in parts]
        )

    assert probe({i: pitches(s) for i, s in sounds.items()}, truth["audio"]) > 0.95


def test_pairs_of_neighbouring_words_tell_the_textual_attribute(truth: dict, items: list):
    assert probe(word_counts(items, 2), truth["textual"]) > 0.95


# The tastes


def by_user(events: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    users: dict[str, list[dict[str, str]]] = {}
    for row in events:
        users.setdefault(row["user_id"], []).append(row)
    return users


def histories(events: list, items: list, truth: dict) -> list[np.ndarray]:
    """Each user's classes, int (events, 3), oldest event first."""
    row_of = {row["item_id"]: i for i, row in enumerate(items)}
    classes = np.stack([truth[name] for name in ATTRIBUTES], axis=1)
    return [classes[[row_of[row["item_id"]] for row in rows]] for rows in by_user(events).values()]


def test_the_last_event_follows_the_tastes_of_the_history(events: list, items: list, truth: dict):
    agree = np.array(
        [[(h[:-1, k] == h[-1, k]).mean() for k in range(3)] for h in histories(events, items, truth)]
    )
    assert (agree.mean(0) > 0.45).all()  # one third if events were drawn without a taste


def test_recent_events_tell_more_than_old_ones(events: list, items: list, truth: dict):
    found = histories(events, items, truth)
    recent = np.mean([(h[-4:-1] == h[-1]).mean() for h in found])
    old = np.mean([(h[:3] == h[-1]).mean() for h in found])
    assert recent > old + 0.05


def chance_in_top(k: int, events: list, items: list, truth: dict, attributes: tuple[int, ...]) -> float:
    """Mean chance of a user's last item to be in the top k when only the recent classes are known.

    Items with equal scores are in random order.
    """
    row_of = {row["item_id"]: i for i, row in enumerate(items)}
    classes = np.stack([truth[name] for name in ATTRIBUTES], axis=1)
    chances = []
    for rows in by_user(events).values():
        seen = np.array([row_of[row["item_id"]] for row in rows])
        recency = 0.8 ** np.arange(len(seen) - 1)[::-1]
        scores = np.zeros(len(items))
        for a in attributes:
            liked = 0.3 + np.bincount(classes[seen[:-1], a], recency, minlength=3)
            scores += np.log(liked / liked.sum())[classes[:, a]]
        scores[seen[:-1]] = -np.inf
        better, equal = (scores > scores[seen[-1]]).sum(), (scores == scores[seen[-1]]).sum()
        chances.append(np.clip((k - better) / equal, 0, 1))
    return float(np.mean(chances))


def test_three_attributes_predict_far_better_than_one(events: list, items: list, truth: dict):
    together = chance_in_top(10, events, items, truth, (0, 1, 2))
    alone = [chance_in_top(10, events, items, truth, (a,)) for a in range(3)]
    assert together > 4 * max(alone)
    assert min(alone) > 1.5 * 10 / len(items)  # yet each of them is worth something


def test_kinds_likes_and_ratings_follow_the_match(events: list, items: list, truth: dict):
    match = np.concatenate([(h == mode(h)).mean(1) for h in histories(events, items, truth)])
    rows = [row for rows in by_user(events).values() for row in rows]
    average = {kind: match[[row["kind"] == kind for row in rows]].mean() for kind in ("view", "cart", "buy")}
    assert average["view"] + 0.1 < average["cart"] and average["view"] + 0.1 < average["buy"]
    liked = [i for i, row in enumerate(rows) if row["like"]]
    assert roc_auc_score([int(rows[i]["like"]) for i in liked], match[liked]) > 0.7
    rated = [i for i, row in enumerate(rows) if row["rating"]]
    assert np.corrcoef([int(rows[i]["rating"]) for i in rated], match[rated])[0, 1] > 0.4


def mode(history: np.ndarray) -> np.ndarray:
    return np.array([np.bincount(history[:, k], minlength=3).argmax() for k in range(3)])


def test_no_item_is_very_popular_and_none_is_forgotten(events: list):
    counts = Counter(row["item_id"] for row in events)
    assert len(counts) > 0.98 * ITEMS
    assert max(counts.values()) < 5 * len(events) / ITEMS


# Safety


def test_a_killed_run_leaves_nothing_that_looks_complete(tmp_path: Path):
    code = (
        "import os, sys; from tfmmrec.recipes import demo_catalogue as d;"
        "d._events = lambda *a: os._exit(9); d.generate(sys.argv[1], items=40, users=10)"
    )
    root = str(Path(demo_catalogue.__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "shop")], cwd=root, check=False)
    assert done.returncode == 9
    assert not (tmp_path / "shop").exists()
    assert list(tmp_path.rglob("*.jpg")) and not list(tmp_path.rglob("schema.toml"))
    assert demo_catalogue.generate(tmp_path / "shop", items=40, users=10) == tmp_path / "shop"


def test_a_failing_run_cleans_up_and_keeps_the_earlier_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = demo_catalogue.generate(tmp_path / "shop", items=40, users=10)
    before = contents(folder)

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(demo_catalogue, "_write_schema", fail)
    with pytest.raises(OSError, match="no space"):
        demo_catalogue.generate(folder, items=41, users=10)
    assert contents(folder) == before and os.listdir(tmp_path) == ["shop"]


def test_an_earlier_catalogue_is_replaced(tmp_path: Path):
    folder = tmp_path / "deep" / "shop"
    demo_catalogue.generate(folder, items=45, users=10)
    demo_catalogue.generate(folder, items=40, users=10)
    assert len(read(folder / "items.csv")) == 40
    assert len(list((folder / "clips").iterdir())) == 39
    assert os.listdir(tmp_path / "deep") == ["shop"]


def test_an_empty_folder_is_filled(tmp_path: Path):
    (tmp_path / "shop").mkdir()
    assert (demo_catalogue.generate(str(tmp_path / "shop"), items=40, users=10) / "schema.toml").is_file()


def test_other_peoples_files_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(ValueError, match=r"holds thesis.txt and is not a demo catalogue.*does not exist yet"):
        demo_catalogue.generate(mine)
    with pytest.raises(ValueError, match=r"thesis.txt is a file.*Give the name of a folder"):
        demo_catalogue.generate(mine / "thesis.txt")
    shop = demo_catalogue.generate(tmp_path / "shop", items=40, users=10)
    (shop / "posters" / "notes.txt").write_text("my favourites")
    with pytest.raises(ValueError, match=r"would delete posters/notes.txt"):
        demo_catalogue.generate(shop, items=40, users=10)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ValueError, match="place of the current folder"):
        demo_catalogue.generate(".")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"items": 20}, "items must be a whole number of at least 40"),
        ({"items": 100.5}, re.escape("it is 100.5")),
        ({"users": 0}, "users must be a whole number of at least 10"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": True}, "it is True"),
    ],
)
def test_wrong_numbers_are_explained(tmp_path: Path, arguments: dict, message: str):
    with pytest.raises(ValueError, match=message):
        demo_catalogue.generate(tmp_path / "shop", **arguments)
    assert not list(tmp_path.iterdir())
    arguments.pop("users", None)
    if arguments:
        with pytest.raises(ValueError, match=message):
            demo_catalogue.hidden_attributes(**arguments)

"""Titles and pictures from the data folder, and strips of an evaluation."""

import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image as Pillow

from tfmmrec.baselines import MostPopular
from tfmmrec.data import load
from tfmmrec.evaluation import evaluate
from tfmmrec.modalities import Image
from tfmmrec.report import Shelf, strips_of
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Items a to e; b has neither title nor picture, c's picture is not there."""
    folder = tmp_path_factory.mktemp("data")
    Pillow.new("RGB", (8, 8)).save(folder / "a.png")
    rows = ["a,First,a.png|z.png", "b,,", "c,Third,nowhere.png", "d,Fourth,a.png", "e,Fifth,a.png"]
    (folder / "items.csv").write_text("\n".join(["id,name,poster", *rows]) + "\n")
    events = ["user_id,id", *(f"{user},{item}" for user in "uvwxyz" for item in "abcd"), "u,e"]
    (folder / "events.csv").write_text("\n".join(events) + "\n")
    return folder


SCHEMA = Schema(item=[Image("poster")], tasks=[NextItem()], item_id="id", order="file")


def test_titles_and_first_pictures(folder):
    (folder / "z.png").write_bytes((folder / "a.png").read_bytes())
    shelf = Shelf.of(folder, SCHEMA)
    assert shelf.titles == {"a": "First", "c": "Third", "d": "Fourth", "e": "Fifth"}
    assert {item: path.name for item, path in shelf.pictures.items()} == dict.fromkeys("ade", "a.png")
    assert shelf.title("b") == "b" and shelf.card("b").picture is None
    assert shelf.card("a", framed=True).framed and shelf.card("a").title == "First"


def test_ids_are_those_of_the_data(tmp_path):
    """Whole numbers lose their type, an empty id is none, and of several rows of one id the first counts."""
    (tmp_path / "events.csv").write_text("user_id,item_id\nu,1\nu,2\nv,1\n")
    items = {"item_id": [1.0, 2.0, None, 1.0], "title": ["First", "Second", "Nobody's", "Again"]}
    pq.write_table(pa.table(items), tmp_path / "items.parquet")
    schema = Schema(tasks=[NextItem()], order="file")
    shelf = Shelf.of(tmp_path, schema)
    assert shelf.titles == {"1": "First", "2": "Second"}
    data = load(tmp_path, schema, max_dead=1)
    assert [shelf.title(one) for one in data.item_ids] == ["First", "Second"]


def test_no_table_no_pictures_no_titles(tmp_path, folder):
    assert Shelf.of(tmp_path, Schema(tasks=[NextItem()], order="file")) == Shelf({}, {})
    assert Shelf.of(folder, Schema(tasks=[NextItem()], order="file", item_id="id")).pictures == {}
    with pytest.raises(ValueError, match="was not found"):
        Shelf.of(tmp_path / "nowhere", SCHEMA)


def test_strips_of_an_evaluation_frame_what_was_held_out(folder):
    data = load(folder, Schema(tasks=[NextItem()], order="file", item_id="id"))
    results = evaluate(MostPopular(data), data.test, k=(3,))
    shelf = Shelf({"d": "Fourth"}, {})
    strips = strips_of(results, data.test, shelf, users=4, history=2)
    assert [strip.name for strip in strips] == ["u", "v", "x", "z"]  # spread over all six
    assert [card.title for card in strips[1].history] == ["b", "c"]
    wanted = [[(card.title, card.framed) for card in strip.recommended] for strip in strips]
    assert all(("Fourth", True) in cards for cards in wanted[1:])
    assert all(title == "Fourth" for cards in wanted[1:] for title, framed in cards if framed)
    everybody = strips_of(results, data.test, shelf, users=50)
    assert len(everybody) == 6 and np.unique([strip.name for strip in everybody]).size == 6


def test_pictures_by_id_and_in_a_tar(folder, tmp_path):
    picture = (folder / "a.png").read_bytes()
    (tmp_path / "items.csv").write_text("id,title\na,First\nb,Second\nc,Third\n")
    (tmp_path / "posters").mkdir()
    (tmp_path / "posters" / "a.png").write_bytes(picture)
    with tarfile.open(tmp_path / "media.tar", "w") as tar:
        tar.add(folder / "a.png", "posters/b.png")
    schema = Schema(item=[Image("poster", folder="posters")], tasks=[NextItem()], item_id="id", order="file")
    shelf = Shelf.of(tmp_path, schema)
    assert {one: shelf.card(one).picture for one in "abc"} == {"a": picture, "b": picture, "c": None}
    (tmp_path / "posters" / "a.png").unlink()
    assert shelf.card("a").picture is None

"""What is in a data folder, counted by hand, and the page that shows it."""

import dataclasses
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image as Pillow

from tfmmrec.inspection import overview, schema_or_guess
from tfmmrec.inspection.page import page, thumbnail, write_page
from tfmmrec.modalities import Category, Image, Text, Vector, Video
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, NextItem, Rating

SCHEMA = Schema(
    item=[Image("poster"), Category("genre"), Text("plot")],
    user=[Category("country")],
    event=[Category("kind")],
    tasks=[NextItem(), Binary("like"), Rating("stars")],
    timestamp="time",
)
EVENTS = """user_id,item_id,time,kind,like,stars
u,a,0,view,1,5
u,a,0,view,1,5
u,a,86400,,0,x
v,b,172800,buy,perhaps,
v,z,soon,buy,,4.5
,b,5,view,,
"""
ITEMS = """item_id,title,poster,genre,plot
a,<b>First</b>,a.png,war,<script>alert(1)</script>
b,Second,gone.png,war,
c,Third,,,"  "
a,Again,bad.png,drama,x
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "shop & co"
    folder.mkdir()
    (folder / "events.csv").write_text(EVENTS)
    (folder / "items.csv").write_text(ITEMS)
    (folder / "users.csv").write_text("user_id,country\nu,FR\nw,\n")
    Pillow.new("RGB", (400, 200), (200, 10, 10)).save(folder / "a.png")
    (folder / "bad.png").write_bytes(b"no picture")
    return folder


def test_counts_by_hand(folder):
    found = overview(folder, SCHEMA)
    assert found.counts == {
        **{"events": 6, "users": 3, "items": 3, "events without an id": 1, "user-item pairs": 3},
        **{"items without events": 1, "events of unknown items": 1},
        **{"users without events": 1, "events of unknown users": 2},
    }
    assert found.density == pytest.approx(3 / 9)
    assert found.events_per_user["most"] == 3 and found.events_per_user["mean"] == 2.5
    assert found.events_per_item["least"] == 1 and found.events_per_item["most"] == 3
    assert found.time == {
        "unreadable": 1,
        "first": "1970-01-01T00:00:00+00:00",
        "last": "1970-01-03T00:00:00+00:00",
        "days": 2.0,
    }
    assert found.duplicates == {
        **{"item ids": 1, "user ids": 0},
        **{"user-item pairs": 2, "user-item pairs at the same time": 1},
    }


def test_media_by_id_and_vectors_in_files_of_their_own(folder):
    (folder / "posters").mkdir()
    Pillow.new("RGB", (40, 20), (10, 200, 10)).save(folder / "posters" / "b.png")
    vectors = np.ones((4, 3), "float32")
    vectors[1] = np.nan  # has none
    vectors[2, 0] = np.inf
    np.save(folder / "vectors.npy", vectors)
    schema = Schema(
        item=[Image("cover", folder="posters"), Vector("sound", file="vectors.npy")],
        tasks=[NextItem()],
        timestamp="time",
    )
    found = overview(folder, schema)
    shown = {f.column: (f.side, f.modality, f.rows, f.missing, f.broken, f.distinct) for f in found.features}
    assert shown == {"cover": ("item", "Image", 4, 3, 0, None), "sound": ("item", "Vector", 4, 1, 1, None)}
    assert page(found, schema).count("<img src='data:image/jpeg;base64,") == 1


def test_folders_of_frames_are_read_as_videos_alone(folder):
    (folder / "frames").mkdir()
    Pillow.new("RGB", (4, 4)).save(folder / "frames" / "0.png")
    (folder / "items.csv").write_text(ITEMS.replace("a.png", "frames/"))
    for feature, broken in ((Video("poster"), 1), (Image("poster"), 2)):  # gone.png is no file either
        (found,) = overview(folder, dataclasses.replace(SCHEMA, item=(feature,))).features[:1]
        assert (found.modality, found.broken) == (type(feature).__name__, broken)
    assert "is a folder; expected a file" in page(overview(folder, SCHEMA), SCHEMA)


def test_features_and_labels_by_hand(folder):
    found = overview(folder, SCHEMA)
    shown = {f.column: (f.side, f.modality, f.rows, f.missing, f.broken, f.distinct) for f in found.features}
    assert shown == {
        "poster": ("item", "Image", 4, 1, 1, 3),
        "genre": ("item", "Category", 4, 1, 0, 2),
        "plot": ("item", "Text", 4, 2, 0, 3),
        "country": ("user", "Category", 2, 1, 0, 1),
        "kind": ("event", "Category", 6, 1, 0, 2),
    }
    like, stars = found.labels["like"], found.labels["stars"]
    assert (like["known"], like["missing"], like["unusable"]) == (3, 2, 1)
    assert like["values"] == {"1": 2, "0": 1}
    assert (stars["known"], stars["missing"], stars["unusable"]) == (3, 2, 1)
    assert stars["values"] == {"5": 2, "4.5": 1}


def test_rows_that_cannot_be_read_are_counted(folder):
    (folder / "events.csv").write_text(EVENTS + "u,a,1\n")
    found = overview(folder, SCHEMA)
    assert found.unreadable == {"events: wrong number of cells": 1} and found.counts["events"] == 6


def test_progress_is_told(folder):
    said = []
    overview(folder, SCHEMA, lambda *how: said.append(how))
    assert ("events: reading", 1, 1) in said and ("items: looking up poster", 4, 4) in said


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_is_whole_in_itself_and_markup_in_data_is_text(folder, tmp_path):
    write_page(tmp_path / "shop.html", overview(folder, SCHEMA), SCHEMA, "A <note>.")
    text = (tmp_path / "shop.html").read_text("utf-8")
    seen = Tags(text)
    assert {"script", "link", "iframe", "b"}.isdisjoint(seen.tags)
    assert len(seen.links) == 1 and seen.links[0].startswith("data:image/jpeg;base64,")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "shop &amp; co" in text
    assert "A &lt;note&gt;." in text
    assert "not found in the data folder" in text and "not a readable picture" in text
    assert not re.search(r"(src|href)=['\"]?(http|//)", text)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["shop.html"]


def test_thumbnails_are_small(folder, tmp_path):
    import base64
    import io

    packed = base64.b64decode(thumbnail((folder / "a.png").read_bytes()).partition(",")[2])
    assert Pillow.open(io.BytesIO(packed)).size == (112, 56)
    with pytest.raises(ValueError, match="not a readable picture"):
        thumbnail((folder / "bad.png").read_bytes())


def test_events_alone_and_times_beyond_the_calendar(tmp_path):
    (tmp_path / "events.csv").write_text("user_id,item_id,time\nu,a,1e18\nu,b,1e18\n")
    schema = Schema(tasks=[NextItem()], timestamp="time")
    found = overview(tmp_path, schema)
    assert found.counts == {"events": 2, "users": 1, "items": 2, "user-item pairs": 2}
    assert found.time == {"unreadable": 2}
    assert "Some events" in page(found, schema) and not math.isnan(found.density)


def test_the_schema_there_is_or_a_guess(folder, tmp_path):
    schema, guessed = schema_or_guess(folder)
    assert guessed and schema.user_id == "user_id"
    (folder / "schema.toml").write_text('order = "file"\n[[task]]\ntask = "NextItem"\n')
    schema, guessed = schema_or_guess(folder)
    assert not guessed and schema.order == "file"
    with pytest.raises(ValueError, match="was not found"):
        schema_or_guess(folder, tmp_path / "nowhere.toml")

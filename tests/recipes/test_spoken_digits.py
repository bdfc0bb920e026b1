"""The converter of spoken digits: on a few made-up recordings, and on the real data."""

import csv
import wave
from collections import Counter

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.recipes.spoken_digits import convert
from tfmmrec.schema import Schema


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "downloads/spoken-digits"
    (root / "recordings").mkdir(parents=True)
    for name in ("7_ann_4", "7_ann_5", "7_ann_10", "7_ann_7", "0_bo_6", "0_ann_0", "1_bo_11"):
        with wave.open(str(root / f"recordings/{name}.wav"), "wb") as clip:
            clip.setnchannels(1)
            clip.setsampwidth(2)
            clip.setframerate(8000)
            clip.writeframes((900 * np.sin(np.arange(2000) * len(name))).astype("<i2").tobytes())
    (root / "README.md").write_text("about")
    return root


def test_events(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    # Numbers are numbers: 10 comes after 7.
    assert (folder / "events.csv").read_text() == (
        "user_id,item_id,digit,split\nann,0_ann_0,0,test\nann,7_ann_4,7,test\nann,7_ann_5,7,valid\n"
        "ann,7_ann_7,7,train\nann,7_ann_10,7,train\nbo,0_bo_6,0,valid\nbo,1_bo_11,1,train\n"
    )


def test_items(source, tmp_path):
    folder = convert(source.parent, tmp_path / "out")
    lines = (folder / "items.csv").read_text().splitlines()
    assert lines[:2] == ["item_id,recording,speaker", "0_ann_0,recordings/0_ann_0.wav,ann"]
    for line in lines[1:]:
        name = line.split(",")[1]
        assert (folder / name).read_bytes() == (source / name).read_bytes()
    assert len(list((folder / "recordings").iterdir())) == len(lines) - 1 == 7


def test_it_can_be_loaded(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    schema = Schema.from_toml(folder / "schema.toml")
    assert schema.features("item") == schema.item and schema.features("user") == ()
    data = load(folder, schema)
    assert data.problems == {"events: unusable digit": 2} and data.user_ids == ["ann", "bo"]
    assert data.events.split.tolist() == [2, 2, 1, 0, 0, 1, 0]
    # Digits of training are 7 and 1; the digit 0 is not among them, so its events have no label.
    assert np.isnan(data.events.labels["digit"]).tolist() == [True, False, False, False, False, True, False]


@pytest.mark.parametrize("name", ["seven_ann_1.wav", "7_ann.wav", "7_ann_01.wav", "12_ann_1.wav"])
def test_recordings_of_other_names(source, tmp_path, name):
    (source / "recordings" / name).touch()
    with pytest.raises(ValueError, match=f"such as 7_george_12.wav, got .*{name}"):
        convert(source, tmp_path / "out")


def test_no_recordings(tmp_path):
    (tmp_path / "recordings").mkdir()
    with pytest.raises(ValueError, match="recordings to hold WAV files"):
        convert(tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="to hold recordings, but it holds nothing"):
        convert(tmp_path / "recordings", tmp_path / "out")


def test_real(tfmmrec_data, tmp_path):
    folder = convert(tfmmrec_data, tmp_path / "out")
    with (folder / "events.csv").open() as stream:
        events = list(csv.DictReader(stream))
    # Six speakers said ten digits twelve times each.
    assert len(events) == 720
    assert set(Counter((event["user_id"], event["digit"]) for event in events).values()) == {12}
    assert Counter(event["split"] for event in events) == {"test": 300, "valid": 120, "train": 300}
    names = {path.name for path in (tfmmrec_data / "spoken-digits/recordings").iterdir()}
    assert {f"{event['item_id']}.wav" for event in events} == names
    assert all(event["item_id"].split("_")[:2] == [event["digit"], event["user_id"]] for event in events)

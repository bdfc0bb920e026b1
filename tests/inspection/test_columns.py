"""What a column is taken for, by hand-written cells."""

import pytest
from PIL import Image

from tfmmrec.inspection.columns import Column, kind_of, vector_size

PLOTS = [
    f"A tale of {n} people who meet in a town by the sea and of what {n + 1} of them lost" for n in range(40)
]


@pytest.mark.parametrize(
    ("name", "cells", "member", "settings"),
    [
        ("plot", PLOTS, "Text", {}),
        ("plot", [f"{plot} {plot} {plot}" for plot in PLOTS], "Text", {"length": 64}),
        ("title", [f"Film {n}" for n in range(40)], "Text", {"length": 8}),
        ("gender", ["M", "F"] * 20, "Category", {}),
        ("flag", ["0", "1"] * 20, "Category", {}),
        ("price", [f"{n}.5" for n in range(40)], "Number", {}),
        ("year", [1950 + n for n in range(40)], "Number", {}),
        ("zip", [f"0{n % 3}{n % 2}01" for n in range(40)], "Category", {}),
        ("zip", [str(n % 10) for n in range(40)], "Category", {}),
        ("area", ["8", "9", "T", "V"] * 10, "Category", {}),
        ("genres", ["drama|comedy", "drama", "war|drama"] * 9, "Tags", {}),
        ("genres", ["a, b", "b", "a", "c, a"] * 9, "Tags", {"separator": ","}),
        ("cast", ["|".join(f"Actor {n}" for n in range(12))] * 9 + ["Actor 3"], "Tags", {"length": 12}),
        ("tags", [["a", "b"], ["c"], []], "Tags", {}),
        ("embedding", [[0.1, 2.0, 3.0]] * 9 + [None], "Vector", {}),
        ("embedding", ["0.1 2 3 -4e-1", "1 2 3 4"] * 9, "Vector", {}),
        ("released", [1.6e9 + 86_400 * n for n in range(40)], "Timestamp", {}),
        ("empty", [None, "", float("nan")], "", {}),
        ("same", ["x"] * 9, "", {}),
        ("imdb_id", [str(100 + n) for n in range(40)], "", {}),
        ("sku", [f"A{n}B" for n in range(40)], "", {}),
        ("released", [f"2024-05-{1 + n % 28:02}" for n in range(40)], "Timestamp", {}),
        ("seen", [f"2019-10-{1 + n % 28:02} 00:00:00 UTC" for n in range(40)], "Timestamp", {}),
        ("seen", [f"2019-10-{1 + n % 28:02}T10:00:00+02:00" for n in range(40)], "Timestamp", {}),
        ("runtime", [60 + n for n in range(40)], "Number", {}),
        ("time", ["morning", "evening"] * 20, "Category", {}),
        ("version", [f"4.{n % 3}.{10 + n % 2}" for n in range(40)], "Category", {}),
        ("ragged", [[1, 2], [3]], "", {}),
        ("poster", ["https://example.org/a.jpg"] * 9, "", {}),
        ("poster", ["nowhere/a.jpg"] * 9, "", {}),
    ],
)
def test_a_kind(tmp_path, name, cells, member, settings):
    found = kind_of(Column(name, cells), tmp_path)
    assert (found.member, found.settings) == (member, settings), found.why
    assert found.why


def test_media_are_looked_up(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    found = kind_of(Column("poster", ["a.png", "b.png", None, "a.png"]), tmp_path)
    assert found.member == "Image" and "2 of 3 looked up are there, 25% empty" in found.why
    found = kind_of(Column("shots", ["a.png|a.png|a.png", "a.png"]), tmp_path)
    assert found.settings == {"images": 3}
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    assert kind_of(Column("clip", ["a.wav"] * 3), tmp_path).member == "Audio"
    (tmp_path / "a.mp4").write_bytes(b"a video")
    assert kind_of(Column("clip", ["a.mp4"] * 3), tmp_path).member == "Video"


def test_a_path_out_of_the_folder_is_not_there(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "data").mkdir()
    assert kind_of(Column("poster", ["../a.png"] * 3), tmp_path / "data").member == ""


def test_milliseconds_are_told(tmp_path):
    wrong = Column("timestamp", [str(1_600_000_000_000 + n) for n in range(30)])
    assert wrong.milliseconds and "milliseconds" in wrong.time
    found = kind_of(wrong, tmp_path)
    assert found.member == "" and "milliseconds since 1970, it seems: Timestamp reads seconds" in found.why
    assert "milliseconds" not in Column("timestamp", [str(1_600_000_000 + n) for n in range(30)]).time
    assert Column("place", [str(n) for n in range(30)]).time == ""


def test_cells_that_hold_nothing_do_not_count():
    column = Column("a", ["1", None, "", float("nan"), "0", "1"])
    assert (column.distinct, len(column.known), column.missing) == (2, 3, ", 50% empty")


def test_vectors_need_one_length():
    assert vector_size(["1 2 3 4", "5 6 7 8"]) == 4
    assert vector_size(["1 2 3 4", "5 6 7"]) == vector_size(["1 2", "3 4"]) == vector_size(["a b c d"]) == 0


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("timestamp", ["1/31/2023 12:00", "2/1/2023 9:05"], "not ISO 8601, such as '1/31/2023 12:00': write"),
        ("released", ["1/31/23", "2/1/23"], "pd.to_datetime(df['released']), or as seconds since 1970"),
        (
            "released",
            ["31/1/2023", "2/1/2023"],
            "df['released'] = pd.to_datetime(df['released'], dayfirst=True)",
        ),
        ("released", ["01.02.2023", "02.02.2023"], "pd.to_datetime(df['released'], dayfirst=True)"),
        ("released", ["2023/1/31", "2023/2/1"], "pd.to_datetime(df['released'])"),
        ("released", ["Jan 31, 2023", "Feb 1, 2023"], "such as 'Jan 31, 2023'"),
        ("released", ["Mon Apr 06 22:19:45 PDT 2009", "Tue Apr 07 22:19:45 PDT 2009"], "such as 'Mon Apr 06"),
        ("released", ["31-Jan-2023", "01-Feb-2023"], "such as '31-Jan-2023'"),
        ("ts", ["week 3, day 1", "week 3, day 2"], "by its name a time, but none that can be read"),
        ("date", ["20240131", "20240201"], "pd.to_datetime(df['date'], format='%Y%m%d')"),
        ("n", [20240101 + n for n in range(12)], "dates written together, such as '20240101': write"),
    ],
)
def test_times_that_cannot_be_read_are_left_out_with_the_way_to_mend_them(tmp_path, name, cells, why):
    column = Column(name, cells)
    found = kind_of(column, tmp_path)
    assert column.time == "" and found.member == "" and why in found.why


def test_numbers_that_happen_to_look_like_a_date_stay_numbers(tmp_path):
    for cells in ([20240131, 20240201], [20240131 + 100 * n for n in range(40)]):  # few; months up to 41
        assert kind_of(Column("price", cells), tmp_path).member == "Number"

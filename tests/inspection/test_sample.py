"""The first rows of a table, in every format."""

import csv
import gzip
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet
import pytest

from tfmmrec.inspection.sample import count_rows, read_sample

ROWS = [{"a": f"{n}", "b": 'x,"y"\nz' if n == 1 else None} for n in range(5)]
CSV = 'a,b\n0,\n1,"x,""y""\nz"\n2,\n3,\n4,\n'


@pytest.fixture(params=["csv", "csv.gz", "jsonl", "parquet", "folder"])
def table(request, tmp_path):
    path = tmp_path / f"events.{request.param}"
    if request.param == "csv":
        path.write_text("\ufeff" + CSV, "utf-8", newline="")
    elif request.param == "csv.gz":
        path.write_bytes(gzip.compress(CSV.encode()))
    elif request.param == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\nno json\n")
    elif request.param == "parquet":
        pa.parquet.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        path = tmp_path / "events"
        path.mkdir()
        (path / "_SUCCESS").touch()
        (path / "part-0.csv").write_text(CSV, newline="")
    return path


def test_columns_hold_python_values(table, tmp_path):
    sample = read_sample(tmp_path, table, "events")
    assert sample.columns == {"a": list("01234"), "b": [None, 'x,"y"\nz', None, None, None]}
    assert sample.whole and sample.file == table.name and len(sample) == 5


def test_no_more_rows_than_asked_are_read(table, tmp_path):
    sample = read_sample(tmp_path, table, "events", rows=2)
    assert sample.columns["a"] == ["0", "1"] and not sample.whole
    if table.is_file():
        assert count_rows(table) == 5


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
def test_other_separators_are_seen(tmp_path, separator):
    (tmp_path / "events.csv").write_text(separator.join("ab") + "\n" + separator.join("12") + "\n")
    assert read_sample(tmp_path, tmp_path / "events.csv", "events").columns == {"a": ["1"], "b": ["2"]}


def test_moments_of_parquet_are_seconds(tmp_path):
    moments = [datetime(2024, 1, 1, tzinfo=UTC)]
    pa.parquet.write_table(pa.table({"t": moments, "n": [1]}), tmp_path / "events.parquet")
    sample = read_sample(tmp_path, tmp_path / "events.parquet", "events")
    assert sample.columns["t"] == [1704067200.0] and sample.times == {"t"}


@pytest.mark.parametrize(
    ("name", "contents", "said"),
    [
        ("events.csv", b"", "is empty; it needs a header and rows"),
        ("events.csv", b"a,b\n", "has no rows, at most a header"),
        ("events.csv.gz", b"no gzip", "cannot be read"),
        ("events.parquet", b"no parquet", "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_read(tmp_path, name, contents, said):
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(ValueError, match=said):
        read_sample(tmp_path, tmp_path / name, "events")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl"])
def test_a_byte_order_mark_says_the_encoding(tmp_path, encoding, ending):
    text = '{"größe": "weiß"}\n' if ending == "jsonl" else "größe,n\nweiß,1\n"
    contents = text.encode(encoding)
    path = tmp_path / f"items.{ending}"
    path.write_bytes(gzip.compress(contents) if ending.endswith("gz") else contents)
    sample = read_sample(tmp_path, path, "items")
    assert sample.columns["größe"] == ["weiß"] and sample.encoding is None


@pytest.mark.parametrize(
    ("text", "encoding", "proposed", "columns"),
    [
        ("größe,n\ngroß,1\n", "latin-1", "cp1252", {"größe": ["groß"], "n": ["1"]}),
        ("n,what\n1,it’s\n", "cp1252", "cp1252", {"n": ["1"], "what": ["it’s"]}),
        ("n,what\n1,\x81\n", "latin-1", "latin-1", {"n": ["1"], "what": ["\x81"]}),  # none of cp1252
        ('{"what": "groß"}\n', "latin-1", "cp1252", {"what": ["groß"]}),
    ],
)
def test_another_encoding_is_proposed(tmp_path, text, encoding, proposed, columns):
    path = tmp_path / ("items.jsonl" if text.startswith("{") else "items.csv")
    path.write_bytes(text.encode(encoding))
    sample = read_sample(tmp_path, path, "items")
    assert (sample.encoding, sample.columns) == (proposed, columns)
    assert f"so read as {proposed}, in which that is part of" in sample.why_encoding


def test_a_few_broken_rows_are_left_out_as_in_preparation(tmp_path):
    rows = [f"{n},groß".encode() for n in range(200)]
    rows[7] = "7,groß".encode("latin-1")
    (tmp_path / "items.csv").write_bytes(b"\n".join([b"n,what", *rows]))
    sample = read_sample(tmp_path, tmp_path / "items.csv", "items")
    assert sample.encoding is None and len(sample) == 199 and set(sample.columns["what"]) == {"groß"}


def test_long_cells_are_read_and_a_quote_that_stays_open_is_told_of(tmp_path, monkeypatch):
    path = tmp_path / "items.csv"
    path.write_text(f"n,plot\n1,{'word ' * 60_000}\n")
    assert len(read_sample(tmp_path, path, "items").columns["plot"][0]) == 300_000
    monkeypatch.setattr("tfmmrec.inspection.sample._CELL", 1 << 20)
    before = csv.field_size_limit(1 << 20)
    try:
        path.write_text('n,plot\n0,"a, b"\n1,"word\n' + "2,word word\n" * 100_000)
        with pytest.raises(ValueError, match="field limit.*; perhaps a quote that opens is never closed"):
            read_sample(tmp_path, path, "items")
    finally:
        csv.field_size_limit(before)


def test_quotes_that_are_letters_stay(tmp_path):
    (tmp_path / "items.tsv").write_text('item_id\ttitle\n1\t"Weird Al" Yankovic\n2\t"Heroes\n3\tLow\n')
    sample = read_sample(tmp_path, tmp_path / "items.tsv", "items")
    assert sample.columns["title"] == ['"Weird Al" Yankovic', '"Heroes', "Low"] and not sample.quoted
    assert sample.why_letters == 'quotes read as letters, as in line 2, "Weird Al" Yankovic'
    assert count_rows(tmp_path / "items.tsv", quoted=False) == 3

"""The first rows of a table, in every format."""

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

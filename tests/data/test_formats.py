"""Rows out of CSV, Parquet and JSON-lines: nothing guessed, nothing lost, every line number right."""

import ast
import csv
import gzip
import io
import json
import sys
import tomllib

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.data import formats
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.readers import read_table


class Reader:
    """Writes bytes as a table and reads them back."""

    def __init__(self, folder):
        self.folder, self.letters = folder, DeadLetters()

    def __call__(self, contents, name="events.csv", columns=("a", "b"), optional=(), entry=None):
        path = self.folder / name
        path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
        wanted = {column: "the test" for column in columns}
        return read_table(self.folder, path, "events", wanted, self.letters, optional, entry)


@pytest.fixture
def read(tmp_path):
    return Reader(tmp_path)


def cells(table, column):
    return list(table.cells(column, np.arange(len(table))))


def test_a_csv_is_strings_as_they_stand(read):
    table = read('\ufeffa,skipped,b\r\n007,x,1.0\r\n"a,b",x,"two\nlines"\r\n🎬,x,""\r\n,x," "')
    assert cells(table, "a") == ["007", "a,b", "🎬", None]
    assert cells(table, "b") == ["1.0", "two\nlines", None, " "]
    assert set(table.columns) == {"a", "b"}
    assert table.lines.tolist() == [2, 3, 4, 5]
    assert table.met == 4


@pytest.mark.parametrize("name", ["events.csv.gz", "events.jsonl.gz"])
def test_packed_files(read, name):
    text = 'a,b\n1,"2\n3"\n' if "csv" in name else '{"a": "1", "b": "2\\n3"}\n'
    table = read(gzip.compress(text.encode()), name)
    assert (cells(table, "a"), cells(table, "b")) == (["1"], ["2\n3"])


def test_rows_with_too_few_or_too_many_cells_are_dead_and_lines_go_on(read, monkeypatch):
    monkeypatch.setattr(formats, "_BLOCK", 32)  # several blocks
    good = "".join(f"{i},x\n" for i in range(20))
    table = read("a,b\n1\n" + good + "\n2,3,4\n" + good + "5\n")
    assert table.met == 44
    assert table.lines.tolist() == [*range(3, 24), *range(25, 45)]
    assert table.places.tolist() == [line - 2 for line in table.lines]
    letters = list(read.letters)
    assert [letter.line for letter in letters] == [2, 24, 45]
    assert letters[1].detail == "expected 2 cells, got 3"
    assert {letter.value for letter in letters} == {"1", "2,3,4", "5"}
    assert {(letter.lost, letter.reason) for letter in letters} == {("row", "wrong number of cells")}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=5)] * 2),
        min_size=1,
        max_size=8,
    )
)
def test_any_text_survives_quoting(tmp_path_factory, rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b"), *rows])
    table = Reader(tmp_path_factory.getbasetemp())(text.getvalue())
    expected = [[cell or None for cell in column] for column in zip(*rows, strict=True)]
    assert [cells(table, "a"), cells(table, "b")] == expected


def test_a_quote_that_is_never_closed_is_an_error(read):
    with pytest.raises(ValueError, match="quote that opens in the row at line 3 is never closed"):
        read('a,b\n1,2\n3,"4\n5,6\n')
    with pytest.raises(ValueError, match="row at line 2 is never closed"):
        read('a,b\n"1,2\n3,4\n')
    assert cells(read('a,b\n1,5" disk\n'), "b") == ['5" disk']  # odd, and sound


REVIEWS = [["a", "b"], *([f"u{n}", "fine"] for n in range(400))]


def reviews(changes, end="\n", final=True):
    """400 reviews, some of them changed, as a TSV nobody quoted; the review of `n` stands in line n + 2."""
    rows = [[user, changes.get(n, text)] for n, (user, text) in enumerate(REVIEWS[1:])]
    return end.join("\t".join(row) for row in [REVIEWS[0], *rows]) + final * end


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({100: '"Best film ever', 300: '"Meh'}, "line 102 is not closed .* lines 102 to 302 would be one"),
        ({100: '"Best film', 300: '"Meh" is all I say'}, "line 102 is not closed .* lines 102 to 302"),
        ({100: '"Best', 200: '"Meh', 300: '"Hm'}, "line 102 is not closed .* lines 102 to 202"),
        # the cell before ends in a quote of its own, and is whole
        ({99: '"Weird" Al', 100: '"Best', 101: '"Meh'}, "line 102 is not closed .* lines 102 to 103"),
        ({399: '"Meh'}, "line 401 is never closed, so the rest of the file would be one cell"),
    ],
)
def test_quotes_that_swallow_rows_are_an_error(read, changes, said, end, final):
    text = reviews(changes, end, final)
    with pytest.raises(ValueError, match=f"a quote that opens in the row at {said}.*say so:") as error:
        read(text, "events.tsv", entry={"missing": ["NA"]})
    _, *toml, python = str(error.value).splitlines()
    mended = tomllib.loads("\n".join(toml))["tables"]
    assert mended == {"events": {"missing": ["NA"], "quote": ""}}
    assert ast.literal_eval(python.removeprefix("In Python: tables=")) == mended
    table = read(text, "events.tsv", entry=mended["events"])
    assert cells(table, "b") == [changes.get(n, "fine") for n in range(400)]
    assert table.lines.tolist() == [*range(2, 402)] and not len(read.letters)


def test_quotes_that_swallow_a_row_in_another_block(read, monkeypatch):
    monkeypatch.setattr(formats, "_BLOCK", 64)
    with pytest.raises(ValueError, match="line 12 is not closed .* lines 12 to 13 would be one row"):
        read(reviews({10: '"Best', 11: '"Meh'}), "events.tsv")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_breaks_inside_of_quotes_are_part_of_a_cell(read, end):
    rows = ["a,b", '1,"two', 'lines, ""quoted"""', '2,5" disk', '3,"5" disk', '"","', '"', ""]
    table = read(end.join(rows))
    assert cells(table, "a") == ["1", "2", "3", None]
    assert cells(table, "b") == [f'two{end}lines, "quoted"', '5" disk', "5 disk", end]


def test_without_quoting_a_quote_is_a_letter(read):
    entry = {"quote": "", "separator": ";"}
    table = read('"a";b\n"1;2"\n;"\n', columns=('"a"', "b"), entry=entry)
    assert (cells(table, '"a"'), cells(table, "b")) == (['"1', None], ['2"', '"'])
    assert cells(read('a,b\n1,"2"\n', entry={"quote": '"'}), "b") == ["2"]


@pytest.fixture
def python_limit():
    """The longest cell that Python's `csv` reads by itself, whatever was read before."""
    before = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("python_limit")
def test_cells_longer_than_python_reads_by_itself(read):
    long = 200_000 * "x"
    assert cells(read(f"a,{long},b\n1,2,3\n"), "b") == ["3"]  # a name of a column, too
    assert cells(read(f'a,b\n5" tv,{long}\n'), "b") == [long]
    with pytest.raises(ValueError, match="quote that opens in the row at line 3 is never closed"):
        read(f'a,b\n1,{long}\n2,"{long}\n3,4\n')


@pytest.mark.usefixtures("python_limit")
def test_a_quote_that_swallows_more_than_a_block(read, monkeypatch):
    monkeypatch.setattr(formats, "_BLOCK", 1 << 18)
    with pytest.raises(ValueError, match="quote that opens in the row at line 2 is never closed"):
        read('a,b\n1,"' + 300_000 * "x" + "\n")  # Arrow reads it: it ends in the next block


def test_a_row_longer_than_a_block_is_an_error(read, monkeypatch):
    monkeypatch.setattr(formats, "_BLOCK", 64)
    text = "a,b\n1,2\n" + 1000 * "x" + ",2\n"
    with pytest.raises(ValueError, match='more than 0 MB after line 2; perhaps a quote .*(?s:.*)"quote": ""'):
        read(text)
    with pytest.raises(ValueError, match="more than 0 MB after line 2.$"):
        read(text, entry={"quote": ""})


@pytest.mark.parametrize(
    ("contents", "name", "hint"),
    [
        (
            "a,b\n1,2\n3,é\n".encode("latin-1"),
            "events.csv",
            "line 3 holds byte 0xe9.*latin-1",
        ),
        ("a,é,b\n1,2,3\n".encode("latin-1"), "events.csv", "line 1 holds byte 0xe9"),
        ("a,b\n1,2\n\xe9\n".encode("latin-1"), "events.csv", "line 3 holds"),  # in a row of one cell
        ('{"a": "x", "b": "é"}'.encode("latin-1"), "events.jsonl", "line 1 holds byte 0xe9"),
    ],
)
def test_files_that_are_not_utf8(read, contents, name, hint):
    with pytest.raises(ValueError, match=f"is not UTF-8: {hint}"):
        read(contents, name)


@pytest.mark.parametrize(
    "entry", [None, "events.csv", {"file": "events.csv", "missing": ["NA"], "separator": "\t"}]
)
def test_the_remedy_of_another_encoding_can_be_pasted_and_mends_it(read, entry):
    contents = "a\tb\n1\té\n".encode("latin-1")
    with pytest.raises(ValueError, match="in the schema; if that is latin-1:") as error:
        read(contents, entry=entry)
    _, *toml, python = str(error.value).splitlines()
    mended = tomllib.loads("\n".join(toml))["tables"]
    known = {"file": entry} if isinstance(entry, str) else entry or {}
    assert mended == {"events": {**known, "encoding": "latin-1"}}
    assert ast.literal_eval(python.removeprefix("In Python: tables=")) == mended
    assert cells(read(contents, entry=mended["events"]), "b") == ["é"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,B", r"'events' \(events.csv\) has no column 'b', which the test asks for. It has: 'a', 'B'"),
        ("a,bb", "Did you mean 'bb'"),
        ("a;B", "no column 'b'.*It has: 'a', 'B'"),
        ("a,b,a", "2 columns named 'a'"),
        ("", "begins with an empty line; its first line must name the columns 'a', 'b'"),
    ],
)
def test_headers_that_cannot_be_used(read, header, message):
    with pytest.raises(ValueError, match=message):
        read(header + "\n1,2,3\n")


def test_an_optional_column_is_read_where_there_is_one(read):
    assert set(read("a,b,split\n1,2,test\n", optional=["split"]).columns) == {"a", "b", "split"}
    assert set(read("a,b\n1,2\n", optional=["split"]).columns) == {"a", "b"}
    lines = '{"a": 1, "b": 2}\n{"a": 1, "b": 2, "split": "test"}\n'
    assert cells(read(lines, "events.jsonl", optional=["split"]), "split") == [None, "test"]
    assert set(read('{"a": 1, "b": 2}', "events.jsonl", optional=["split"]).columns) == {"a", "b"}


def test_json_lines_keep_their_types_and_lines(read, monkeypatch):
    monkeypatch.setattr(formats, "_ROWS", 2)  # several chunks
    rows = [
        '{"a": 1, "b": [1, 2]}',
        "",
        '{"b": "2020-01-01"}',
        "[1]",
        '{"a": "007"',
        '{"a": "\\ud83c\\udfac"}',
    ]
    table = read("\ufeff" + "\n".join([*rows, '{"a": "\\ud83c"}']), "events.jsonl")
    assert cells(table, "a") == [1, None, "🎬"]
    assert cells(table, "b") == [[1, 2], "2020-01-01", None]
    assert (table.lines.tolist(), table.places.tolist(), table.met) == ([1, 3, 6], [0, 1, 4], 6)
    letters = {letter.line: letter.detail for letter in read.letters}
    assert set(letters) == {4, 5, 7}
    assert "it is a JSON list" in letters[4]
    assert "delimiter" in letters[5]
    assert "surrogates" in letters[7]


def test_json_lines_without_a_key_anywhere(read):
    with pytest.raises(ValueError, match="no column 'b'.*It has: 'a', 'bb'. Did you mean 'bb'"):
        read('{"a": 1}\n{"bb": 2}\n', "events.jsonl")
    with pytest.raises(
        ValueError, match="no readable row among 1. The first, line 1: expected one JSON object"
    ):
        read(json.dumps([{"a": 1, "b": 2}]), "events.jsonl")


def test_deeply_nested_json_is_a_dead_row(read):
    deep = sys.getrecursionlimit() * 100
    table = read('{"a": ' + deep * "[" + deep * "]" + '}\n{"a": 1, "b": 2}\n', "events.jsonl")
    assert table.lines.tolist() == [2]


def test_parquet_types(read):
    data = pa.table(
        {"a": pa.array([7, None]), "b": pa.array(["x", "y"]).dictionary_encode(), "c": [[0.5], None]}
    )
    sink = io.BytesIO()
    pa.parquet.write_table(data, sink)
    table = read(sink.getvalue(), "events.parquet", columns=("a", "b", "c"))
    assert cells(table, "a") == [7, None]
    assert cells(table, "b") == ["x", "y"]
    assert cells(table, "c") == [[0.5], None]
    assert (table.lines.tolist(), table.met) == ([1, 2], 2)
    with pytest.raises(ValueError, match="has no column 'd'.*It has: 'a', 'b', 'c'"):
        read(sink.getvalue(), "events.parquet", columns=("d",))


def test_parquet_strings_that_are_not_utf8(read):
    bad = pa.array([b"\xe9"]).view(pa.string())
    sink = io.BytesIO()
    pa.parquet.write_table(pa.table({"a": bad, "b": bad}), sink)
    with pytest.raises(ValueError, match="is not UTF-8: line 1 holds byte 0xe9"):
        read(sink.getvalue(), "events.parquet")


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("events.parquet", b"no parquet"),
        ("events.csv.gz", b"a,b\n1,2\n"),
        ("events.csv.gz", gzip.compress(b"a,b\n1,2\n" * 50, mtime=0)[:-9]),
        ("events.jsonl.gz", gzip.compress(b'{"a": 1, "b": 2}\n' * 50, mtime=0)[:-9]),
    ],
)
def test_files_that_are_not_what_they_are_called(read, name, contents):
    with pytest.raises(ValueError, match=f"{name}. is no readable .{name.partition('.')[2]} file"):
        read(contents, name)


@pytest.mark.parametrize(
    ("name", "contents"), [("events.csv", "a,b\n"), ("events.csv", "a,b"), ("events.jsonl", "\n\n")]
)
def test_tables_without_rows(read, name, contents):
    with pytest.raises(ValueError, match="has no rows"):
        read(contents, name)
    with pytest.raises(ValueError, match=r"is an empty file \(0 bytes\); it needs .* the columns 'a', 'b'"):
        read("", name)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["events.csv", "events.csv.gz", "events.jsonl"])
def test_a_byte_order_mark_says_the_encoding(read, encoding, name):
    text = '{"a": "é", "b": "🎬"}\n' if "json" in name else 'a,b\né,"🎬"\n'
    contents = text.encode(encoding)
    table = read(gzip.compress(contents) if name.endswith("gz") else contents, name)
    assert (cells(table, "a"), cells(table, "b")) == (["é"], ["🎬"])


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le", "gb18030"])
def test_an_encoding_that_is_named(read, encoding):
    table = read("a;b\né;ü\n".encode(encoding), entry={"encoding": encoding})
    assert (cells(table, "a"), cells(table, "b")) == (["é"], ["ü"])


def test_a_file_that_is_not_in_the_encoding_that_was_named(read):
    with pytest.raises(ValueError, match="is not UTF-16: line 2 holds byte 0x00"):
        read("a,b\n1,".encode("utf-16") + b"\x00\xdc,\x00", entry={"encoding": "utf-16"})


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_finds_the_columns(read, separator):
    table = read(f'x.y{separator}a{separator}b\n1{separator}"2{separator}3"{separator}4\n')
    assert (cells(table, "a"), cells(table, "b")) == ([f"2{separator}3"], ["4"])


def test_other_separators_are_named(read):
    assert cells(read("a b\n1 2\n", entry={"separator": " "}), "b") == ["2"]
    assert cells(read("a,b\tb\n1\t2\n", "events.tsv", columns=["b"]), "b") == ["2"]
    with pytest.raises(ValueError, match="no column 'a'.*It has: 'a,b'"):
        read("a,b\n1,2\n", entry={"separator": ";"})


def test_texts_that_stand_for_an_empty_cell(read):
    entry = {"missing": ["NA", "NULL"]}
    table = read('a,b\nNA,1\n"NULL",NAN\nna, NA\n,2\n', entry=entry)
    assert (cells(table, "a"), cells(table, "b")) == ([None, None, "na", None], ["1", "NAN", " NA", "2"])
    lines = '{"a": "NA", "b": ["NA"]}\n{"a": null, "b": "NULL"}\n{"a": 0, "b": "x"}\n'
    table = read(lines, "events.jsonl", entry=entry)
    assert (cells(table, "a"), cells(table, "b")) == ([None, None, 0], [["NA"], None, "x"])
    sink = io.BytesIO()
    pa.parquet.write_table(pa.table({"a": ["NA", "x"], "b": [1.5, None]}), sink)
    table = read(sink.getvalue(), "events.parquet", entry=entry)
    assert (cells(table, "a"), cells(table, "b")) == ([None, "x"], [1.5, None])
    assert cells(read("a,b\nNA,1\n"), "a") == ["NA"]  # nothing is guessed


def test_broken_text_is_a_dead_row_where_the_file_is_utf8(read, monkeypatch):
    monkeypatch.setattr(formats, "_BLOCK", 64)  # several blocks
    good = "".join(f"{i},é🎬\n" for i in range(30)).encode()
    broken = b"x,\xe9\n" + b"caf\xe9,1\n" + b"\xff\n" + b'"\xf0\x9f\x8e",\xc3\n'
    table = read(b"a,b,c\n".replace(b",c", b"") + good + broken + good)
    assert table.met == 64
    assert table.lines.tolist() == [*range(2, 32), *range(36, 66)]
    assert table.places.tolist() == [line - 2 for line in table.lines]
    found = {(x.line, x.column, x.reason, x.value, x.detail[-9:]) for x in read.letters}
    assert found == {
        (32, "b", "not UTF-8", "\ufffd", "byte 0xe9"),
        (33, "a", "not UTF-8", "caf\ufffd", "byte 0xe9"),
        (34, "", "not UTF-8", "\ufffd", "byte 0xff"),
        (35, "a", "not UTF-8", "\ufffd\ufffd\ufffd", "byte 0xf0"),
    }


def test_broken_text_of_a_column_nobody_reads_does_no_harm(read):
    assert cells(read(b"a,b,c\n1,2,\xe9\n"), "a") == ["1"]


def test_broken_json_lines_and_parquet(read):
    lines = '{"a": "é", "b": 1}\n'.encode() * 3 + b'{"a": "\xe9", "b": 1}\n'
    assert read(lines, "events.jsonl").lines.tolist() == [1, 2, 3]
    texts = [b"\xc3\xa9", b"\xe9", None, b"\xc3\xa9"]
    sink = io.BytesIO()
    pa.parquet.write_table(pa.table({"a": pa.array(texts).view(pa.string()), "b": range(4)}), sink)
    table = read(sink.getvalue(), "events.parquet")
    assert cells(table, "a") == ["é", None, "é"]
    assert cells(table, "b") == [0, 2, 3]
    assert [(x.line, x.reason) for x in read.letters] == [(4, "not UTF-8"), (2, "not UTF-8")]


def test_a_long_file_in_another_encoding_is_refused_early(read):
    monkeyed = "a,b\n" + "é,1\n" * 3000
    with pytest.raises(ValueError, match="is not UTF-8: line 2 holds byte 0xe9"):
        read(monkeyed.encode("latin-1"))
    assert len(read.letters) == 1000

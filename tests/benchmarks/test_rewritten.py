"""A data folder with a table changed, beside the one as it was converted."""

import csv
from pathlib import Path

from benchmarks.quality.rewritten import rewritten


def test_a_rewritten_folder_leaves_the_original_alone(tmp_path):
    def convert(source, destination):
        if not destination.exists():
            destination.mkdir()
            (destination / "items.csv").write_text("item_id,name\n1,a\n2,b\n")
            (destination / "picture.jpg").write_bytes(b"x")
        return destination

    def loud(rows, source):
        assert source == Path("there")
        return [{**row, "name": row["name"].upper()} for row in rows]

    prepare = rewritten(convert, items=loud)
    for _ in range(2):
        folder = prepare("there", tmp_path / "data")
    with (folder / "items.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["A", "B"]
    assert (folder / "picture.jpg").read_bytes() == b"x"
    assert (tmp_path / "data-as-converted" / "items.csv").read_text() == "item_id,name\n1,a\n2,b\n"

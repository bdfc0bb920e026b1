"""`tfmmrec label-next` on the films."""

import csv
import json

import pytest


@pytest.fixture(scope="module")
def sparse(tmp_path_factory, tfmmrec):
    """A run on films of which three have no like."""
    import random

    folder = tmp_path_factory.mktemp("sparse") / "films"
    folder.mkdir()
    films = ["item_id,genre", *(f"f{film},{'AB'[film % 2]}" for film in range(12))]
    drawn, events = random.Random(0), ["user_id,item_id,timestamp,like"]
    for user in range(10):
        for place, film in enumerate(drawn.sample(range(12), 7)):
            events.append(f"u{user},f{film},{place},{'' if film < 3 else film % 2}")
    (folder / "items.csv").write_text("\n".join(films) + "\n")
    (folder / "events.csv").write_text("\n".join(events) + "\n")
    (folder / "schema.toml").write_text(
        'timestamp = "timestamp"\n[[item]]\nmodality = "Category"\ncolumn = "genre"\n'
        '[[task]]\ntask = "Binary"\ncolumn = "like"\n'
    )
    run = tmp_path_factory.mktemp("runs") / "sparse"
    result = tfmmrec("train", folder, "--run", run, "--width", "8", "--epochs", "1", "--k", "2")
    assert result.exit_code == 0, result.output
    return run


def test_a_table_to_fill_in(tfmmrec, sparse, tmp_path):
    result = tfmmrec("label-next", sparse, "--k", "2", "--by", "entropy", "--write", tmp_path / "next.csv")
    assert result.exit_code == 0, result.output
    assert (
        "2 of 3 items that lack the label like" in result.stdout
        and "Fill in the column like" in result.stdout
    )
    with (tmp_path / "next.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["item_id", "like", "expected", "probability", "score"]
    assert (
        len(rows) == 2 and {row[0] for row in rows} < {"f0", "f1", "f2"} and {row[1] for row in rows} == {""}
    )


def test_json_for_programs(tfmmrec, sparse):
    result = tfmmrec("label-next", sparse, "--json", "--by", "k_centre")
    found = json.loads(result.stdout)
    assert found["task"] == "like" and found["pool"] == 3
    assert {one["item_id"] for one in found["items"]} == {"f0", "f1", "f2"}
    assert set(found["items"][0]) == {"item_id", "expected", "probability", "score"}


def test_a_way_there_is_not(tfmmrec, sparse):
    result = tfmmrec("label-next", sparse, "--by", "entropie")
    assert result.exit_code == 2 and "Did you mean 'entropy'" in result.stderr

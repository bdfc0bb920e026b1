"""`tfmmrec schema guess`: printed, written, as JSON."""

import json

from tfmmrec.schema import Schema


def test_it_prints_a_schema_that_can_be_read(films, tfmmrec, tmp_path):
    result = tfmmrec("schema", "guess", films)
    assert result.exit_code == 0, result.output
    (tmp_path / "schema.toml").write_text(result.stdout)
    schema = Schema.from_toml(tmp_path / "schema.toml")
    assert [type(feature).__name__ for feature in schema.item] == ["Text", "Category", "Image"]
    assert [task.name for task in schema.tasks] == ["next_item", "like"]
    assert "Looking at" in result.stderr


def test_it_writes_once(own_films, tfmmrec):
    folder = own_films()
    kept = (folder / "schema.toml").read_text()
    refused = tfmmrec("schema", "guess", folder, "--write")
    assert refused.exit_code == 2 and "There is a schema in" in refused.stderr
    assert (folder / "schema.toml").read_text() == kept
    (folder / "schema.toml").unlink()
    assert f"tfmmrec schema guess {folder} --write" in tfmmrec("train", folder).stderr
    written = tfmmrec("schema", "guess", folder, "--write", "--quiet")
    assert written.exit_code == 0 and written.stderr == "" and "Next" not in written.stdout
    assert Schema.from_toml(folder / "schema.toml").timestamp == "timestamp"
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_json_holds_the_schema_and_the_reasons(films, tfmmrec):
    said = json.loads(tfmmrec("schema", "guess", films, "--json", "--rows", "50").stdout)
    assert Schema.from_dict(said["schema"]).item_id == "item_id"
    assert all(entry["why"] for entry in said["why"])


def test_the_help_teaches(tfmmrec):
    assert "tfmmrec schema guess films --write" in tfmmrec("schema", "guess", "--help").stdout
    assert "guess" in tfmmrec("schema", "--help").stdout

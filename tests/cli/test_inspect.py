"""`tfmmrec inspect`: on the terminal, as JSON, as a page."""

import json


def test_a_summary_for_people(films, tfmmrec):
    result = tfmmrec("inspect", films)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "│ events │ 71 │" in said and "│ events of unknown items │ 1 │" in said
    assert "│ item: poster │ Image │ 8.3% │" in said
    assert "Binary like: every event has one" in said
    assert f"tfmmrec inspect {films} --html films.html" in said


def test_json_and_a_page(films, tfmmrec, tmp_path):
    page = tmp_path / "films.html"
    result = tfmmrec("inspect", films, "--json", "--quiet", "--html", page)
    assert result.exit_code == 0 and result.stderr == ""
    said = json.loads(result.stdout)
    assert said["counts"]["events"] == 71 and said["counts"]["items"] == 12
    assert said["labels"]["like"]["known"] == 71 and not said["schema_guessed"]
    assert said["html"] == str(page) and page.read_text("utf-8").count("data:image/jpeg") == 10


def test_without_a_schema_it_guesses_and_says_so(own_films, tfmmrec):
    folder = own_films()
    (folder / "schema.toml").unlink()
    result = tfmmrec("inspect", folder)
    assert result.exit_code == 0, result.output
    assert "is guessed" in result.stderr and "item: title" in result.stdout


def test_wrong_input_is_a_sentence(own_films, tfmmrec):
    folder = own_films()
    result = tfmmrec("inspect", folder, "--html", folder / "nowhere" / "a.html")
    assert result.exit_code == 2 and "No such file or directory" in result.stderr
    assert tfmmrec("inspect", folder / "nothing").exit_code == 2

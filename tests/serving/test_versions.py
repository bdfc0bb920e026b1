"""Which folders are versions of a model."""

from pathlib import Path

from tfmmrec.serving.versions import versions


def test_numbers_that_hold_a_model(tmp_path):
    for name in ("2", "11", "9", "100", "٣", "not a version", ".12-x"):
        (tmp_path / name).mkdir()
        if name != "100":  # half a version
            (tmp_path / name / "saved_model.pb").touch()
    (tmp_path / "7").touch()
    assert versions(tmp_path) == {2: tmp_path / "2", 9: tmp_path / "9", 11: tmp_path / "11"}
    assert list(versions(tmp_path)) == [2, 9, 11]
    assert versions(tmp_path / "7") == versions(tmp_path / "nowhere") == {}


def test_what_cannot_be_read_is_passed_over(savedmodels, monkeypatch):
    """As folders of another user are; the user of the tests may be one who reads everything."""
    films, closed = savedmodels / "films", set()

    def refusing(method):
        def asked(path):
            if path in closed:
                raise PermissionError(13, "Permission denied", str(path))
            return method(path)

        return asked

    for name in ("iterdir", "is_file"):
        monkeypatch.setattr(Path, name, refusing(getattr(Path, name)))
    assert list(versions(films)) == [2, 10]
    closed.add(films / "2" / "saved_model.pb")
    assert list(versions(films)) == [10]
    closed.add(films)
    assert versions(films) == {}

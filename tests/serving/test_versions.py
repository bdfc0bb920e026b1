"""Which folders are versions of a model."""

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

"""Which versions there are of a model."""

from tfmmrec.export.versions import latest_version, next_version


def test_the_next_version_follows_the_highest(tmp_path):
    assert latest_version(tmp_path / "films") == tmp_path / "films" / "0"  # there is none
    assert next_version(tmp_path / "films") == tmp_path / "films" / "1"
    for name in ("2", "10", "notes", ".11-aside"):
        (tmp_path / "films" / name).mkdir(parents=True)
    assert latest_version(tmp_path / "films") == tmp_path / "films" / "10"
    assert next_version(tmp_path / "films") == tmp_path / "films" / "11"

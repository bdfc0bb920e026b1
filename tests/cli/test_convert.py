"""`tfmmrec convert`: every data set is named, made, and followed by a command that fits."""

import json

import numpy as np
import pytest

from tfmmrec.cli.convert import DataSet


def test_the_help_has_a_line_for_every_data_set(tfmmrec):
    shown = tfmmrec("convert", "--help").stdout
    assert all(f"{dataset.value}:" in shown for dataset in DataSet)


NEEDED = {
    DataSet.amazon_2023: "meta_NAME.jsonl",
    DataSet.fashion: "styles.csv",
    DataSet.lastfm_2k: "text_minilm.npy",
    DataSet.mind: "behaviors.tsv",
    DataSet.mmrec: "*.inter",
    DataSet.movielens_100k: "ml-100k",
    DataSet.movielens_1m: "ml-1m",
    DataSet.movielens_large: "ratings.csv",
    DataSet.review_polarity: "rt-polarity.pos",
    DataSet.spoken_digits: "recordings",
    DataSet.tiktok: "interactions.npz",
}


@pytest.mark.parametrize("dataset", DataSet)
def test_every_name_reaches_its_converter(tfmmrec, tmp_path, dataset):
    """It says what it misses, and makes nothing."""
    result = tfmmrec("convert", dataset.value, tmp_path, tmp_path / "out")
    assert result.exit_code == 2 and "Expected" in result.stderr
    assert NEEDED[dataset] in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_was_made_and_the_next_command(tfmmrec, tmp_path):
    source, folder = tmp_path / "tiktok", tmp_path / "out"
    source.mkdir()
    pairs = {"trn": [[0, 0]], "val": [[0, 1]], "tst": [[1, 1]]}
    np.savez(source / "interactions.npz", **{name: np.array(pair) for name, pair in pairs.items()})
    for name in ("image_feat", "audio_feat"):
        np.save(source / f"{name}.npy", np.eye(2))
    for _ in range(2):  # the second time there is nothing left to do
        result = tfmmrec("convert", "tiktok", tmp_path, folder)
        assert result.stdout.splitlines() == [
            f"{folder}: audio_feat.npy, conversion.json, events.csv, image_feat.npy, items.csv, schema.toml",
            f"Next: tfmmrec train {folder}",
        ]
    assert tfmmrec("convert", "tiktok", tmp_path, folder, "--quiet").stdout.count("\n") == 1
    told = json.loads(tfmmrec("convert", "tiktok", tmp_path, folder, "--json").stdout)
    assert told["folder"] == str(folder)
    assert "events.csv" in told["files"]


def test_labels_alone_can_be_trained_on(tfmmrec, tmp_path):
    (tmp_path / "rt-polarity.pos").write_text("good\n" * 30)
    (tmp_path / "rt-polarity.neg").write_text("bad\n" * 30)
    result = tfmmrec("convert", "review-polarity", tmp_path, tmp_path / "out")
    assert result.exit_code == 0 and f"Next: tfmmrec train {tmp_path / 'out'}" in result.stdout


def test_the_given_split_of_ordered_events_is_asked_for(tfmmrec, tmp_path):
    source = tmp_path / "MINDsmall_train"
    source.mkdir()
    (source / "behaviors.tsv").write_text("1\tU1\t11/14/2019 9:00:00 PM\t\tN1-1\n")
    (source / "news.tsv").write_text("N1" + "\t" * 7 + "\n")
    result = tfmmrec("convert", "mind", tmp_path, tmp_path / "out")
    assert result.stdout.endswith(f"Next: tfmmrec train {tmp_path / 'out'} --split column:split\n")

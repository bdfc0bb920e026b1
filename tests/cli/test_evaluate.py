"""`tfmmrec evaluate`: the numbers of the run, again, for any split."""

import json

import pytest


def test_json_holds_the_numbers_of_the_run(trained, tfmmrec):
    split = "cold"
    result = tfmmrec("evaluate", trained.folder, "--split", split, "--k", "2,5", "--json")
    assert result.exit_code == 0, result.output
    kept, again = json.loads((trained.folder / "metrics.json").read_text()), json.loads(result.stdout)
    assert again["protocol"] == {split: kept["protocol"][split]}
    assert again[split].keys() == kept[split].keys()
    for metric, estimate in again[split].items():
        if estimate["mean"] is not None:
            assert estimate == pytest.approx(kept[split][metric], abs=1e-5), metric
    assert again["most popular"][split]["ndcg@5"] == kept["most popular"][split]["ndcg@5"]


def test_a_table_for_people(trained, tfmmrec):
    result = tfmmrec("evaluate", trained.folder, "--k", "3")
    assert result.exit_code == 0, result.output
    assert "test: held-out items ranked" in result.stdout
    assert "ndcg@3" in result.stdout and "ndcg@10" not in result.stdout
    assert "95 % intervals" in result.stdout

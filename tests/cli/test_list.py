"""`tfmmrec list`: what there is to choose from."""

import json

from tfmmrec.families import FAMILIES


def test_one_family(tfmmrec):
    done = tfmmrec("list", "fusion")
    assert done.exit_code == 0, done.output
    lines = done.stdout.strip().split("\n")
    assert lines[0].startswith("fusion: ") and lines[0].endswith(
        "; a new one is a file tfmmrec/fusion/<name>.py"
    )
    text = " ".join(done.stdout.split())
    assert "Sum ``x_1 + … + x_M`` with ``x_m`` the mean of the tokens of modality m" in text
    assert "Wang 2017 · tfmmrec/fusion/adversarial.py" in text
    assert "Contrastive" not in text


def test_all_families_as_json(tfmmrec):
    done = tfmmrec("list", "--json")
    assert done.exit_code == 0, done.output
    listed = json.loads(done.stdout)
    assert list(listed) == [family.package for family in FAMILIES]
    names = {family: [member["name"] for member in there] for family, there in listed.items()}
    assert {"Text", "Image"} <= set(names["modalities"]) and "Modality" not in names["modalities"]
    assert {"ndcg_at", "rmse"} <= set(names["metrics"])
    assert names["baselines"] == ["Bias", "EASE", "ItemKNN", "MostPopular"]
    assert listed["alignment"][0].keys() == {"family", "name", "summary", "source", "file"}


def test_an_unknown_family(tfmmrec):
    done = tfmmrec("list", "fusions")
    assert done.exit_code == 2 and "There is no family 'fusions'. Did you mean 'fusion'?" in done.stderr

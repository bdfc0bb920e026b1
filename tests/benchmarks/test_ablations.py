"""The committed ablations: what they compare, and how their records become the README's tables."""

import dataclasses
import json

import pytest

import small
from benchmarks import ablations
from benchmarks.ablations import ABLATIONS, records, run, section, table
from recipes.trials import Pretended
from tfmmrec.alignment import Alignment
from tfmmrec.balancing import Balancing
from tfmmrec.fusion import Fusion
from tfmmrec.members import members
from tfmmrec.recipes import ablation
from tfmmrec.recipes.ablation import variants
from tfmmrec.recipes.variations import varied
from tfmmrec.sharing import Sharing


def sizes():
    from tfmmrec import alignment, balancing, fusion, sharing

    pairs = ((fusion, Fusion), (alignment, Alignment), (sharing, Sharing), (balancing, Balancing))
    return [len(members(*pair)) for pair in pairs]


def test_every_fusion_stands_under_two_alignments_and_every_sharing_under_every_balancing():
    fusions, _, sharings, balancings = sizes()
    counts = {
        one.name: len(variants(one.base, varied(one.vary, small.schema(), one.base)))
        for one in ABLATIONS.values()
    }
    assert counts == {
        "lastfm-2k-fusion": 2 * fusions,
        "ml-100k-fusion": 2 * fusions,
        "ml-100k-sharing": sharings * balancings,
    }
    assert {(one.seeds, one.top) for one in ABLATIONS.values()} == {(3, 5)}


@pytest.fixture
def committed(tmp_path, monkeypatch):
    """An ablation of two fusions, of which one fails, in a folder of its own."""

    def prepare(source, folder):
        small.write(folder)
        (folder / "schema.toml").write_text('timestamp = "timestamp"\n[[task]]\ntask = "NextItem"')
        return folder

    one = ABLATIONS["lastfm-2k-fusion"]
    circle = dataclasses.replace(one.table, name="circle", prepare=prepare, schema=lambda schema: schema)
    one = dataclasses.replace(one, name="circle", table=circle, tried=("fusion=sum,max,mean",))
    found = {"sum": 0.3, "mean": 0.2, "max": "Too | much."}
    monkeypatch.setattr(
        ablation, "run_trial", Pretended(lambda settings: found[settings.fusion], "recall@20")
    )
    monkeypatch.setattr(ablation, "prepare", lambda trial, report: None)
    monkeypatch.setattr(ablations, "KEPT", tmp_path / "runs")
    monkeypatch.setattr(ablations, "RESULTS", tmp_path)
    monkeypatch.setattr(ablations, "ABLATIONS", {"circle": one})
    monkeypatch.setenv("TFMMREC_DATA", str(tmp_path))
    return one


def test_its_records_and_their_table_by_hand(committed, tmp_path):
    rows = records(committed, run(committed, tried=True))
    assert [row["model"] for row in rows] == ["fusion=sum", "fusion=mean", "fusion=max"]
    best, second, failed = rows
    assert best["metrics"] == {"recall@20": {"mean": 0.3, "low": 0.29, "high": 0.31}}
    assert best["seeds"] == [0, 1] and second["seeds"] == [0] and failed["reason"] == "Too | much."
    assert best["reference"] == "fusion=sum" and best["minus_reference"] is None
    assert second["minus_reference"]["recall@20"]["mean"] == pytest.approx(-0.1, abs=1e-3)
    assert best["command"] == "python -m benchmarks.ablations circle"
    assert best["split_sha256"] == "ab" and best["git_commit"] and best["hardware"]
    assert section() == ""
    (tmp_path / "ablation-circle.json").write_text(json.dumps(rows))
    lines = section().splitlines()
    assert lines[0].endswith(": `python -m benchmarks.ablations circle`")
    assert lines[2] == (
        "| fusion | recall@20 | NDCG@20 | recall@20, minus fusion=sum | ± seeds | seeds | seconds "
        "| parameters | MB |"
    )
    assert lines[4] == ("| sum | 0.3000 [0.2900, 0.3100] | – | reference | 0.0000 | 2 | 4 | 6,400 | 500 |")
    assert lines[5].startswith("| mean | 0.2000 [0.1900, 0.2100] | – | **-0.1")
    assert lines[6:] == ["", "Not trained: fusion=max. Too | much."]
    assert table(committed.columns, rows) == "\n".join(lines[2:])

"""The baselines reach, on real data, what other implementations reach on the same splits.

Their protocol: the whole catalogue is ranked, training alone is known and masked at test, ties come in some
order. The values, recall@20 and ndcg@20, are those of implementations apart from this code.
"""

import pytest

from tfmmrec.baselines import EASE, ItemKNN, MostPopular
from tfmmrec.data import load
from tfmmrec.evaluation import evaluate
from tfmmrec.recipes import lastfm_2k, tiktok
from tfmmrec.schema import Schema


def ids_alone(convert, source, folder):
    folder = convert(source, folder)
    schema = Schema.from_toml(folder / "schema.toml").only(item=["item_id"], event=[])
    return load(folder, schema)


@pytest.fixture(scope="module")
def lastfm(tfmmrec_data, tmp_path_factory):
    return ids_alone(lastfm_2k.convert, tfmmrec_data, tmp_path_factory.mktemp("lastfm") / "data")


@pytest.mark.parametrize(
    ("baseline", "settings", "recall", "ndcg"),
    [
        (MostPopular, {}, 0.1221, 0.0753),
        (ItemKNN, {"k": 100}, 0.3972, 0.2771),
        (EASE, {"l2": 100}, 0.3955, 0.2711),
    ],
)
def test_lastfm_2k(lastfm, baseline, settings, recall, ndcg):
    metrics = evaluate(baseline(lastfm, **settings), lastfm.test, history="train").metrics
    tied = 0.0003 if baseline is not EASE else 0.00005  # cosines and counts tie, weights do not
    assert metrics["recall@20"] == pytest.approx(recall, abs=tied)
    assert metrics["ndcg@20"] == pytest.approx(ndcg, abs=tied)


def test_lastfm_2k_with_validation_known(lastfm):
    """Known and masked it lifts EASE; masked alone, as the peers report it, to .4084."""
    metrics = evaluate(EASE(lastfm, l2=100), lastfm.test).metrics
    assert metrics["recall@20"] == pytest.approx(0.4098, abs=0.00005)


@pytest.mark.slow
def test_tiktok(tfmmrec_data, tmp_path):
    data = ids_alone(tiktok.convert, tfmmrec_data, tmp_path / "data")
    metrics = evaluate(EASE(data, l2=50), data.test, history="train").metrics
    # ties decide for 75 users (recall from .0883, counted against us, over .0884 in a random order to .1006);
    # 5 users have no history and count here, while the peers leave them out
    assert metrics["recall@20"] == pytest.approx(0.0885, abs=0.0003)
    assert metrics["ndcg@20"] == pytest.approx(0.0399, abs=0.0002)

"""Tables of metrics: what is measured, how sure it is, and which is better."""

import io

import numpy as np
import pytest
from rich.console import Console

from tfmmrec.evaluation import Results, interval
from tfmmrec.report import estimates, interval_over_users, markdown, table

COLUMNS = {
    "model": {
        "ndcg@10": {"mean": 0.25, "low": 0.2, "high": 0.3},
        "like.log_loss": {"mean": 0.5},
        "coverage@10": {"mean": 0.9},
        "like.auc": {"mean": float("nan")},
    },
    "most popular": {
        "ndcg@10": {"mean": 0.05, "low": 0.01, "high": 0.09},
        "like.log_loss": {"mean": 0.4},
        "coverage@10": {"mean": 0.1},
    },
}


def test_markdown_has_a_row_for_each_metric_and_the_better_value_in_bold():
    assert markdown(COLUMNS).splitlines() == [
        "| metric | model | most popular |",
        "|---|---:|---:|",
        "| ndcg@10 | **0.2500 (0.2000–0.3000)** | 0.0500 (0.0100–0.0900) |",
        "| like.log_loss | 0.5000 | **0.4000** |",
        "| coverage@10 | 0.9000 | 0.1000 |",
        "| like.auc | – |  |",
    ]


def test_equal_values_are_equally_good():
    equal = {"a": {"ndcg@10": {"mean": 0.5}}, "b": {"ndcg@10": {"mean": 0.5}}}
    assert "**" not in markdown(equal)


def test_the_terminal_shows_the_same(capsys):
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    console.print(table(COLUMNS, title="films", caption="on test"))
    shown = console.file.getvalue()
    for word in ("films", "on test", "most popular", "0.0500 (0.0100–0.0900)", "coverage@10"):
        assert word in shown
    assert "\x1b[1m0.2500" in shown and "\x1b[1m0.0500" not in shown


def test_the_interval_of_one_query_per_user_is_the_bootstrap_over_users():
    values = np.random.default_rng(0).random(50)
    assert interval_over_users(values, np.arange(50), samples=200) == interval(values, samples=200)


def test_queries_of_one_user_stay_together():
    rng = np.random.default_rng(0)
    of_user = rng.random(40)
    values, users = np.repeat(of_user, 10), np.repeat(np.arange(40), 10)  # ten equal queries each
    together = interval_over_users(values, users, samples=400)
    alone = interval(values, samples=400)
    assert together.mean == pytest.approx(values.mean()) and together.users == 40
    assert together.high - together.low > 2.5 * (alone.high - alone.low)  # √10 as wide, about


def test_the_mean_is_over_queries_not_over_users():
    values, users = np.array([1.0, 0.0, 0.0, 0.0, np.nan]), np.array([7, 8, 8, 8, 9])
    assert interval_over_users(values, users, samples=50).mean == pytest.approx(0.25)


def test_estimates_are_those_of_the_results():
    results = Results(
        {"recall@10": 0.5, "coverage@10": 0.3},
        per_query={"recall@10": np.array([0.0, 1.0, 0.0, 1.0])},
        users=np.arange(4),
    )
    found = estimates(results, samples=100)
    assert found["coverage@10"] == {"mean": 0.3}
    assert found["recall@10"]["mean"] == 0.5
    assert 0 <= found["recall@10"]["low"] < 0.5 < found["recall@10"]["high"] <= 1


def test_one_user_has_no_interval():
    results = Results({"recall@10": 1.0}, per_query={"recall@10": np.ones(1)}, users=np.zeros(1, int))
    assert estimates(results) == {"recall@10": {"mean": 1.0}}

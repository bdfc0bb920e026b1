"""Settings become arguments: the cut-offs that are measured, and heads that a modulation asks."""

import pytest

from tfmmrec.recipes.from_settings import build, with_monitored
from tfmmrec.recipes.settings import Settings


@pytest.mark.parametrize(
    ("monitor", "cut_offs"),
    [
        ("ndcg@10", (5, 10, 20)),
        ("recall@5", (5, 20)),
        ("like.auc", (20, 5)),
        ("ndcg@0", (20, 5)),
        ("a@b", (20, 5)),
    ],
)
def test_the_cut_off_that_decides_is_measured(monitor, cut_offs):
    assert with_monitored((20, 5), monitor) == cut_offs


def test_where_no_heads_are_wanted_a_modulation_measures_by_some(small_data):
    plain, modulated, wanted = (
        build(small_data.schema, small_data, Settings(width=8, **settings)).auxiliary
        for settings in ({}, {"modulation": 0.5}, {"modulation": 0.5, "auxiliary": 0.1})
    )
    assert plain is None
    assert modulated.probe and not wanted.probe

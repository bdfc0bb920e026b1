"""Settings become arguments: heads that a modulation asks."""

from tfmmrec.recipes.from_settings import build
from tfmmrec.recipes.settings import Settings


def test_where_no_heads_are_wanted_a_modulation_measures_by_some(small_data):
    plain, modulated, wanted = (
        build(small_data.schema, small_data, Settings(width=8, **settings)).auxiliary
        for settings in ({}, {"modulation": 0.5}, {"modulation": 0.5, "auxiliary": 0.1})
    )
    assert plain is None
    assert modulated.probe and not wanted.probe

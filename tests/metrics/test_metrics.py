"""The package's front door."""

import inspect

from tfmmrec import metrics


def test_every_name_in_all_is_a_documented_function():
    assert metrics.__all__ == sorted(set(metrics.__all__))
    for name in metrics.__all__:
        measure = getattr(metrics, name)
        assert inspect.isfunction(measure) and inspect.getdoc(measure), name


def test_no_measure_is_left_out_of_all():
    for module in (metrics.ranking, metrics.catalogue, metrics.classification, metrics.regression):
        own = inspect.getmembers(module, lambda member, home=module: inspect.getmodule(member) is home)
        public = {name for name, member in own if inspect.isfunction(member) and name[0] != "_"}
        assert public - {"prepared_auc"} <= set(metrics.__all__)

"""Whole modalities hidden by chance, each with its own, and never all of a row's."""

import numpy as np
import pytest

from backends import run
from contracts.samples import remade
from tfmmrec.layers import ModalityDropout


def masks(rows):
    """Two tokens of the first modality, of which the second is nobody's, and one of the second."""
    return [np.tile([True, False], (rows, 1)), np.ones((rows, 1), bool)]


@pytest.mark.backend
def test_each_is_hidden_with_its_own_chance_and_none_loses_all():
    layer, given = ModalityDropout([0.3, 0.6]), masks(4000)
    first, second = run(lambda a, b: layer([a, b], training=True), *given)
    assert not first[:, 1].any()  # what is masked stays masked
    first, second = first[:, 0], second[:, 0]
    assert (first | second).all()
    # both drawn, in 0.18 of the rows: one of them is spared, each as often
    np.testing.assert_allclose(1 - first.mean(), 0.3 - 0.09, atol=0.03)
    np.testing.assert_allclose(1 - second.mean(), 0.6 - 0.09, atol=0.03)
    assert all((a == b).all() for a, b in zip(run(lambda a, b: layer([a, b]), *given), given, strict=True))


@pytest.mark.backend
def test_a_row_that_has_one_keeps_it():
    given = [np.asarray([[False], [True], [False]]), np.asarray([[True], [False], [False]])]
    layer = ModalityDropout([0.9, 0.9])
    for _ in range(5):
        first, second = run(lambda a, b: layer([a, b], training=True), *given)
        assert first[:, 0].tolist() == [False, True, False]
        assert second[:, 0].tolist() == [True, False, False]


def test_configuration_and_what_is_no_chance():
    layer = ModalityDropout([0.0, 0.5])
    assert remade(layer).get_config() == layer.get_config()
    with pytest.raises(ValueError, match=r"dropout rate lies in \[0, 1\), got 1.0"):
        ModalityDropout([0.2, 1.0])

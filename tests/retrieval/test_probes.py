"""How many cells are needed, by hand."""

import numpy as np
import pytest

from tfmmrec.retrieval.cells import cut
from tfmmrec.retrieval.probes import cells_needed, enough, spread

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("target", "cells"), [(0.5, 1), (0.51, 2), (0.75, 2), (0.76, 4), (1.0, 4)], ids=lambda value: str(value)
)
def test_as_few_as_find_the_share(target, cells):
    assert enough(np.array([[1, 2, 1], [1, 2, 4], [1, 1, 4], [2, 1, 4]]), target) == cells


def test_those_to_tune_by_are_spread():
    many = np.arange(2000)[:, None]
    some = spread(many)
    assert len(some) == 512 and some[0] == 0 and some[-1] == 1999
    assert set(np.diff(some[:, 0])) == {3, 4}
    np.testing.assert_array_equal(spread(many[:7]), many[:7])


@pytest.mark.parametrize("cosine", [False, True])
def test_each_best_is_in_the_last_of_the_cells_it_needs(cosine):
    vectors = RNG.normal(size=(300, 8)).astype("float32") * RNG.uniform(0.1, 3, (300, 1)).astype("float32")
    queries = RNG.normal(size=(20, 8)).astype("float32")
    cells, steps = cut(vectors, 16, lambda done, total: None), []
    needed = cells_needed(vectors, cells, queries, 5, cosine, lambda *step: steps.append(step))
    assert needed.shape == (20, 5) and steps == [(16, 20), (20, 20)]

    def directions(x):
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    of, centres = (directions(vectors), directions(cells.centres)) if cosine else (vectors, cells.centres)
    for query, found in zip(queries, needed, strict=True):
        best = np.argsort(-(of @ query))[:5]
        order = np.argsort(-(centres @ query))
        blocks = [np.arange(cells.first[cell], cells.first[cell + 1]) for cell in order]
        places = [
            next(n for n, of_cell in enumerate(blocks, start=1) if item in cells.rows[of_cell])
            for item in best
        ]
        assert sorted(places) == sorted(found)

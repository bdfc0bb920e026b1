"""What is unlike anything known, by hand."""

from collections import Counter

import numpy as np

from contracts import AcquisitionContract
from contracts.acquisition import pool_of
from tfmmrec.acquisition import Badge, KCentre, Pool


class TestKCentre(AcquisitionContract):
    component = KCentre


class TestBadge(AcquisitionContract):
    component = Badge


def line(*places, labelled=()):
    vectors = np.asarray([[place, 0.0] for place in places])
    centres = np.asarray([[place, 0.0] for place in labelled]).reshape(-1, 2)
    return Pool(np.full((len(places), 2), 0.5), vectors, centres)


def test_the_farthest_from_what_is_known_by_hand():
    chosen, score = KCentre().order(line(1, 4, 9, 10, labelled=[0, 5]), 3, np.random.default_rng(0))
    # 10 is 5 away from a label; then 9 and 1 and 4 are 1 away, and the first of them is 1
    assert chosen.tolist() == [3, 0, 1] and score.tolist() == [5, 1, 1]


def test_without_a_label_it_begins_in_the_middle():
    chosen, score = KCentre().order(line(0, 4, 5, 10), 3, np.random.default_rng(0))
    assert chosen.tolist()[0] == 2 and set(chosen[1:].tolist()) == {0, 3}  # the mean is 4.75
    assert score.tolist() == [np.inf, 5, 5]


def test_gradients_are_those_of_the_last_layer():
    pool = pool_of(40)
    p, h = pool.probabilities, pool.vectors
    g = np.einsum("nc,nd->ncd", p - np.eye(3)[p.argmax(axis=1)], h).reshape(40, -1)
    chosen, score = Badge().order(pool, 10, np.random.default_rng(3))
    assert chosen[0] == np.linalg.norm(g, axis=1).argmax()
    np.testing.assert_allclose(score[0], np.linalg.norm(g[chosen[0]]), rtol=1e-6)
    for place in range(1, 10):
        apart = np.linalg.norm(g[chosen[place]] - g[chosen[:place]], axis=1).min()
        np.testing.assert_allclose(score[place], apart, rtol=1e-6)


def test_they_are_drawn_by_their_squared_distance():
    # gradients (p − e) h: the first is the longest, and the others are 1 and 3 away from it
    probabilities = np.asarray([[0.5, 0.5]] * 3)
    pool = Pool(probabilities, np.asarray([[9.0], [8.0], [6.0]]), np.zeros((0, 1)))
    second = Counter(int(Badge().order(pool, 2, np.random.default_rng(s))[0][1]) for s in range(3000))
    assert abs(second[2] / 3000 - 9 / 10) < 0.02 and second[1] + second[2] == 3000

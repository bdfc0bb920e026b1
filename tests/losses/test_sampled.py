"""Losses against a sample: by hand, and that a sample stands for the catalogue."""

import numpy as np
import pytest

from backends import run
from contracts.samples import random
from tfmmrec.losses import against_sample, bpr, gbce


@pytest.mark.backend
def test_shares_and_logits_by_hand():
    """Item 7 is the own one of the first position; the last candidate is padding."""
    hidden, vectors = random(2, 4), random(4, 4, seed=1)
    rows, log_q = np.asarray([7, 3, 5, -1], "int32"), np.log(np.asarray([0.5, 0.5, 0.25, 1], "float32"))
    own = vectors[[0, 2]]
    positive, logits, share = run(against_sample, hidden, np.asarray([7, 9]), own, rows, vectors, log_q)
    np.testing.assert_allclose(positive, (hidden * own).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(logits, hidden @ vectors.T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(share, [[0, 1 / 3, 2 / 3, 0], [1 / 4, 1 / 4, 1 / 2, 0]], rtol=1e-5)


@pytest.mark.backend
def test_losses_by_hand():
    """The own logit is 0; the others' are ln 3 and −ln 3, of shares ¾ and ¼; of nothing else nothing."""
    positive, negatives = np.zeros(2, "float32"), np.log([[3, 1 / 3, 1]] * 2).astype("float32")
    share = np.asarray([[0.75, 0.25, 0], [0, 0, 0]], "float32")
    np.testing.assert_allclose(
        run(bpr, positive, negatives, share), [-0.75 * np.log(1 / 4) - 0.25 * np.log(3 / 4), 0], rtol=1e-5
    )
    # two of four others: β = 1 − ¾ · ½
    found = run(lambda p, n, s: gbce(p, n, s, items=5, calibration=0.75), positive, negatives, share)
    others = -2 * (0.75 * np.log(1 / 4) + 0.25 * np.log(3 / 4))
    np.testing.assert_allclose(found[0], (-0.625 * np.log(0.5) + others) / 3, rtol=1e-5)
    plain = run(lambda p, n, s: gbce(p, n, s, items=5, calibration=0.0), positive, negatives, share)
    np.testing.assert_allclose(plain[0], (-np.log(0.5) + others) / 3, rtol=1e-5)


def test_an_uneven_sample_stands_for_the_catalogue():
    """Whatever the chances to be in a sample: the mean over many samples is that of all items."""
    generator, items = np.random.default_rng(0), 200
    vectors, hidden = random(items, 4), random(1, 4, seed=1)
    chance = np.linspace(0.2, 0.9, items)
    scores = (hidden @ vectors.T)[0]
    chance[np.argsort(scores)] = np.sort(chance)  # what scores high is sampled often
    log_q, own = np.log(chance).astype("float32"), vectors[:1]

    def loss(rows):
        return bpr(*against_sample(hidden, np.asarray([0]), own, rows, vectors, log_q))

    exact = np.logaddexp(0, scores[1:] - scores[0]).mean()
    drawn = [
        np.where(generator.random(items) < chance, np.arange(items), -1).astype("int32") for _ in range(60)
    ]
    found = [float(np.asarray(run(loss, rows))[0]) for rows in drawn]
    assert np.mean(found) == pytest.approx(exact, rel=0.02)

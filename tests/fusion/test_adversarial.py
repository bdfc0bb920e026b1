"""A discriminator of modalities: the contract, values by hand, and that it is played against."""

import numpy as np
import pytest
from keras import ops

from backends import gradients, run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, random, tokens_of
from fusion.by_hand import dense, means, norm, silu
from tfmmrec.fusion import Adversarial
from tfmmrec.fusion.adversarial import reverse_gradient


class TestAdversarial(FusionContract):
    component = Adversarial


def test_by_hand():
    fusion, tokens = TestAdversarial.built(), tokens_of(4)
    common = np.einsum("bmd,mde->bme", means(tokens), np.asarray(fusion.kernel))
    np.testing.assert_allclose(run(fusion, tokens), norm(common.sum(axis=1)), rtol=1e-4, atol=1e-5)
    logits = dense(fusion.verdict, silu(dense(fusion.hidden, norm(common))))
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    present = np.asarray([[1, 1, 1], [1, 0, 1], [0, 0, 0], [0, 1, 1]], bool)
    expected = 0.1 * np.mean([-log_p[row, m, m] for row, m in np.argwhere(present)])
    added = run(lambda t, here: fusion.added_loss([t[n] for n in NAMES], here, None), tokens, present)
    assert added == pytest.approx(expected, rel=1e-4)


def test_longer_vectors_do_not_deceive():
    fusion, tokens = TestAdversarial.built(), tokens_of(6)
    here, losses = np.ones((6, 3), bool), []
    for _ in range(2):
        losses.append(float(run(lambda t: fusion.added_loss([t[n] for n in NAMES], here, None), tokens)))
        fusion.kernel.assign(10 * fusion.kernel)
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


@pytest.mark.backend
def test_the_reversed_gradient_by_hand():
    x = random(3, 2)
    np.testing.assert_allclose(run(lambda x: reverse_gradient(x, 0.5), x), x, rtol=1e-6)
    _, (gradient,) = gradients(lambda x: ops.sum(reverse_gradient(x, 0.5) ** 2), [], [x])
    np.testing.assert_allclose(gradient, -0.5 * 2 * x, rtol=1e-5)


def test_the_discriminator_goes_down_and_what_it_judges_goes_up():
    fusion, tokens = TestAdversarial.built(), tokens_of(6)
    given = [tuple(map(ops.convert_to_tensor, tokens[name])) for name in NAMES]
    here = np.ones((6, 3), bool)

    def loss():
        return fusion.added_loss(given, here, None)

    for weight, better in ((fusion.verdict.kernel, True), (fusion.kernel, False)):
        before = np.asarray(weight)
        (gradient,), _ = gradients(loss, [weight])
        first = float(run(loss))
        weight.assign(before - 0.5 * gradient)
        assert (float(run(loss)) < first) == better
        weight.assign(before)


def test_one_modality_has_nothing_to_tell():
    fusion = Adversarial(WIDTH, NAMES[:1])
    fusion.build()
    assert fusion.added_loss([tokens_of(4)["title"]], np.ones((4, 1), bool), None) is None

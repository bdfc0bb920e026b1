"""What all alignments share: the weights of pairs, and what is wrong with them."""

import numpy as np
import pytest

from backends import run
from contracts.alignment import in_training
from contracts.samples import WIDTH
from tfmmrec.alignment import Alignment, Anchored, JointEmbedding

NAMES = ["image", "text", "audio"]


def test_a_member_must_bring_its_loss():
    with pytest.raises(NotImplementedError):
        Alignment(["a", "b"]).pair_loss(None, None, None, None)


def test_the_weights_of_pairs_by_hand():
    vectors = {"image": 0.0, "text": 1.0, "audio": 3.0}  # all values of all rows
    tokens = {n: (np.full((2, 1, WIDTH), x, "float32"), np.ones((2, 1), bool)) for n, x in vectors.items()}
    present = {name: np.ones(2, bool) for name in NAMES}
    layer = JointEmbedding(NAMES, weight=0.5, pairs={"text:image": 2.0, "text:audio": 0.25})
    # ½ · 8 values · (1², 3², 2²), and a third of the weighted sum
    expected = 0.5 * (2.0 * 4 * 1 + 1.0 * 4 * 9 + 0.25 * 4 * 4) / 3
    assert run(in_training(layer), tokens, present)[1] == pytest.approx(expected, rel=1e-6)


def test_a_row_that_misses_a_modality_is_left_out_before_the_mean_and_not_after():
    a = np.asarray([[1.0, 0.0], [5.0, 0.0]], "float32")
    here = np.ones(2, bool), np.asarray([True, False])
    assert run(JointEmbedding(["a", "b"]).pair_loss, a, 0 * a, *here) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({"image:txt": 1.0}, "there is no pair 'image:txt'. Did you mean 'image:text'"),
        ({"image": 1.0}, "such as {'title:poster': 2.0}, and there is no pair 'image'"),
        ({"image:text": 1.0, "text:image": 2.0}, "'image:text' and 'text:image', which are one pair"),
        ({"image:text": -1.0}, r"0 or more; pairs\['image:text'\] is -1.0"),
        ({"image:text": "much"}, r"0 or more; pairs\['image:text'\] is 'much'"),
        ({"image:text": float("nan")}, "0 or more; .* is nan"),
    ],
)
def test_wrong_pairs(pairs, said):
    with pytest.raises(ValueError, match=said):
        JointEmbedding(NAMES, pairs=pairs)


def test_pairs_are_those_of_the_member():
    with pytest.raises(ValueError, match="no pair 'text:audio'"):
        Anchored(NAMES, pairs={"text:audio": 1.0})


def test_a_twin_with_one_modality_keeps_its_settings():
    layer = Anchored(["text"], anchor="image", pairs={"image:text": 2.0})
    assert layer.lambdas == {} and layer.get_config()["pairs"] == {"image:text": 2.0}

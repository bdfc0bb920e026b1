"""Sums over neighbours, by a matrix that is written out."""

import keras
import numpy as np
import pytest
from keras import ops

from backends import gradients, run
from contracts.samples import random, remade
from tfmmrec.layers import GraphConv

ROW, COLUMN, WEIGHT = [1, 0, 1, 1], [2, 0, 0, 0], [0.5, 2.0, 1.0, 0.25]
MATRIX = np.asarray([[2, 0, 0], [1.25, 0, 0.5]], "float32")


def connected(edges=6):
    layer = GraphConv(2, 3, edges)
    layer.build()
    layer.connect(np.asarray(ROW), np.asarray(COLUMN), np.asarray(WEIGHT))
    return layer


@pytest.mark.backend
@pytest.mark.parametrize("transpose", [False, True])
def test_it_is_a_product_with_the_matrix_and_so_is_its_gradient(transpose):
    layer, matrix = connected(), MATRIX.T if transpose else MATRIX
    x, direction = random(matrix.shape[1], 4), random(len(matrix), 4, seed=1)
    np.testing.assert_allclose(run(lambda x: layer(x, transpose=transpose), x), matrix @ x, rtol=1e-6)
    _, (of_x,) = gradients(lambda x: ops.sum(layer(x, transpose=transpose) * direction), [], [x])
    np.testing.assert_allclose(of_x, matrix.T @ direction, rtol=1e-6)
    assert layer.trainable_variables == [] and len(layer.non_trainable_variables) == 3


@pytest.mark.backend
def test_before_anything_is_connected_it_is_zeros_and_what_was_connected_is_forgotten():
    layer, x = GraphConv(2, 3, 6), random(3, 4)
    layer.build()
    assert not run(layer, x).any()
    layer.connect(np.asarray(ROW), np.asarray(COLUMN), np.asarray(WEIGHT))
    layer.connect(np.asarray([1]), np.asarray([2]), np.asarray([3.0]))
    np.testing.assert_allclose(run(layer, x), np.stack([0 * x[2], 3 * x[2]]), rtol=1e-6)


def test_it_is_saved_with_its_edges(tmp_path):
    layer, nodes = connected(), keras.Input((4,))
    keras.Model(nodes, layer(nodes)).save(tmp_path / "conv.keras")
    x = random(3, 4)
    np.testing.assert_array_equal(run(keras.saving.load_model(tmp_path / "conv.keras"), x), run(layer, x))
    assert remade(layer).get_config() == layer.get_config()


def test_there_is_room_for_so_many_edges():
    with pytest.raises(ValueError, match="made for 3 edges at most, and has 4: build the model from the voc"):
        connected(edges=3)

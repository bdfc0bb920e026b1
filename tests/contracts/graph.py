"""What moves the ids: who is whose neighbour, from events of training alone."""

import dataclasses
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from backends import JIT, compiled, gradients, policy, run
from contracts.samples import random, remade
from tfmmrec.data import Batches
from tfmmrec.data.dataset import TRAIN, Data
from tfmmrec.export import KnownUsers, export
from tfmmrec.graphs import Graph
from tfmmrec.models import Recommender, build_recommender
from tfmmrec.serving import Served
from tfmmrec.training import fit

WIDTH = 8


def variables(graph: Graph) -> list[np.ndarray]:
    """What the graph keeps of who is whose neighbour."""
    return [convert_to_numpy(variable) for variable in graph.non_trainable_variables]


class GraphContract:
    """`component` is the member's class, `settings` are its own arguments, `moves` the sides it changes."""

    component: ClassVar[type[Graph]]
    settings: ClassVar[dict[str, Any]] = {}
    moves: ClassVar[tuple[str, ...]] = ("item",)

    @classmethod
    def built(cls, data: Data) -> Graph:
        keras.utils.set_random_seed(0)
        sizes = {"item": data.vocabulary.trained_items + 1, "user": len(data.user_ids) + 1}
        graph = cls.component(WIDTH, sizes, data.vocabulary.trained_pairs, **cls.settings)
        graph.build()
        return graph

    @classmethod
    def model(cls, data: Data, **settings: Any) -> Recommender:
        """A model of ids alone."""
        schema = data.schema.only(item=["item_id"], tasks=["match"])
        choice = {"name": cls.component.__name__, **cls.settings}
        return build_recommender(schema, data.vocabulary, width=WIDTH, seed=0, graph=choice, **settings)

    @pytest.fixture(scope="class")
    @classmethod
    def graph(cls, small_sets: Data) -> Graph:
        graph = cls.built(small_sets)
        graph.connect(small_sets)
        return graph

    @pytest.fixture(scope="class")
    @classmethod
    def tables(cls, graph: Graph) -> dict[str, np.ndarray]:
        return {side: random(size, WIDTH, seed=size) for side, size in graph.sizes.items()}

    @pytest.fixture(scope="class")
    @classmethod
    def move(cls, graph: Graph) -> Any:
        """The graph as a function of arrays, compiled once."""
        return compiled(graph)

    @pytest.mark.backend
    def test_a_table_for_each_side_and_row_0_is_nobody(self, graph, tables, move):
        moved = move(tables)
        assert moved.keys() == tables.keys()
        shapes = {side: table.shape for side, table in tables.items()}
        assert graph.compute_output_shape(shapes) == {side: table.shape for side, table in moved.items()}
        for side, table in moved.items():
            assert np.isfinite(table).all()
            assert len(np.unique(table.round(4), axis=0)) == len(table)
            different = np.abs(table - tables[side])[1:].max(axis=1) > 1e-4
            assert different.all() if side in self.moves else not different.any()
        other = {side: table.copy() for side, table in tables.items()}
        for table in other.values():
            table[0] += 100
        for side, table in move(other).items():
            np.testing.assert_allclose(table[1:], moved[side][1:], rtol=1e-5, atol=1e-5)

    @pytest.mark.backend
    def test_gradient_reaches_the_neighbours_and_every_weight(self, graph, tables):
        sides, item = list(tables), 3

        def loss(*given: Any) -> Any:
            moved = graph(dict(zip(sides, given, strict=True)))
            return ops.sum(ops.sin(moved["item"][item] * random(WIDTH)))

        weights = graph.trainable_variables
        of_weights, of_tables = gradients(loss, weights, [tables[side] for side in sides])
        for weight, gradient in zip(weights, of_weights, strict=True):
            assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path
        for side, gradient in zip(sides, of_tables, strict=True):
            reached = np.abs(gradient).max(axis=1) > 0
            assert np.isfinite(gradient).all() and not reached[0]
            if side in self.moves:
                assert reached[np.arange(len(reached)) != item].any()

    def test_only_events_of_training_are_known(self, graph, small_sets):
        """Whatever is held out, and whoever's it is, the graph is the same; it forgets what it knew."""
        events, known = small_sets.events, variables(graph)
        assert any(array.any() for array in known)
        held_out, others = events.split != TRAIN, np.random.default_rng(0).integers(0, 24, len(events.item))
        elsewhere = np.where(held_out, others, events.item).astype("int32")
        assert (elsewhere != events.item).any()
        again = self.built(small_sets)
        again.connect(small_sets)
        again.connect(dataclasses.replace(small_sets, events=dataclasses.replace(events, item=elsewhere)))
        for one, other in zip(known, variables(again), strict=True):
            np.testing.assert_array_equal(one, other)
        elsewhere = np.where(held_out, events.item, others).astype("int32")
        again.connect(dataclasses.replace(small_sets, events=dataclasses.replace(events, item=elsewhere)))
        assert any((one != other).any() for one, other in zip(known, variables(again), strict=True))

    def test_it_is_saved_and_loaded(self, graph, tables, move, tmp_path):
        inputs = {side: keras.Input((WIDTH,), name=side) for side in tables}
        keras.Model(inputs, graph(inputs)).save(tmp_path / "graph.keras")
        again = run(keras.saving.load_model(tmp_path / "graph.keras"), tables)
        for side, table in move(tables).items():
            np.testing.assert_allclose(again[side], table, rtol=1e-6, atol=1e-6)
        assert remade(graph).get_config() == graph.get_config()

    def test_mixed_precision(self, small_sets, tables):
        with policy("mixed_bfloat16"):
            graph = self.built(small_sets)
        graph.connect(small_sets)
        assert graph.compute_dtype == "float32"  # a sum over all who met an item
        assert all(np.isfinite(table).all() for table in run(graph, tables).values())

    @pytest.mark.backend
    def test_a_tiny_match_is_learnt_by_heart(self, small_sets):
        """32 events in a model whose graph was told of its data."""
        model = self.model(small_sets)
        model.graph.connect(small_sets)
        optimizer = keras.optimizers.Adam(0.05)
        optimizer.build(model.trainable_variables)
        model.compile(optimizer=optimizer, jit_compile=JIT)
        x, y, w = Batches(small_sets, model.schema, batch_events=32)[0]
        edges = variables(model.graph)
        losses = [model.train_on_batch(x, y, w, return_dict=True)["loss"] for _ in range(60)]
        assert np.isfinite(losses).all() and losses[-1] < 0.4 * losses[0]
        for one, other in zip(edges, variables(model.graph), strict=True):
            np.testing.assert_array_equal(one, other)  # no step moves them

    @pytest.mark.slow
    def test_in_a_whole_model_from_training_to_an_export(self, small_sets, tmp_path):
        model = self.model(small_sets)
        fit(model, small_sets.train, small_sets.validation, epochs=3, learning_rate=0.02)
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
        for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
        users = KnownUsers.of(small_sets)
        served = Served(export(again, small_sets.catalogue, tmp_path / "export" / "1", users=users))
        vectors = model.encode_items(small_sets.items)["vector"]
        found = served.encode_item(item_id=list(small_sets.item_ids))
        np.testing.assert_allclose([one["vector"] for one in found], vectors, atol=1e-5)
        # a user who is known, and one who brings the same history and is not
        items = list(small_sets.item_ids[:4])
        inputs = {
            "user.user_id.id": np.asarray([1, 0], "int32"),
            "history.vector": np.stack([vectors[:4]] * 2),
            "history.window": np.stack([[user] * 5 for user in range(2)]).astype("int32"),
            "history.time": np.zeros((2, 4), "int32"),
        }
        states = model.forward(model.user_tower, {name: inputs[name] for name in model.user_tower.input})
        known = small_sets.vocabulary.features["user"]["user_id"]["terms"][0]
        asked = served.encode_user(user_id=[known, "somebody new"], history=[items, items])
        np.testing.assert_allclose([one["vector"] for one in asked], np.asarray(states)[:, 0], atol=1e-4)
        best = np.argsort(-(np.asarray(states)[:, 0] @ vectors.T), axis=1)[:, :3]
        answers = served.recommend(
            user_id=[known, "somebody new"], history=[items, items], k=3, exclude_seen=False
        )
        for answer, rows in zip(answers, best, strict=True):
            assert answer["item_id"] == [small_sets.item_ids[row] for row in rows]

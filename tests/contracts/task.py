"""A judgement of a user and one candidate item: labels, head, loss, answers, measures."""

import json
from types import SimpleNamespace
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from backends import gradients, policy, run
from contracts.samples import EXAMPLES, WIDTH, random
from contracts.whole import whole
from tfmmrec.metrics.direction import lower_is_better
from tfmmrec.modalities import Category
from tfmmrec.schema import Schema
from tfmmrec.tasks import Task


class TaskContract:
    """`component` is the member, `cells` are its labels in a table, among them one that is empty."""

    component: ClassVar[Task]
    cells: ClassVar[list[Any]]

    @pytest.fixture(scope="class")
    @classmethod
    def state(cls) -> dict[str, Any]:
        return cls.component.fit(cls.component.labels(cls.cells, cls.reject))

    @staticmethod
    def reject(row: int, why: str) -> None:
        pytest.fail(f"label {row} was rejected: {why}")

    def encoded(self, state: dict[str, Any]) -> np.ndarray:
        return self.component.encode(self.component.labels(self.cells, self.reject), state)

    def example(self, state: dict[str, Any]) -> SimpleNamespace:
        """Features ``[4, 3, D]``, labels and weights ``[4, 3]``, a third of them without a label."""
        known = self.encoded(state)
        known = known[~np.isnan(known)]
        weight = np.resize([1.0, 0.5, 0.0], (4, 3)).astype("float32")
        label = np.where(weight > 0, np.resize(known, (4, 3)), 0).astype("float32")
        return SimpleNamespace(features=random(4, 3, WIDTH), label=label, weight=weight)

    def head(self, state: dict[str, Any]) -> keras.Model:
        keras.utils.set_random_seed(0)
        features = keras.Input((None, WIDTH))
        return keras.Model(features, self.component.head(WIDTH, state)(features))

    def loss(self, output: Any, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        step = SimpleNamespace(outputs={self.component.name: output})
        return self.component.weighted_loss(step, label, weight, state)

    def test_the_state_is_plain_and_the_entry_survives_a_schema(self, state):
        assert json.loads(json.dumps(state)) == state
        schema = Schema(tasks=[self.component])
        assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema

    def test_a_missing_label_is_nan(self, state):
        encoded = self.encoded(state)
        assert encoded.dtype == "float32"
        np.testing.assert_array_equal(np.isnan(encoded), [cell in (None, "") for cell in self.cells])
        assert np.isnan(encoded).any() and not np.isnan(encoded).all()
        weights = self.component.class_weight(encoded[~np.isnan(encoded)], state)
        assert weights.dtype == "float32" and (weights > 0).all()

    def test_there_may_be_nothing_to_learn_from(self):
        state = self.component.fit([None, None])
        assert np.isnan(self.component.encode([None], state)).all()
        output = run(self.head(state), random(2, 1, WIDTH))
        assert np.isfinite(run(lambda x: self.component.predict(x, state), output)).all()

    @pytest.mark.backend
    def test_the_head_answers_for_each_candidate(self, state):
        head, given = self.head(state), self.example(state)
        output = run(head, given.features)
        assert output.shape[:2] == (4, 3) and output.dtype == "float32"
        assert output.shape[2:] == head.output.shape[2:] and len(output.shape) == len(head.output.shape)
        alone = run(head, given.features[2:3, 1:2])
        np.testing.assert_allclose(alone[0, 0], output[2, 1], rtol=1e-5, atol=1e-6)

    @pytest.mark.backend
    def test_a_label_of_weight_0_has_no_effect(self, state):
        given = self.example(state)
        output = run(self.head(state), given.features)
        total, weight = run(lambda *x: self.loss(*x, state), output, given.label, given.weight)
        assert total.shape == weight.shape == () and total.dtype == weight.dtype == "float32"
        assert weight == given.weight.sum() and np.isfinite(total) and total > 0
        ignored = given.weight == 0
        output[ignored] *= -1e4
        label = np.where(ignored, given.label.max() - given.label, given.label)
        np.testing.assert_allclose(
            run(lambda *x: self.loss(*x, state), output, label, given.weight), [total, weight], rtol=1e-6
        )
        nothing = run(lambda *x: self.loss(*x, state), output, label, 0 * given.weight)
        assert nothing == (0, 0)

    @pytest.mark.backend
    def test_gradient_reaches_the_head_from_weighted_labels_alone(self, state):
        given, head = self.example(state), self.head(state)

        def loss(features: Any) -> Any:
            return self.loss(head(features), ops.convert_to_tensor(given.label), given.weight, state)[0]

        of_weights, (of_features,) = gradients(loss, head.trainable_variables, [given.features])
        assert all(np.isfinite(gradient).all() and np.abs(gradient).max() > 0 for gradient in of_weights)
        np.testing.assert_array_equal(np.abs(of_features).max(axis=-1) > 0, given.weight > 0)

    def test_heavier_examples_count_more(self, state):
        given = self.example(state)
        output = run(self.head(state), given.features)
        once = run(lambda *x: self.loss(*x, state), output, given.label, given.weight)
        twice = run(lambda *x: self.loss(*x, state), output, given.label, 2 * given.weight)
        np.testing.assert_allclose(twice, 2 * np.asarray(once), rtol=1e-6)

    def test_mixed_precision_ends_at_the_head(self, state):
        given = self.example(state)
        with policy("mixed_bfloat16"):
            head = self.head(state)
        output = run(head, given.features)
        assert output.dtype == "float32"
        assert np.isfinite(run(lambda *x: self.loss(*x, state), output, given.label, given.weight)).all()

    def test_answers_are_measured(self, state):
        known = self.encoded(state)
        known = known[~np.isnan(known)]
        output = run(self.head(state), random(len(known), 1, WIDTH))[:, 0]
        answer = run(lambda x: self.component.predict(x, state), output)
        assert len(answer) == len(output) and np.isfinite(answer).all()
        measures = self.component.metrics(known, answer, np.ones(len(known), "float32"), state)
        assert self.component.main_metric in measures
        assert all(isinstance(value, float) and np.isfinite(value) for value in measures.values())

    def test_the_weight_is_not_negative(self):
        fields = {**vars(self.component), "weight": -1.0}
        with pytest.raises(ValueError, match="weight must be 0 or more, got -1.0"):
            type(self.component)(**fields)

    @pytest.mark.slow
    def test_in_a_whole_model_from_labels_to_an_export(self, tmp_path):
        task = self.component
        labels = np.resize([cell for cell in self.cells if cell not in (None, "")], EXAMPLES)
        schema = Schema(item=[Category("name")], item_identity=False, tasks=[task], timestamp="timestamp")
        known = whole(tmp_path, schema, labels=labels.tolist())
        state = known.data.vocabulary.tasks[task.name]
        label = task.encode(task.labels(np.roll(labels, -1).tolist(), self.reject), state)
        found = task.metrics(label, known.judged(task.name), np.ones(EXAMPLES, "float32"), state)
        reached = found[task.main_metric]
        assert reached <= 0.3 if lower_is_better(task.main_metric) else reached >= 0.95

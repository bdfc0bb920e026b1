"""The hook between gradients and the update."""

import dataclasses

import numpy as np
import pytest

from tfmmrec.models import sum_gradients


def updated(model, batch):
    """Trainable weights after one step, by path."""
    x, y, w = batch
    model.train_on_batch({name: x[name] for name in model.input}, y, w)
    return {variable.path: np.array(variable) for variable in model.trainable_variables}


@pytest.mark.backend
def test_a_hook_decides_the_update(make, small_data, batch):
    """Without one task's gradients the step is that of a batch without the task's labels."""
    x, y, w = batch
    settings = {"schema": small_schema(small_data.schema), "fusion": "concat"}
    plain, hooked = make(small_data, **settings), make(small_data, **settings)
    before = {variable.path: np.array(variable) for variable in plain.trainable_variables}
    heard = {}

    def without_mood(gradients, variables):
        heard.update({name: len(of_loss) == len(variables) for name, of_loss in gradients.items()})
        return sum_gradients({name: g for name, g in gradients.items() if name != "mood"}, variables)

    hooked.gradient_hook = without_mood
    expected = updated(plain, (x, y, {**w, "mood": 0 * w["mood"]}))
    found = updated(hooked, batch)
    assert heard == dict.fromkeys(["next_item", "like", "rating", "mood"], True)
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, rtol=1e-4, atol=1e-6, err_msg=path)
        if "mood_head" in path:
            np.testing.assert_array_equal(value, before[path])
        elif "missing" not in path:  # hardly an item misses something
            assert np.abs(value - before[path]).max() > 0, path


def test_the_plain_hook_is_the_plain_step(make, small_data, batch):
    settings = {"schema": small_schema(small_data.schema), "fusion": "concat", "alignment": "contrastive"}
    plain, hooked = make(small_data, **settings), make(small_data, **settings)
    losses = []

    def hook(gradients, variables):
        losses[:] = gradients
        return sum_gradients(gradients, variables)

    hooked.gradient_hook = hook
    expected, found = updated(plain, batch), updated(hooked, batch)
    assert losses == ["next_item", "like", "rating", "mood", "added"]
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, rtol=1e-4, atol=1e-6, err_msg=path)
    plain_logs, hooked_logs = plain.get_metrics_result(), hooked.get_metrics_result()
    assert {name: float(value) for name, value in hooked_logs.items()} == pytest.approx(
        {name: float(value) for name, value in plain_logs.items()}, rel=1e-4
    )


def small_schema(schema):
    """Few features, so that it compiles soon, and none hidden at random: two models take the same step."""
    few = schema.only(item=["year", "genres"], event=[])
    return dataclasses.replace(few, item=[dataclasses.replace(feature, dropout=0.0) for feature in few.item])

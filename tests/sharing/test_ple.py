"""Experts of each task and shared ones, level upon level."""

import numpy as np
import pytest

from backends import run
from contracts import SharingContract
from contracts.samples import WIDTH, random
from contracts.sharing import FEATURES, TASKS
from sharing.towers import parallel, softmax, two_layers, weights
from tfmmrec.sharing import CGC, PLE


class TestPLE(SharingContract):
    component = PLE
    settings = {"own": 1, "shared": 2}


class TestCGC(SharingContract):
    component = CGC
    settings = {"own": 2, "shared": 1}


def mixed(gate, experts):
    return sum(gate[..., e : e + 1] * expert for e, expert in enumerate(experts))


@pytest.mark.backend
def test_two_levels_by_hand():
    """Experts 0 and 1 are the tasks' own, 2 and 3 are shared."""
    sharing, pairs = TestPLE.built(), random(2, 3, FEATURES)
    first, second = sharing.extraction
    experts = [two_layers(first, e, pairs) for e in range(4)]
    gates = [softmax(parallel(first.gates, k, pairs)) for k in range(2)]
    of_tasks = [mixed(gates[k], [experts[k], *experts[2:]]) for k in range(2)]
    kernel, bias = weights(first.shared_gate)
    of_all = mixed(softmax(pairs @ kernel + bias), experts)

    read = [*of_tasks, of_all, of_all]
    experts = [two_layers(second, e, read[e]) for e in range(4)]
    found = run(sharing, pairs)
    for k, name in enumerate(TASKS):
        expected = mixed(softmax(parallel(second.gates, k, of_tasks[k])), [experts[k], *experts[2:]])
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5)


def test_one_level_is_customized_gate_control():
    one, other = CGC(WIDTH, TASKS), PLE(WIDTH, TASKS, levels=1)
    assert one.get_config() == {k: v for k, v in other.get_config().items() if k != "levels"} | {
        "name": one.name
    }
    assert one.levels == 1 and not hasattr(one.extraction[0], "shared_gate")


def test_there_are_levels_and_experts():
    for name in ("levels", "own", "shared"):
        with pytest.raises(ValueError, match=f"PLE: {name} must be 1 or more, got 0"):
            PLE(WIDTH, TASKS, **{name: 0})

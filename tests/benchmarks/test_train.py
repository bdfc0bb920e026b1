"""What the training benchmark counts and compares; nothing is timed here."""

import argparse

import numpy as np
import pytest

from benchmarks.speed import train

SECOND = {"seconds": 1.0}


def test_multiplications_by_hand():
    # two windows of 3 and 2 positions and padding: a window's positions see 1, 2, 3 and 1, 2 of its own
    window = np.asarray([[0, 0, 0, 1, 1, -1]])
    width, inner, layers = 8, 24, train.MODEL["layers"]
    dense = 5 * (4 * width * width + 3 * width * inner)
    attention = 2 * width * (1 + 2 + 3 + 1 + 2)
    softmax = 4 * width * 100
    assert train.multiplications(window, 4, 100, width) == layers * (dense + attention) + softmax


def test_windows_of_two_rows_are_counted_apart():
    one = train.multiplications(np.asarray([[0, 0]]), 2, 10, 8)
    both = train.multiplications(np.asarray([[0, 0], [1, 1]]), 4, 10, 8)
    assert both == 2 * one


def test_the_quicker_way_to_run_counts():
    eager = {**SECOND, "how": "eager", "tokens": 30, "targets": 10}
    compiled = {**SECOND, "how": "compiled", "tokens": 40, "targets": 20}
    late = {"seconds": 3.0, "how": "compiled", "tokens": 40, "targets": 28}
    assert train.rates([eager, compiled, late]) == ("compiled", {"tokens": 20, "targets": 12})
    assert train.rates([eager, late]) == ("eager", {"tokens": 30, "targets": 10})


def test_rows_of_a_width():
    rate = {"tokens": 200.0, "targets": 100.0}
    found = {
        "xla": {"tokens": 300.0, "targets": 310.0, "operations": 2e9},
        "plain": {"tokens": 150.0, "targets": 155.0, "operations": 1e9},
        "machine": {"operations": 8e9},
        "recbole": rate,
    }
    rows = [
        (row.name, row.ours, row.peer, row.ratio, row.peer_name, row.unit)
        for row in train.compared(128, found)
    ]
    assert rows == [
        ("training, width 128, targets per second", 310, 100, 3.1, train.PEERS["recbole"], "targets/s"),
        ("training, width 128, tokens per second", 300, 200, 1.5, train.PEERS["recbole"], "tokens/s"),
        ("training, width 128, XLA step", 310, 155, 2, "ours without XLA", "targets/s"),
        (
            "training, width 128, share of the matrix-product rate",
            2,
            8,
            0.25,
            "float32 matrix product 2048 × 2048",
            "GFLOP/s",
        ),
    ]


def test_a_peer_is_a_name_and_a_python():
    assert train.named_python("torch=/opt/a=b/python") == ("torch", "/opt/a=b/python")
    for wrong in ("torch", "theano=python"):
        with pytest.raises(argparse.ArgumentTypeError, match="one of torch, recbole, keras-rs"):
            train.named_python(wrong)


def test_every_peer_has_its_script():
    for name in train.PEERS:
        assert (train.SCRIPTS / f"{name.replace('-', '_')}_sasrec.py").is_file()

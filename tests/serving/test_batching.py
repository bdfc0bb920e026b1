"""Requests that are answered together, each as if it had been alone."""

import asyncio
import threading

import numpy as np
import pytest

from tfmmrec.serving.batching import Batcher, QueueFullError, merged
from tfmmrec.serving.signature import Signature, TensorInfo

SIGNATURES = {
    "recommend": Signature(
        {}, {"item": TensorInfo("string", (None, None)), "who": TensorInfo("string", (None,))}
    ),
    "rank": Signature(
        {}, {"score": TensorInfo("float32", (None, None)), "new": TensorInfo("float32", (None, 3))}
    ),
}


def strings(*rows):
    array = np.array(rows, object)
    return array


def asked(user, k, history=("",)):
    return {"user": strings(user), "k": np.array([k], "int32"), "history": strings(list(history))}


class Model:
    """Answers with what it was asked, in as many columns as the batch's largest k; notes every batch."""

    def __init__(self):
        self.batches, self.go = [], threading.Event()
        self.go.set()

    def __call__(self, signature, inputs):
        self.go.wait(10)
        if "user" in inputs:
            users = inputs["user"].tolist()
            self.batches.append(users)
            if "broken" in users:
                raise ValueError("broken")
            item = np.repeat(inputs["user"][:, None], inputs["k"].max(), axis=1)
            return {"item": item, "who": inputs["user"]}
        new = np.ones((len(inputs["candidate"]), 3), "float32")
        return {"score": (inputs["candidate"] != b"").astype("float32"), "new": new}


def together(model, requests, signature="recommend", **settings):
    """Answers of requests that all wait before any is begun with, one thread."""

    async def ask():
        batcher = Batcher(model, SIGNATURES, threads=1, **settings)
        model.go.clear()
        first = asyncio.ensure_future(batcher.ask("recommend", asked("first", 1)))
        await asyncio.sleep(0.05)
        answers = [asyncio.ensure_future(batcher.ask(signature, one)) for one in requests]
        await asyncio.sleep(0.05)
        model.go.set()
        await first
        found = await asyncio.gather(*answers, return_exceptions=True)
        await batcher.close()
        return found

    return asyncio.run(ask())


def test_what_waits_is_one_batch_and_each_gets_its_own():
    model = Model()
    found = together(model, [asked("a", 1), asked("b", 3, ["x", "y"]), asked("c", 2)])
    assert model.batches == [["first"], ["a", "b", "c"]]
    assert [one["item"].tolist() for one in found] == [[["a"]], [["b"] * 3], [["c"] * 2]]
    assert [one["who"].tolist() for one in found] == [["a"], ["b"], ["c"]]


def test_candidates_are_cut_and_fixed_widths_stay():
    requests = [{"candidate": strings([b"x"])}, {"candidate": strings([b"x", b"y"])}]
    one, two = together(Model(), requests, "rank")
    assert one["score"].tolist() == [[1.0]] and two["score"].tolist() == [[1.0, 1.0]]
    assert one["new"].shape == two["new"].shape == (1, 3)


def test_a_broken_request_fails_alone():
    model = Model()
    found = together(model, [asked("a", 1), asked("broken", 1), asked("c", 1)])
    assert found[0]["who"].tolist() == ["a"] and found[2]["who"].tolist() == ["c"]
    assert isinstance(found[1], ValueError)


def test_batches_are_bounded():
    model = Model()
    together(model, [asked(str(one), 1) for one in range(5)], most_rows=2)
    assert model.batches == [["first"], ["0", "1"], ["2", "3"], ["4"]]
    wide = asked("wide", 1, [""] * (1 << 19))
    model = Model()
    together(model, [asked("a", 1), wide, asked("b", 1), asked("c", 1)])
    assert model.batches == [["first"], ["a", "wide"], ["b", "c"]]


def test_too_many_are_refused():
    found = together(Model(), [asked(str(one), 1) for one in range(4)], most_waiting=3)
    assert [isinstance(one, QueueFullError) for one in found] == [False, False, False, True]


def test_nobody_is_answered_who_has_gone():
    model = Model()

    async def ask():
        batcher = Batcher(model, SIGNATURES, threads=1)
        model.go.clear()
        first = asyncio.ensure_future(batcher.ask("recommend", asked("first", 1)))
        gone = asyncio.ensure_future(batcher.ask("recommend", asked("gone", 1)))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0.01)
        assert batcher.waiting == 0
        model.go.set()
        await first
        await batcher.close()

    asyncio.run(ask())
    assert model.batches == [["first"]]


def test_different_questions_are_not_mixed():
    model = Model()
    found = together(model, [asked("a", 1), asked("b", 1)], "recommend")
    assert len(found) == 2
    together_merged = merged([asked("a", 1), asked("b", 2, ["x", "y"])])
    assert together_merged["history"].tolist() == [["", b""], ["x", "y"]]
    assert together_merged["k"].tolist() == [1, 2]
    numbers = [{"time": np.array([[1.0]])}, {"time": np.array([[1.0, 2.0]])}]
    np.testing.assert_array_equal(merged(numbers)["time"], [[1, np.nan], [1, 2]])


def test_an_error_of_the_model_reaches_who_asked():
    with pytest.raises(ValueError, match="broken"):
        raise together(Model(), [asked("broken", 1)])[0]

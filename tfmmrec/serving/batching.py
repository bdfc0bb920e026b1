"""Requests that wait at the same time are answered together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from tfmmrec.serving.rest import Arrays
from tfmmrec.serving.signature import Signature, TensorInfo

_CELLS = 1 << 20  # of a batch's widest input, padding included


class QueueFullError(Exception):
    """More requests wait than may."""


@dataclass(eq=False)
class Waiting:
    """One request until it is answered."""

    signature: str
    inputs: Arrays
    answer: asyncio.Future[Arrays] = field(repr=False)

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values())))


class Batcher:
    """Runs a model in threads of its own, with as many requests at a time as have come meanwhile.

    Nobody waits for company: a request that finds a free thread is run at once, and those that come while all
    are busy make the next batch.

    Args:
        run: signature and inputs ``[B, …]`` → outputs ``[B, …]``; raises ValueError for what it cannot read.
        signatures: what can be asked, by name.
        most_rows: of a batch; a request of more rows is a batch of its own.
        most_waiting: requests; one more is refused.
        threads: batches that run at the same time.
        on_batch: is told the rows of each batch.
    """

    def __init__(
        self,
        run: Callable[[str, Arrays], Arrays],
        signatures: Mapping[str, Signature],
        most_rows: int = 64,
        most_waiting: int = 1024,
        threads: int = 2,
        on_batch: Callable[[str, int], None] = lambda signature, rows: None,
    ) -> None:
        self._run, self._signatures, self._on_batch = run, signatures, on_batch
        self.most_rows, self.most_waiting, self.threads = most_rows, most_waiting, threads
        self._waiting: deque[Waiting] = deque()
        self._pool = ThreadPoolExecutor(threads, "tfmmrec-batch")
        self._running: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Requests that no thread has begun with."""
        return len(self._waiting)

    async def ask(self, signature: str, inputs: Arrays) -> Arrays:
        """The outputs of one request, as if it had been alone.

        Raises:
            ValueError: the model cannot read it.
            QueueFullError: too many wait.
        """
        if len(self._waiting) >= self.most_waiting:
            raise QueueFullError
        one = Waiting(signature, inputs, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        self._begin()
        try:
            return await one.answer
        finally:
            if one in self._waiting:  # nobody waits for it any more
                self._waiting.remove(one)

    async def close(self) -> None:
        """Answers what waits, and ends the threads."""
        while self._running:
            await asyncio.wait(self._running)
        self._pool.shutdown(wait=False)

    def _begin(self) -> None:
        while self._waiting and len(self._running) < self.threads:
            task = asyncio.get_running_loop().create_task(self._answer(self._next()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._begin()

    def _next(self) -> list[Waiting]:
        """The longest waiting request, and those behind it that can be answered with it."""
        first = self._waiting.popleft()
        batch, rows, width = [first], first.rows, _width(first.inputs)
        for one in list(self._waiting):
            if one.signature != first.signature or rows + one.rows > self.most_rows:
                continue
            wider = max(width, _width(one.inputs))
            if wider * (rows + one.rows) > _CELLS:
                continue
            self._waiting.remove(one)
            batch.append(one)
            rows, width = rows + one.rows, wider
        return batch

    async def _answer(self, batch: list[Waiting]) -> None:
        loop = asyncio.get_running_loop()
        try:
            outputs = await loop.run_in_executor(self._pool, self._together, batch)
        except Exception as error:
            if len(batch) > 1:  # one of them is to blame: each on its own
                for one in batch:
                    await self._answer([one])
            elif not batch[0].answer.done():
                batch[0].answer.set_exception(error)
            return
        for one, answer in zip(batch, outputs, strict=True):
            if not one.answer.done():
                one.answer.set_result(answer)

    def _together(self, batch: list[Waiting]) -> list[Arrays]:
        signature = batch[0].signature
        self._on_batch(signature, sum(one.rows for one in batch))
        if len(batch) == 1:
            return [self._run(signature, batch[0].inputs)]
        outputs = self._run(signature, merged([one.inputs for one in batch]))
        answers, start = [], 0
        for one in batch:
            rows = {name: array[start : start + one.rows] for name, array in outputs.items()}
            answers.append(cut(rows, one.inputs, self._signatures[signature].outputs))
            start += one.rows
        return answers


def merged(requests: list[Arrays]) -> Arrays:
    """Inputs below each other, filled with padding where one is wider than another."""
    together = {}
    for name, first in requests[0].items():
        arrays = [request[name] for request in requests]
        if first.ndim == 2:
            width = max(array.shape[1] for array in arrays)
            arrays = [_widened(array, width) for array in arrays]
        together[name] = np.concatenate(arrays)
    return together


def cut(outputs: Arrays, inputs: Arrays, specs: Mapping[str, TensorInfo]) -> Arrays:
    """Outputs without the columns that other requests of the batch asked for.

    Args:
        outputs: of this request's rows.
        inputs: of this request.
        specs: of the outputs; what is ``[B, ?, …]`` has a column for each of k, or for each candidate.
    """
    if "candidate" in inputs:
        columns = inputs["candidate"].shape[1]
    elif "k" in inputs:
        columns = max(0, int(inputs["k"].max()))
    else:
        return outputs
    return {
        name: array[:, :columns] if array.ndim > 1 and specs[name].shape[1] is None else array
        for name, array in outputs.items()
    }


def _width(inputs: Arrays) -> int:
    return max((array.shape[1] for array in inputs.values() if array.ndim == 2), default=1)


def _widened(array: np.ndarray, width: int) -> np.ndarray:
    lacking = width - array.shape[1]
    if not lacking:
        return array
    nothing = {"O": b"", "f": np.nan, "b": False}[array.dtype.kind]
    filling = np.full((len(array), lacking), nothing, array.dtype)
    return np.concatenate([array, filling], axis=1)

"""A local server that speaks TensorFlow Serving's REST API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tfmmrec.serving.batching import Batcher, QueueFullError
from tfmmrec.serving.rest import Asked, read_request, write_answer, write_error
from tfmmrec.serving.served_models import Live, LoadingError, NotServedError, ServedModels
from tfmmrec.serving.signature import Signature
from tfmmrec.serving.version import Version

_INLINE = 1 << 16  # bytes of a body that are read between two other requests; larger ones in a thread


class _Number(Convertor[int]):
    """A version in a path. None has more digits, and Python reads no number of thousands of them."""

    regex = "[0-9]{1,300}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("version", _Number())


@dataclass(frozen=True)
class Limits:
    """What a request may ask for.

    Attributes:
        body: bytes of a request.
        questions: of a request.
        cells: of a request: its questions times the longest list among them, or the largest k.
        seconds: until its body has come, and until it is answered.
        k: results of a question.
        rows: of a batch that is made of several requests.
        waiting: requests in a queue.
        threads: batches that run at the same time.
        poll: seconds between two looks for new versions.
    """

    body: int = 16 << 20
    questions: int = 1024
    cells: int = 1 << 18
    seconds: float = 30.0
    k: int = 1000
    rows: int = 64
    waiting: int = 1024
    threads: int = 2
    poll: float = 1.0


class Server:
    """An ASGI application: ``Server("savedmodels").app``, for uvicorn or any other ASGI server.

    * ``POST /v1/models/<model>[/versions/<n>]:predict``: rows (``instances``) or columns (``inputs``)
    * ``GET /v1/models/<model>[/versions/<n>]``: status; with ``/metadata``: the signatures
    * ``GET /healthz``: it runs; ``GET /readyz``: every model answers
    * ``GET /monitoring/prometheus/metrics``

    Errors are ``{"error": "…"}``: 400 for a request that cannot be understood or answered, 404 for a model
    that is not served, 405 for a method that is none, 408, 413 and 415 for a body that is too slow, too large
    or compressed, 503 where too many wait or the model's first version is being loaded, 504 where an answer
    takes too long.

    Args:
        folder: see `ServedModels`.
        limits: of requests.

    Raises:
        ValueError: there is no export in the folder.
    """

    def __init__(self, folder: str | Path, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.models = ServedModels(Path(folder), self._batcher)
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "tfmmrec_requests", "Requests by outcome.", ["model", "signature", "status"], registry=registry
        )
        self._seconds = Histogram(
            "tfmmrec_request_seconds",
            "From the first byte of a request to its answer.",
            ["model", "signature"],
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
            registry=registry,
        )
        self._rows = Histogram(
            "tfmmrec_batch_rows",
            "Questions that were answered together.",
            ["model", "signature"],
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=registry,
        )
        self._waiting = Gauge(
            "tfmmrec_waiting_requests", "Requests in the queue.", ["model"], registry=registry
        )
        self._version = Gauge(
            "tfmmrec_model_version", "The version that answers.", ["model"], registry=registry
        )
        routes = [
            Route("/v1/models/{model}/versions/{number:version}:predict", self._predict, methods=["POST"]),
            Route("/v1/models/{model}:predict", self._predict, methods=["POST"]),
            Route("/v1/models/{model}/versions/{number:version}/metadata", self._metadata),
            Route("/v1/models/{model}/metadata", self._metadata),
            Route("/v1/models/{model}/versions/{number:version}", self._status),
            Route("/v1/models/{model}", self._status),
            Route("/healthz", self._healthy),
            Route("/readyz", self._ready),
            Route("/monitoring/prometheus/metrics", self._metrics),
        ]
        self.app = Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _as_json, Exception: _failed},
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Any) -> AsyncIterator[None]:
        watching = asyncio.create_task(self.models.watch(self.limits.poll))
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await self.models.close()

    def _batcher(self, name: str, version: Version) -> Batcher:
        self._version.labels(name).set(version.number)
        batcher = Batcher(
            version.run,
            version.signatures,
            self.limits.rows,
            self.limits.waiting,
            self.limits.threads,
            lambda signature, rows: self._rows.labels(name, signature).observe(rows),
        )
        self._waiting.labels(name).set_function(lambda: batcher.waiting)
        return batcher

    async def _predict(self, request: Request) -> Response:
        begun = time.perf_counter()
        name, number = request.path_params["model"], request.path_params.get("number")
        asked: Asked | None = None
        try:
            body = await self._body(request)
            with self.models.hold(name, number) as live:
                async with asyncio.timeout(self.limits.seconds):
                    if len(body) > _INLINE:
                        asked = await asyncio.to_thread(self._read, body, live)
                    else:
                        asked = self._read(body, live)
                    outputs = await live.batcher.ask(asked.signature, asked.inputs)
            status, answer = 200, write_answer(outputs, asked.columnar)
        except ClientDisconnect:
            status, answer = 400, write_error("The connection was closed before the body had come.")
        except HTTPException as error:
            status, answer = error.status_code, write_error(error.detail)
        except NotServedError as error:
            status, answer = _status_of(error), write_error(str(error))
        except ValueError as error:
            status, answer = 400, write_error(str(error))
        except QueueFullError:
            status, answer = 503, write_error("Too many requests wait already; ask again in a moment.")
        except TimeoutError:
            late = f"No answer within {self.limits.seconds:g} seconds."
            status, answer = 504, write_error(late)
        labels = (name if name in self.models.models else "", asked.signature if asked else "")
        self._requests.labels(*labels, str(status)).inc()
        self._seconds.labels(*labels).observe(time.perf_counter() - begun)
        headers = {"Retry-After": "1"} if status == 503 else None
        return Response(answer, status, headers, "application/json")

    def _read(self, body: bytes, live: Live) -> Asked:
        asked = read_request(body, live.version.signatures)
        check_size(asked, live.version.signatures, self.limits)
        live.version.check(asked.signature, asked.inputs, self.limits.k)
        return asked

    async def _body(self, request: Request) -> bytes:
        too_large = HTTPException(413, f"A request may have at most {self.limits.body:,} bytes.")
        coding = request.headers.get("content-encoding", "identity")
        if coding.lower() != "identity":
            raise HTTPException(415, f"Send the JSON as it is; Content-Encoding {coding[:40]!r} is not read.")
        announced = request.headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > self.limits.body:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.seconds):
                async for part in request.stream():
                    body += part
                    if len(body) > self.limits.body:
                        raise too_large
        except TimeoutError as error:
            raise HTTPException(
                408, f"The body did not come within {self.limits.seconds:g} seconds."
            ) from error
        return bytes(body)

    async def _status(self, request: Request) -> Response:
        if request.url.path.endswith(":predict"):  # a name can hold anything
            raise HTTPException(405, headers={"Allow": "POST"})
        try:
            found = self.models.status(request.path_params["model"], request.path_params.get("number"))
        except NotServedError as error:
            raise HTTPException(_status_of(error), str(error)) from error
        return _json({"model_version_status": found})

    async def _metadata(self, request: Request) -> Response:
        name = request.path_params["model"]
        try:
            with self.models.hold(name, request.path_params.get("number")) as live:
                spec = {"name": name, "signature_name": "", "version": str(live.version.number)}
                metadata = live.version.metadata
        except NotServedError as error:
            raise HTTPException(_status_of(error), str(error)) from error
        return _json({"model_spec": spec, "metadata": metadata})

    async def _healthy(self, _: Request) -> Response:
        return _json({"status": "ok"})

    async def _ready(self, _: Request) -> Response:
        ready = self.models.ready
        return _json({"status": "ready" if ready else "loading"}, 200 if ready else 503)

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


def check_size(asked: Asked, signatures: Mapping[str, Signature], limits: Limits) -> None:
    """Refuses what would take more memory than a request may.

    Raises:
        ValueError: too many questions, or too long lists for so many.
    """
    specs = signatures[asked.signature].inputs
    questions = len(next(iter(asked.inputs.values())))
    advice = "ask in several requests"
    if questions > limits.questions:
        raise ValueError(
            f"A request may have at most {limits.questions:,} questions, got {questions:,}: {advice}."
        )
    for name, array in asked.inputs.items():
        if name == "k":
            size, what = int(array.max()), "k is"
        elif array.ndim == 2 and specs[name].shape[1] is None:
            size, what = array.shape[1], f"{name} has lists of"
        else:
            continue
        if questions * size > limits.cells:
            most = limits.cells // questions
            raise ValueError(
                f"{what} {size:,}, and may be at most {most:,} where there are {questions:,} questions: "
                f"{advice}."
            )


def _status_of(error: NotServedError) -> int:
    return 503 if isinstance(error, LoadingError) else 404


async def _as_json(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = error.detail
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another")
        said = f"Method Not Allowed: {request.method} is not answered here; use {allowed}."
    elif said == "Not Found":
        said = (
            "Not Found: expected a path such as GET /v1/models/<model>[/versions/<n>][/metadata] or "
            "POST /v1/models/<model>[/versions/<n>]:predict."
        )
    return Response(write_error(said), error.status_code, error.headers, "application/json")


async def _failed(_: Request, error: Exception) -> Response:
    said = f"The server failed to answer ({type(error).__name__}); its log says more."
    return Response(write_error(said), 500, media_type="application/json")


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, media_type="application/json")

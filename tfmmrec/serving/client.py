"""An export, asked over the network: TensorFlow Serving's REST API, without TensorFlow."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import numpy as np
import urllib3
from urllib3 import exceptions

from tfmmrec.serving.json_tensors import led_by_padding, to_array, to_json
from tfmmrec.serving.predictor import Predictor
from tfmmrec.serving.signature import Signature, from_metadata

_BUSY = (429, 502, 503, 504)
"""Statuses after which the same request may be answered a moment later."""


class Client(Predictor):
    """Asks TensorFlow Serving, or `tfmmrec serve`, with the methods and answers of `Served`.

    It needs neither TensorFlow nor the export's folder. What the server takes and gives is learnt from its
    metadata at the first question, and again where a new version is served that takes or gives something
    else. All questions are reads, so that one that found no connection, or a busy server (429, 502, 503,
    504), is asked again after 0, 0.4, 0.8, … seconds. Threads may share one client; connections are kept
    open.

    An answer is that of `Served` but for one thing: TensorFlow Serving does not say whom it knows, and
    answers a `user_id` that it does not know as somebody new. (`tfmmrec serve` refuses it, as `Served` does.)

    Args:
        url: of the server's REST port: ``"http://127.0.0.1:8501"``.
        model: the name it is served by.
        version: None for the latest one.
        timeout: seconds, for the connection and again for the answer; a slow answer is not asked for again.
        retries: how often a question is asked again.

    Raises (every question):
        ValueError: the server, or the client before it, refuses the request; the message says why.
        ConnectionError: there is no server, it stays busy, or what answers is something else.
        TimeoutError: no answer in time.
    """

    def __init__(
        self, url: str, model: str, version: int | None = None, timeout: float = 10.0, retries: int = 3
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(
                f"url is that of a server's REST port, such as http://127.0.0.1:8501; got {url!r}."
            )
        if not model:
            raise ValueError("model is the name it is served by, such as 'demo'; got none.")
        self.server, self.model, self.version, self.timeout = url.rstrip("/"), model, version, timeout
        self._path = f"{self.server}/v1/models/{quote(model, safe='')}"
        self._path += f"/versions/{int(version)}" if version is not None else ""
        self._pool = urllib3.PoolManager(
            maxsize=32,  # as many threads keep their connection
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
            retries=_Retries(
                total=retries,
                allowed_methods=None,  # a question is a POST, and changes nothing
                status_forcelist=_BUSY,
                backoff_factor=0.2,
                raise_on_status=False,  # the last answer says why
                respect_retry_after_header=False,  # it may name hours
            ),
        )

    def status(self) -> dict[int, str]:
        """The state of each version, such as ``{2: "AVAILABLE", 1: "END"}``."""
        versions = self._get("").get("model_version_status", [])
        return {int(one["version"]): str(one["state"]) for one in versions}

    def metadata(self) -> dict[str, Any]:
        """What the server says of the model: its version, and every signature's inputs and outputs."""
        return self._get("/metadata")

    @cached_property
    def signatures(self) -> dict[str, Signature]:
        """What can be asked, by name; asked of the server once."""
        said = self.metadata()
        try:
            return from_metadata(said)
        except (KeyError, TypeError, ValueError) as error:
            self._strange(f"metadata without signatures ({error!r})", json.dumps(said))

    def _ask(self, name: str, arguments: dict[str, Any]) -> Any:
        known = self.signatures
        try:
            return super()._ask(name, arguments)
        except ValueError:
            if self.version is not None:
                raise
            self._forget()  # a new version may take something else
            if self.signatures == known:
                raise
        return super()._ask(name, arguments)

    def _predict(self, name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = self._post(name, inputs)
        if "item_id" in inputs:
            self._check_known(name, inputs, outputs)
        return outputs

    def _post(self, name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the server answers, without the column that it was sent beside."""
        led = led_by_padding(inputs)
        body = {"signature_name": name, "inputs": {key: to_json(array) for key, array in led.items()}}
        said = self._send("POST", f"{self._path}:predict", body)
        try:
            outputs = self._read(name, said.get("outputs"), alone=True)
        except (KeyError, TypeError, ValueError):
            self._forget()  # a new version may answer with something else
            try:
                outputs = self._read(name, said.get("outputs"))
            except (KeyError, TypeError, ValueError) as error:
                raise ConnectionError(
                    f"{self.server} answers {name!r} with outputs other than its metadata promise ({error}): "
                    f"{json.dumps(said)[:200]!r}. Where several servers share an address, are they of one "
                    "version? Ask again in a moment."
                ) from error
        if "candidate" in inputs:  # the column of padding was ranked, too
            outputs = {
                key: array if key.startswith("new_item_") else array[:, 1:] for key, array in outputs.items()
            }
        return outputs

    def _read(self, name: str, given: Any, alone: bool = False) -> dict[str, np.ndarray]:
        """Outputs as the metadata promise them; `alone`: without others beside them.

        Raises:
            KeyError, TypeError, ValueError: they are something else.
        """
        described = self.signatures[name].outputs
        if len(described) == 1:  # TensorFlow Serving leaves the name of a single output out
            given = {next(iter(described)): given}
        if alone and set(given) != set(described):
            raise ValueError(f"expected {sorted(described)}, got {sorted(given)}")
        return {key: to_array(given[key], info) for key, info in described.items()}

    def _forget(self) -> None:
        """Lets the metadata be asked for again; another thread may have done so."""
        self.__dict__.pop("signatures", None)

    def _check_known(self, name: str, inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> None:
        """Refuses an item neither known nor described: it has no vector, and is similar to nothing."""
        if name == "encode_item":
            unknown = np.isnan(outputs["vector"]).any(axis=1)
        else:
            unknown = ~(outputs["item_id"] != "").any(axis=1) & (inputs["k"] > 0)
            if unknown.any():  # or is it alone in its catalogue?
                item = {key: array[unknown] for key, array in inputs.items() if key != "k"}
                unknown[unknown] = np.isnan(self._post("encode_item", item)["vector"]).any(axis=1)
        if unknown.any():
            raise self._unknown_item(name, inputs["item_id"][unknown][0])

    def _get(self, what: str) -> dict[str, Any]:
        return self._send("GET", f"{self._path}{what}")

    def _send(self, method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request, and its answer as JSON; see the class for what is raised."""
        sent = None
        if body is not None:
            sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            answer = self._pool.request(method, url, body=sent, headers=headers, redirect=False)
        except exceptions.HTTPError as error:
            self._no_answer(error)
        text = answer.data.decode("utf-8", "replace")
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if answer.status == 200 and isinstance(said, dict) and "error" not in said:
            return said
        # TensorFlow Serving escapes what is no ASCII in a way that JSON does not have
        reason = str(said["error"]) if isinstance(said, dict) and "error" in said else text.strip()
        self._refused(answer.status, reason[:500], isinstance(said, dict) or '"error"' in text)

    def _refused(self, status: int, reason: str, spoken: bool) -> NoReturn:
        what = f"{self.model!r}" + (f", version {self.version}" if self.version is not None else "")
        if status in _BUSY:
            raise ConnectionError(
                f"{self.server} is busy, or does not serve {what} yet (HTTP {status}): {reason} Ask again "
                "later, or give it more cores or replicas."
            )
        if status >= 500:
            raise ConnectionError(f"{self.server} failed (HTTP {status}): {reason} Its log says more.")
        if not spoken:
            self._strange(f"HTTP {status}", reason)
        if status == 404:
            raise ValueError(
                f"{self.server} does not serve {what}: {reason} Give the name (and version) it is served by, "
                "or wait until it is loaded."
            )
        raise ValueError(
            f"{self.server} refuses the request to {what}: {reason} Is every medium the bytes of a whole "
            "file, and what is served an export of tfmmrec?"
        )

    def _strange(self, what: str, said: str) -> NoReturn:
        raise ConnectionError(
            f"{self.server} answers with {what}, which TensorFlow Serving does not: {said[:200]!r}. Give the "
            "address of its REST port, 8501 where nothing else was chosen (8500 is gRPC's)."
        )

    def _no_answer(self, error: exceptions.HTTPError) -> NoReturn:
        reason = error.reason if isinstance(error, exceptions.MaxRetryError) else error
        late = isinstance(reason, exceptions.TimeoutError)
        if late and not isinstance(reason, exceptions.NewConnectionError):  # which is one, to urllib3
            raise TimeoutError(
                f"{self.server} gives no answer within {self.timeout:g} seconds. Give a longer timeout, a "
                "smaller batch or k, or the server more cores."
            ) from error
        if isinstance(reason, exceptions.NewConnectionError):
            raise ConnectionError(
                f"There is no server at {self.server}: {reason}. Start one (`tfmmrec serve`, or the image "
                "tensorflow/serving), and give the address of its REST port, such as http://127.0.0.1:8501."
            ) from error
        raise ConnectionError(
            f"{self.server} breaks the connection: {reason}. Is it the REST port, 8501 where nothing "
            "else was chosen (8500 is gRPC's)?"
        ) from error


class _Retries(urllib3.Retry):
    """Asks again but after a slow answer: a server that is slow would have more to do."""

    def increment(self, method=None, url=None, response=None, error=None, _pool=None, _stacktrace=None):
        if isinstance(error, exceptions.ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)

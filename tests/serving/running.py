"""A server in a thread of this process, asked over HTTP."""

import contextlib
import json
import threading
import time

import urllib3
import uvicorn

from tfmmrec.serving.server import Limits, Server


class Running:
    """A server and a way to ask it; `lifetime` is a context manager that ends it."""

    def __init__(self, folder, **limits):
        self.server = Server(folder, Limits(**{"poll": 0.1, **limits}))
        config = uvicorn.Config(self.server.app, port=0, log_config=None, timeout_graceful_shutdown=20)
        self._uvicorn = uvicorn.Server(config)
        self._pool = urllib3.PoolManager(maxsize=64, retries=False)

    @contextlib.contextmanager
    def lifetime(self):
        thread = threading.Thread(target=self._uvicorn.run)
        thread.start()
        try:
            self.wait(lambda: self._uvicorn.started)
            (listening,) = self._uvicorn.servers
            self.port = listening.sockets[0].getsockname()[1]
            self.wait(lambda: self.get("/readyz")[0] == 200)
            yield self
        finally:
            self._uvicorn.should_exit = True
            thread.join(60)
            assert not thread.is_alive()

    def wait(self, there, seconds=120):
        end = time.monotonic() + seconds
        while not there():
            assert time.monotonic() < end, "it never came"
            time.sleep(0.02)

    def get(self, path):
        return self._read(self._pool.request("GET", f"http://127.0.0.1:{self.port}{path}"))

    def post(self, path, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._read(self._pool.request("POST", f"http://127.0.0.1:{self.port}{path}", body=body))

    def predict(self, model, signature, rows, version=""):
        """Rows of named values to predictions."""
        body = {"signature_name": signature, "instances": rows}
        status, answer = self.post(f"/v1/models/{model}{version}:predict", body)
        assert status == 200, answer
        return answer["predictions"]

    def question(self, model, signature, **given):
        """A row of every input, padding but for what is given."""
        specs = self.server.models.find(model).version.signatures[signature].inputs
        padding = {"string": "", "bool": False, "int32": 5}
        row = {}
        for name, spec in specs.items():
            one = padding.get(spec.dtype, float("nan"))
            nothing = one if len(spec.shape) == 1 else [one] * (spec.shape[1] or 1)
            row[name] = given.pop(name, nothing)
        assert not given
        return row

    def _read(self, response):
        kind = response.headers.get("content-type", "")
        return response.status, json.loads(response.data) if "json" in kind else response.data.decode()

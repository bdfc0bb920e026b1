"""Files that run TensorFlow Serving on exports: its own configuration, Docker Compose and Kubernetes.

Sources: https://www.tensorflow.org/tfx/serving/serving_config, and of TensorFlow Serving ``main.cc`` for the
flags, ``model_server_config.proto``, ``session_bundle_config.proto`` and ``monitoring_config.proto``.
"""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tfmmrec.aside import file_aside
from tfmmrec.serving.versions import versions

GRPC_PORT, REST_PORT = 8500, 8501
"""Those of the image tensorflow/serving."""

FLAGS = (
    "--model_config_file=/config/models.config",
    "--model_config_file_poll_wait_seconds=60",
    "--enable_batching=true",
    "--batching_parameters_file=/config/batching.config",
    "--monitoring_config_file=/config/monitoring.config",
    "--rest_api_timeout_in_ms=30000",
)
"""Of ``tensorflow_model_server``; the image adds the ports."""

_METRICS = "/monitoring/prometheus/metrics"
_GIB = 2**30


@dataclass(frozen=True)
class Deployment:
    """Exports and what serves them.

    Attributes:
        folder: of the models, ``savedmodels``.
        models: names of the folders in it that hold versions, sorted.
        size: bytes of the latest versions together.
        image: of TensorFlow Serving, with its tag.
        cores: of the machine (or of each replica) that serves.
    """

    folder: Path
    models: tuple[str, ...]
    size: int
    image: str = "tensorflow/serving:latest"
    cores: int = 4

    @classmethod
    def of(cls, folder: str | Path, image: str = image, cores: int = cores) -> Deployment:
        """Everything that is exported in a folder.

        Raises:
            ValueError: there is nothing, the folder is that of one model, or a name cannot be asked for.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ValueError(
                f"There is no folder {str(folder)!r}. `tfmmrec export` makes savedmodels/<name>/1."
            )
        if versions(folder) or (folder / "saved_model.pb").is_file():
            above = folder.parent if versions(folder) else folder.parent.parent
            raise ValueError(
                f"{str(folder)!r} is one model; give the folder of all models, {str(above)!r}, every one of "
                "which is then served by the name of its folder."
            )
        models = {one.name: versions(one) for one in sorted(folder.iterdir())}
        latest = {name: there[max(there)] for name, there in models.items() if there}
        if not latest:
            raise ValueError(
                f"There is no export in {str(folder)!r}: no version such as "
                f"{str(folder / 'films' / '1' / 'saved_model.pb')!r}. `tfmmrec export` makes one."
            )
        for name in latest:
            if ":" in name or not name.isprintable():
                raise ValueError(
                    f"A model is asked for by the name of its folder, and {name!r} cannot stand in an "
                    "address. Rename the folder to letters, digits, - and _."
                )
        size = sum(
            file.stat().st_size for one in latest.values() for file in one.rglob("*") if file.is_file()
        )
        return cls(folder, tuple(latest), size, image, cores)

    def files(self, to: Path) -> dict[str, str]:
        """The text of every file by its name, as it stands in the folder `to`."""
        configs = {
            "models.config": models_config(self),
            "batching.config": batching_config(self),
            "monitoring.config": monitoring_config(),
        }
        return {
            **configs,
            "docker-compose.yml": docker_compose(self, to),
            "kubernetes.yaml": kubernetes(self, configs),
        }

    def write(self, to: str | Path, replace: bool = False) -> list[Path]:
        """Writes `files` into a folder, which is made.

        Raises:
            ValueError: one of them is there, and is not to be replaced.
        """
        to = Path(to)
        texts = {to / name: text for name, text in self.files(to).items()}
        there = [str(path) for path in texts if path.exists()]
        if there and not replace:
            raise ValueError(
                f"{', '.join(there)} would be written over. Pass --replace (in Python replace=True), or give "
                "another folder."
            )
        to.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with file_aside(path) as aside:
                aside.write_text(text, "utf-8")
        return list(texts)

    @property
    def memory(self) -> int:
        """GiB: TensorFlow and requests, and the latest versions with room for new ones loaded beside them."""
        return 2 + -(-3 * self.size // _GIB)


def docker_command(deployment: Deployment, to: str | Path) -> str:
    """The ``docker run`` that serves with the files in `to`."""
    volumes = [f"{deployment.folder.resolve()}:/models:ro", f"{Path(to).resolve()}:/config:ro"]
    lines = [
        f"docker run --rm -p {GRPC_PORT}:{GRPC_PORT} -p {REST_PORT}:{REST_PORT}",
        *(f"-v {shlex.quote(volume)}" for volume in volumes),
        " ".join([shlex.quote(deployment.image), *FLAGS[:2]]),
        *FLAGS[2:],
    ]
    return " \\\n  ".join(lines)


def models_config(deployment: Deployment) -> str:
    """``ModelServerConfig``: which models there are; of each the latest version is served."""
    configs = "".join(
        f"""\
  config {{
    name: {_quoted(name)}
    base_path: {_quoted(f"/models/{name}")}
    model_platform: "tensorflow"
  }}
"""
        for name in deployment.models
    )
    return f"model_config_list {{\n{configs}}}\n"


def batching_config(deployment: Deployment) -> str:
    """``BatchingParameters``: requests that come at about the same time are answered together."""
    return f"""\
# A request of more questions than this is refused.
max_batch_size {{ value: 64 }}
# How long a request waits for others.
batch_timeout_micros {{ value: 1000 }}
# As many as the machine has cores.
num_batch_threads {{ value: {deployment.cores} }}
# Batches that wait, of every signature; a request beyond gets HTTP 503, and may be sent again.
max_enqueued_batches {{ value: 100 }}
# Histories and candidates are of different lengths.
pad_variable_length_inputs: true
"""


def monitoring_config() -> str:
    """``MonitoringConfig``: numbers for Prometheus, on the REST port."""
    return f"""\
prometheus_config {{
  enable: true
  path: "{_METRICS}"
}}
"""


def docker_compose(deployment: Deployment, to: Path) -> str:
    """A Compose file that stands in `to`, beside the configuration."""
    models = os.path.relpath(deployment.folder.resolve(), to.resolve()).replace(os.sep, "/")
    return f"""\
# docker compose up
services:
  tensorflow-serving:
    # Pin the version that was tested, no older than the TensorFlow of the exports (their about.json).
    image: {_literal(deployment.image)}
    command:
{_listed(FLAGS, 6)}
    ports:
      - "{GRPC_PORT}:{GRPC_PORT}" # gRPC
      - "{REST_PORT}:{REST_PORT}" # REST, and {_METRICS}
    volumes:
      - type: bind
        source: {_literal(models if models.startswith(".") else f"./{models}")}
        target: /models
        read_only: true
      - type: bind
        source: .
        target: /config
        read_only: true
    healthcheck:
      # The image has no curl. The port opens when every model is loaded and warm.
      test: ["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/{REST_PORT}"]
      interval: 10s
      timeout: 3s
      start_period: 120s
    deploy:
      resources:
        limits:
          cpus: "{deployment.cores}"
          memory: {deployment.memory}g
    restart: unless-stopped
"""


def kubernetes(deployment: Deployment, configs: dict[str, str]) -> str:
    """A ConfigMap of the configuration, a claim for the models' volume, a Deployment and a Service."""
    texts = "\n".join(f"  {name}: |\n{_indented(text, 4)}" for name, text in configs.items())
    ready = json.dumps(f"/v1/models/{quote(deployment.models[0])}/metadata")
    return f"""\
# kubectl apply -f kubernetes.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: tensorflow-serving
data:
{texts}
---
# Fill it with the folder of all models: <name>/<version>/saved_model.pb. A new version is found by itself.
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: savedmodels
spec:
  accessModes: [ReadWriteMany] # every replica reads what one exports
  resources:
    requests:
      storage: {max(1, -(-10 * deployment.size // _GIB))}Gi
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: tensorflow-serving
  labels:
    app: tensorflow-serving
spec:
  replicas: 2
  selector:
    matchLabels:
      app: tensorflow-serving
  strategy:
    rollingUpdate:
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app: tensorflow-serving
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "{REST_PORT}"
        prometheus.io/path: {_METRICS}
    spec:
      containers:
        - name: tensorflow-serving
          # Pin the version that was tested, no older than the TensorFlow of the exports (their about.json).
          image: {json.dumps(deployment.image)}
          args:
{_listed(FLAGS, 12)}
          ports:
            - name: grpc
              containerPort: {GRPC_PORT}
            - name: rest
              containerPort: {REST_PORT}
          # The port opens when every model is loaded and warm: up to ten minutes.
          startupProbe:
            tcpSocket:
              port: rest
            periodSeconds: 5
            failureThreshold: 120
          # A version is served, which the state of a model alone (HTTP 200 while it loads) does not say.
          readinessProbe:
            httpGet:
              path: {ready}
              port: rest
            periodSeconds: 5
            timeoutSeconds: 3
          livenessProbe:
            tcpSocket:
              port: rest
            periodSeconds: 10
            timeoutSeconds: 3
          resources:
            requests:
              cpu: "{deployment.cores}"
              memory: {deployment.memory}Gi
            limits:
              memory: {deployment.memory}Gi
          securityContext:
            allowPrivilegeEscalation: false
          volumeMounts:
            - name: savedmodels
              mountPath: /models
              readOnly: true
            - name: config
              mountPath: /config
              readOnly: true
      volumes:
        - name: savedmodels
          persistentVolumeClaim:
            claimName: savedmodels
        - name: config
          configMap:
            name: tensorflow-serving
---
apiVersion: v1
kind: Service
metadata:
  name: tensorflow-serving
  labels:
    app: tensorflow-serving
spec:
  selector:
    app: tensorflow-serving
  ports:
    - name: grpc
      port: {GRPC_PORT}
      targetPort: grpc
    - name: rest
      port: {REST_PORT}
      targetPort: rest
"""


def _quoted(text: str) -> str:
    """A string of a text proto, and of YAML."""
    return json.dumps(text, ensure_ascii=False)


def _literal(text: str) -> str:
    """A string of a Compose file, in which $ begins a variable."""
    return _quoted(text).replace("$", "$$")


def _listed(lines: tuple[str, ...], indent: int) -> str:
    return "\n".join(f"{' ' * indent}- {line}" for line in lines)


def _indented(text: str, indent: int) -> str:
    return "\n".join(f"{' ' * indent}{line}" for line in text.splitlines())

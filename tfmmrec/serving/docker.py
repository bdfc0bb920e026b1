"""TensorFlow Serving on exports with Docker: a command, and a Compose file."""

from __future__ import annotations

import ipaddress
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tfmmrec.serving.tensorflow_serving import FLAGS, GRPC_PORT, METRICS, REST_PORT, listed_flags, quoted

if TYPE_CHECKING:
    from tfmmrec.serving.deployment import Deployment


HOST = "127.0.0.1"
"""Where ports are published: at this machine only, for TensorFlow Serving knows no passwords."""

HOST_VARIABLE = "TFMMREC_HOST"
"""The environment variable by which a Compose file publishes them elsewhere."""


def docker_command(deployment: Deployment, to: str | Path, host: str = HOST) -> str:
    """The ``docker run`` that serves with the files in `to`.

    Args:
        deployment: the exports.
        to: the folder of the files.
        host: the IP address to publish the ports at; ``0.0.0.0`` opens them to the network.

    Raises:
        ValueError: `host` is no IP address.
    """
    at = published_at(host)
    volumes = [f"{deployment.folder.resolve()}:/models:ro", f"{Path(to).resolve()}:/config:ro"]
    lines = [
        f"docker run --rm -p {at}:{GRPC_PORT}:{GRPC_PORT} -p {at}:{REST_PORT}:{REST_PORT}",
        *(f"-v {shlex.quote(volume)}" for volume in volumes),
        " ".join([shlex.quote(deployment.image), *FLAGS[:2]]),
        *FLAGS[2:],
    ]
    return " \\\n  ".join(lines)


def docker_compose(deployment: Deployment, to: Path) -> str:
    """A Compose file that stands in `to`, beside the configuration; ports are published at `HOST`."""
    at = f"${{{HOST_VARIABLE}:-{HOST}}}"
    models = os.path.relpath(deployment.folder.resolve(), to.resolve()).replace(os.sep, "/")
    return f"""\
# docker compose up
services:
  tensorflow-serving:
    # Pin the version that was tested, no older than the TensorFlow of the exports (their about.json).
    image: {_literal(deployment.image)}
    command:
{listed_flags(6)}
    ports:
      # For this machine only: there are no passwords. {HOST_VARIABLE}=0.0.0.0 opens them to the network.
      - "{at}:{GRPC_PORT}:{GRPC_PORT}" # gRPC
      - "{at}:{REST_PORT}:{REST_PORT}" # REST, and {METRICS}
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


def published_at(host: str) -> str:
    """An IP address as Docker takes it before a port: one of IPv6 stands in brackets.

    Raises:
        ValueError: it is none.
    """
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError as error:
        raise ValueError(
            "Docker publishes ports at an IP address, such as 127.0.0.1 for this machine only or 0.0.0.0 for "
            f"the network; got {host!r}."
        ) from error


def _literal(text: str) -> str:
    """A string of a Compose file, in which $ begins a variable."""
    return quoted(text).replace("$", "$$")

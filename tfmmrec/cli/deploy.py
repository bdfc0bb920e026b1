"""`tfmmrec deploy`: the files that run TensorFlow Serving on exports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, print_json


def deploy(
    savedmodels: Annotated[
        Path,
        typer.Argument(
            help="The folder of all exported models: savedmodels, not savedmodels/films.",
            metavar="SAVEDMODELS",
        ),
    ],
    to: Annotated[Path, Option(help="Where to.")] = Path("deploy"),
    image: Annotated[
        str, Option(help="Of TensorFlow Serving; pin a version for production.")
    ] = "tensorflow/serving:latest",
    cores: Annotated[int, Option(min=1, help="Of the machine, or of each replica, that serves.")] = 4,
    host: Annotated[
        str,
        Option(
            help="Address at which the Docker commands publish; 0.0.0.0 opens it to the network, without any "
            "password."
        ),
    ] = "127.0.0.1",
    replace: Annotated[bool, Option("--replace", help="Write over files that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write what runs TensorFlow Serving on all exports: its configuration, Docker Compose, Kubernetes.

    Every model is served by the name of its folder, the latest version of each; one that is exported later is
    found by itself. Requests are batched, and Prometheus finds numbers. Nothing is started. Examples:

        tfmmrec deploy savedmodels

        tfmmrec deploy savedmodels --to production --image tensorflow/serving:2.21.0 --cores 8

    A version that is pinned is no older than the TensorFlow of the exports (their about.json).
    """
    from tfmmrec.serving.deployment import Deployment
    from tfmmrec.serving.docker import HOST, HOST_VARIABLE, docker_command, published_at
    from tfmmrec.serving.tensorflow_serving import REST_PORT

    deployment, at = Deployment.of(savedmodels, image, cores), published_at(host)
    written = deployment.write(to, replace)
    command = docker_command(deployment, to, host)
    if as_json:
        print_json({"models": deployment.models, "files": written, "docker": command})
        return
    typer.echo(f"Models: {', '.join(deployment.models)}.")
    typer.echo(f"Files: {', '.join(os.fspath(path) for path in written)}.")
    typer.echo(f"\n{command}\n")
    opened = "" if host == HOST else f"{HOST_VARIABLE}='{at}' "
    typer.echo(
        f"Or: {opened}docker compose -f {to / 'docker-compose.yml'} up, or kubectl apply -f "
        f"{to / 'kubernetes.yaml'}"
    )
    typer.echo(f"Then: curl http://127.0.0.1:{REST_PORT}/v1/models/{deployment.models[0]}")

"""`tfmmrec serve`: a local server for exports."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tfmmrec.cli.quiet import import_quietly


def serve(
    savedmodels: Annotated[
        Path,
        typer.Argument(
            help="Models to serve: savedmodels/ (all in it) or savedmodels/films.", metavar="SAVEDMODELS"
        ),
    ] = Path("savedmodels"),
    host: Annotated[
        str, Option(help="Address to listen at; 0.0.0.0 opens it to the network, without any password.")
    ] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, help="Of the REST API; 0 takes a free one.")] = 8501,
    seconds: Annotated[float, Option(min=0.1, help="A request's time limit.")] = 30.0,
    megabytes: Annotated[float, Option(min=0.001, help="A request's size limit.")] = 16.0,
    most: Annotated[int, Option("--max-k", min=1, help="Results of a question, at most.")] = 1000,
    threads: Annotated[int, Option(min=1, help="Batches that are answered at the same time.")] = 2,
    poll: Annotated[float, Option(min=0.05, help="Seconds between two looks for new versions.")] = 1.0,
) -> None:
    """Serve exports over HTTP: TensorFlow Serving's REST API, without Docker.

    The newest version of every model answers; a new one is warmed before it takes over, and one that is
    broken is refused. Ctrl-C ends it when what has begun is answered. Examples:

        tfmmrec serve savedmodels

        curl localhost:8501/v1/models/films

        curl localhost:8501/v1/models/films/metadata
    """
    try:
        import uvicorn
    except ImportError as error:
        raise ImportError('`tfmmrec serve` needs more: pip install "tfmmrec[serve]"') from error
    import_quietly()
    from tfmmrec.serving.server import Limits, Server

    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    for name in ("tfmmrec.serving", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.INFO)
    limits = Limits(body=int(megabytes * (1 << 20)), seconds=seconds, k=most, threads=threads, poll=poll)
    server = Server(savedmodels, limits)
    uvicorn.run(
        server.app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(seconds) + 1,
    )

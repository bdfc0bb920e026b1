"""A baseline that another library learns, in a process and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Queries, queries_of

VARIABLE = "TFMMREC_PEERS"
PROGRAMS = Path(__file__).parent


class MissingPeerError(SystemExit):
    """There is no environment to run a peer in: the end of a command that asks for its row, and no other."""


def python_with(library: str) -> str:
    """The first Python that ``TFMMREC_PEERS`` names (several with ``:`` between them) which has a library.

    Raises:
        MissingPeerError: none has.
    """
    named = [os.path.abspath(one) for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one]
    for python in named:
        there = f"import importlib.util as i; raise SystemExit(i.find_spec({library!r}) is None)"
        if Path(python).is_file() and not subprocess.run([python, "-c", there], check=False).returncode:
            return python
    tried = f"; {', '.join(named)} cannot" if named else ""
    raise MissingPeerError(
        f"Set {VARIABLE} to the Python of an environment that can import {library}{tried}."
    )


class Peer:
    """Scores the catalogue as another library does, which never sees the test.

    The program gets a folder with ``settings.json`` and ``data.npz``:

    * ``user``, ``item``: int ``[E]``, the training events, of each user the oldest first;
    * ``held.user``, ``held.item``: the events of validation, to end training by;
    * ``users``, ``items``: how many there are;
    * ``<split>.users`` int ``[Q]``, and ``<split>.history`` int ``[H]`` with ``<split>.start`` ``[Q + 1]``:
      the items that each query of ``validation`` and ``test`` knows, the oldest first;
    * ``feature.<name>``: float32 ``[N, D]``, for each vector that is asked for, standardised; 0 where it is
      missing.

    It leaves ``<split>.npy`` behind: float32 scores ``[Q, N]``.

    Args:
        data: the prepared data.
        program: a file beside this one that is called by the library it imports, such as ``"with_implicit"``.
        features: vectors of the items that it reads.
        settings: for the program.

    Raises:
        MissingPeerError: see `python_with`.
        subprocess.CalledProcessError: the program failed.
    """

    def __init__(self, data: Data, program: str, features: tuple[str, ...] = (), **settings: Any) -> None:
        python = python_with(program.removeprefix("with_"))
        rows, held = data.train.rows, data.validation.rows
        arrays: dict[str, Any] = {
            "user": data.events.user[rows],
            "item": data.events.item[rows],
            "held.user": data.events.user[held],
            "held.item": data.events.item[held],
            "users": len(data.user_ids),
            "items": data.vocabulary.items,
        }
        for split in (data.validation, data.test):
            queries = queries_of(split)
            place, known = queries.histories.flat(np.arange(len(queries)))
            arrays[f"{split.name}.users"] = queries.users
            arrays[f"{split.name}.history"] = data.events.item[known]
            arrays[f"{split.name}.start"] = np.searchsorted(place, np.arange(len(queries) + 1))
        for name in features:
            arrays[f"feature.{name}"] = np.nan_to_num(data.items[name]["vector"])
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            np.savez(folder / "data.npz", **arrays)
            (folder / "settings.json").write_text(json.dumps(settings), "utf-8")
            subprocess.run([python, str(PROGRAMS / f"{program}.py"), str(folder)], check=True, cwd=folder)
            self._scores = {
                split.code: np.load(folder / f"{split.name}.npy", allow_pickle=False)
                for split in (data.validation, data.test)
            }

    def scores(self, queries: Queries, chunk: np.ndarray) -> np.ndarray:
        """float32 ``[q, items]``."""
        split = queries.data.events.split[queries.events.rows[0]]
        return self._scores[int(split)][chunk]

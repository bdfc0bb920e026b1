"""The models in a folder, each in its newest version that can be served, while versions come and go."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfmmrec.members import suggestion
from tfmmrec.serving.batching import Batcher
from tfmmrec.serving.version import Version
from tfmmrec.serving.versions import versions

log = logging.getLogger("tfmmrec.serving")

Stamp = tuple[tuple[str, int, int], ...]


class NotServedError(LookupError):
    """There is no such model, or not this version of it."""


class LoadingError(NotServedError):
    """The model's first version is being loaded."""


@dataclass(eq=False)
class Live:
    """A version that answers.

    Attributes:
        version: the loaded export.
        batcher: in front of it.
        stamp: its files, as they were loaded.
        held: requests that are being read or answered.
    """

    version: Version
    batcher: Batcher
    stamp: Stamp
    held: int = 0
    free: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Model:
    """What is known of one model.

    Attributes:
        live: what answers; None before the first version was loaded.
        refused: versions that could not be served: number → the files as they were, and why.
    """

    live: Live | None = None
    loading: int | None = None
    refused: dict[int, tuple[Stamp, str]] = field(default_factory=dict)


class ServedModels:
    """Serves every model below a folder; see `watch`.

    Args:
        folder: ``savedmodels/``, with a folder for each model; or one model, ``savedmodels/demo``.
        batcher: makes what stands in front of a version.

    Raises:
        ValueError: there is no version of a model in it.
    """

    def __init__(self, folder: Path, batcher: Callable[[str, Version], Batcher]) -> None:
        self.folder, self._batcher = Path(folder), batcher
        # all are known from the beginning, so that of those to come it is said that they are being loaded
        self.models = {name: Model() for name in self.there()}
        self._retiring: set[asyncio.Task[None]] = set()
        if not self.models:
            raise ValueError(
                f"There is no export in {str(folder)!r}: no model's folder with a version in it, such as "
                f"{str(self.folder / 'films' / '1')!r}. `tfmmrec export` makes one."
            )

    def there(self) -> dict[str, dict[int, Path]]:
        """Model → number → folder, of every version that has a ``saved_model.pb``."""
        if not self.folder.is_dir():
            return {}
        alone = versions(self.folder)
        if alone:
            return {self.folder.resolve().name: alone}
        return {path.name: found for path in sorted(self.folder.iterdir()) if (found := versions(path))}

    async def watch(self, every: float) -> None:
        """Looks every so many seconds for what is new, until it is cancelled; what fails is tried again."""
        said = ""
        while True:
            try:
                await self.refresh()
                said = ""
            except Exception as error:  # most often of the file system, which may work again in a moment
                if repr(error) != said:  # and not each time until then
                    log.exception("What is new cannot be seen; it is tried every %g seconds.", every)
                said = repr(error)
            await asyncio.sleep(every)

    async def refresh(self) -> None:
        """Loads the newest version of each model that can be served, and lets go of the one before.

        The new version is warmed before it answers anything; what the old one has begun, it ends. A version
        that was replaced under its number is a new one. One that cannot be served is refused, and tried again
        when its files change.
        """
        there = self.there()
        kept = {name: model for name, model in self.models.items() if name in there or model.live}
        self.models = {name: Model() for name in there} | kept
        for name, folders in there.items():
            await self._refresh(name, self.models[name], folders)

    async def _refresh(self, name: str, model: Model, there: dict[int, Path]) -> None:
        model.refused = {number: why for number, why in model.refused.items() if number in there}
        for number in sorted(there, reverse=True):
            stamp = _stamp(there[number])
            live = model.live if model.live and model.live.version.number == number else None
            if live and live.stamp == stamp:
                return
            tried = number in model.refused and model.refused[number][0] == stamp
            if not tried and await self._load(name, model, there[number], stamp):
                return
            if live:  # what it was answers on
                return

    async def _load(self, name: str, model: Model, folder: Path, stamp: Stamp) -> bool:
        """Whether a version could be loaded, and now answers."""
        number = int(folder.name)
        model.loading = number
        try:
            version = await asyncio.to_thread(_loaded, folder)
        except ValueError as error:
            model.refused[number] = (stamp, str(error))
            log.error("%s version %d is refused: %s", name, number, error)
            return False
        finally:
            model.loading = None
        self._switch(name, model, version, stamp)
        return True

    def _switch(self, name: str, model: Model, version: Version, stamp: Stamp) -> None:
        before, model.live = model.live, Live(version, self._batcher(name, version), stamp)
        model.refused.pop(version.number, None)
        log.info("%s version %d answers.", name, version.number)
        if before is None:
            _set_aside()
        else:
            task = asyncio.get_running_loop().create_task(self._retire(name, before))
            self._retiring.add(task)
            task.add_done_callback(self._retired)

    async def _retire(self, name: str, live: Live) -> None:
        """Lets a version end what it has begun, and forgets it."""
        if live.held:
            await live.free.wait()
        await live.batcher.close()
        log.info("%s version %d has ended.", name, live.version.number)

    def _retired(self, task: asyncio.Task[None]) -> None:
        self._retiring.discard(task)
        _set_aside()

    @contextmanager
    def hold(self, name: str, number: int | None = None) -> Iterator[Live]:
        """What answers for a model, which stays until it is let go.

        Raises:
            NotServedError: there is no such model, or another version than this one.
        """
        live = self.find(name, number)
        live.held += 1
        live.free.clear()
        try:
            yield live
        finally:
            live.held -= 1
            if not live.held:
                live.free.set()

    def find(self, name: str, number: int | None = None) -> Live:
        """See `hold`."""
        model = self._model(name)
        if model.live is None and (model.loading is not None or not model.refused):
            raise LoadingError(f"Model {name!r} is being loaded; ask again in a moment.")
        if model.live is None:
            why = "; ".join(why for _, why in model.refused.values())
            raise NotServedError(f"No version of model {name!r} is served: {why}")
        there = model.live.version.number
        if number not in (None, there):
            raise NotServedError(f"Version {number} of model {name!r} is not served; version {there} is.")
        return model.live

    def status(self, name: str, number: int | None = None) -> list[dict[str, Any]]:
        """TensorFlow Serving's ``model_version_status``, the newest first.

        Raises:
            NotServedError: there is no such model, or no such version.
        """
        model = self._model(name)
        states = {number: ("END", "UNKNOWN", why) for number, (_, why) in model.refused.items()}
        if model.loading is not None:
            states[model.loading] = ("LOADING", "OK", "")
        if model.live is not None:
            states[model.live.version.number] = ("AVAILABLE", "OK", "")
        if number is not None and number not in states:
            raise NotServedError(
                f"There is no version {number} of model {name!r}; there are: {sorted(states)}."
            )
        return [
            {"version": str(one), "state": state, "status": {"error_code": code, "error_message": message}}
            for one, (state, code, message) in sorted(states.items(), reverse=True)
            if number in (None, one)
        ]

    @property
    def ready(self) -> bool:
        """Whether every model that was found answers."""
        return bool(self.models) and all(model.live for model in self.models.values())

    async def close(self) -> None:
        """Answers what has begun, and ends; Python looks for garbage everywhere again."""
        for name, model in self.models.items():
            if model.live is not None:
                await self._retire(name, model.live)
        if self._retiring:
            await asyncio.wait(self._retiring)
        gc.unfreeze()

    def _model(self, name: str) -> Model:
        if name not in self.models:
            names = ", ".join(sorted(self.models))
            raise NotServedError(
                f"There is no model {name!r}; served are: {names}.{suggestion(name, self.models)}"
            )
        return self.models[name]


def _loaded(folder: Path) -> Version:
    version = Version(folder)
    version.warm()
    return version


def _set_aside() -> None:
    """Lets Python look no more for garbage among what is there now, after it has done so once.

    A loaded graph is a million objects. Looking through them takes a quarter of a second, in which nobody is
    answered, every few thousand requests.
    """
    gc.unfreeze()  # a version that has ended is among what was set aside before
    gc.collect()
    gc.freeze()
    gc.collect()  # of what is left, nothing: Python waits with the next search for a quarter of what it found


def _stamp(folder: Path) -> Stamp:
    """What changes when a file of the version does."""
    found = []
    for where, _, names in os.walk(folder):  # which passes over what it cannot read
        for path in (os.path.join(where, name) for name in names):
            with suppress(OSError):  # just being replaced, or removed
                stat = os.stat(path)
                found.append((path, stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(found))

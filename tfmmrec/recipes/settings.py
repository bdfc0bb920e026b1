"""The settings of a training run: one list for Python, the command line and configuration files."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from tfmmrec.members import suggestion

_RECORDED = ("data", "split_sha256", "problems")  # what a run's config.json holds beside its settings


def _setting(default: Any, panel: str, about: str, least: int | None = None) -> Any:
    """A field with what the help of the command line says of it: its panel, its meaning, its least value."""
    return field(default=default, metadata={"panel": panel, "help": about, "least": least})


@dataclass(frozen=True)
class Settings:
    """Every setting of a training run; kept in ``config.json``. See `load`, `build_recommender` and `fit`.

    Each field is an option of `tfmmrec train` (``batch_events`` is ``--batch-events``) and a key of its
    ``--config`` file. Where None is allowed, ``"none"`` says so where there is no None, and so does 0 for
    ``encode_items``.

    Raises:
        ValueError: a value is of another type, or below its least.
    """

    split: str = _setting(
        "auto",
        "Data",
        "auto, leave-last-out, leave-last-one, random, global-time, users (these three also with shares, "
        "random:80/10/10) or column:NAME.",
    )
    cold_items: float = _setting(
        0.0, "Data", "Share of items held out of training altogether, such as 0.1.", 0
    )
    strict: bool = _setting(False, "Data", "Stop at the first row or cell that cannot be used.")
    max_dead: float = _setting(0.5, "Data", "Stop when more than this share of a table cannot be used.", 0)
    width: int = _setting(64, "Model", "Of every vector; a multiple of 4.", 1)
    fusion: str = _setting("transformer", "Model", "transformer or concat.")
    alignment: str | None = _setting(None, "Model", "contrastive; none by default.")
    sharing: str = _setting("shared_bottom", "Model", "What the tasks' heads share.")
    item_vectors: str = _setting(
        "auto", "Model", "Where the loss takes items from: auto, table, cached, encoded."
    )
    dropout: float | None = _setting(
        None, "Model", "Share of values hidden in training; each part's own by default.", 0
    )
    temperature: float | None = _setting(
        None, "Model", "Score by cosines divided by this, such as 0.15; inner products by default."
    )
    dtype: str | None = _setting(None, "Model", "Such as mixed_bfloat16.")
    epochs: int = _setting(20, "Training", "Passes over the events, at most.", 1)
    batch_events: int | None = _setting(
        None, "Training", "Events in a batch: by default 4096, and 32 where there are no users.", 1
    )
    encode_items: int | None = _setting(512, "Training", "Items encoded in a step, at most; 0: all.", 0)
    learning_rate: float = _setting(1e-3, "Training", "The peak.", 0)
    weight_decay: float = _setting(0.01, "Training", "Of AdamW.", 0)
    schedule: str = _setting("cosine", "Training", "After the warm-up: cosine, linear or constant.")
    accumulate: int = _setting(1, "Training", "Batches whose gradients make one update.", 1)
    ema: float | None = _setting(
        None, "Training", "Keep averages of the weights: momentum, such as 0.999.", 0
    )
    patience: int = _setting(5, "Training", "Epochs without a better value.", 1)
    monitor: str | None = _setting(None, "Training", "The validation metric that decides.")
    seed: int = _setting(0, "Training", "Of everything random.", 0)
    deterministic: bool = _setting(
        False, "Training", "The same numbers in every run on the same machine; slower."
    )
    tensorboard: bool = _setting(False, "Training", "Write curves for TensorBoard into the run, too.")
    jit: bool = _setting(False, "Training", "Compile the step with XLA.")
    k: tuple[int, ...] = _setting((10, 20), "Training", "Cut-offs of the ranking metrics.", 1)
    only: dict[str, list[str]] = field(
        default_factory=dict,
        metadata={"panel": "Twins: the same model with a part of the schema", "help": "", "least": None},
    )
    """Side (or ``"tasks"``) → the names to keep, for twins; see `Schema.only`."""

    def __post_init__(self) -> None:
        hints = get_type_hints(Settings)
        for one in fields(self):
            value = getattr(self, one.name)
            optional = NoneType in get_args(hints[one.name])
            if optional and (value == "none" or (one.name == "encode_items" and value == 0)):
                value = None
            value = tuple(value) if one.name == "k" and isinstance(value, list) else value
            if not _fits(value, hints[one.name], one.metadata["least"]):
                raise ValueError(
                    f"{one.name} must be {_expected(hints[one.name], one.metadata['least'])}, got {value!r}."
                )
            object.__setattr__(self, one.name, value)
        unknown = sorted(set(self.only) - {"item", "user", "event", "tasks"})
        if unknown:
            raise ValueError(f"only names the sides item, user and event, and tasks; got {unknown[0]!r}.")


def read_settings(path: str | Path) -> dict[str, Any]:
    """The settings a file names, for ``Settings(**…)``: a TOML file, or a run's ``config.json`` or folder.

    Raises:
        ValueError: the file is absent or unreadable, or holds a key that is no setting.
    """
    path = Path(path)
    path = path / "config.json" if path.is_dir() else path
    if not path.is_file():
        raise ValueError(
            f"Configuration {str(path)!r} was not found. Give a TOML file of settings, such as epochs = 30, "
            "or the config.json of a run."
        )
    recorded = path.suffix.lower() == ".json"
    try:
        found = (json if recorded else tomllib).loads(path.read_text("utf-8-sig"))
    except ValueError as error:  # neither UTF-8 nor what it should be
        kind = "JSON" if recorded else "TOML"
        raise ValueError(f"Configuration {str(path)!r} is no valid {kind}: {error}.") from error
    if not isinstance(found, dict):
        raise ValueError(f"Configuration {str(path)!r} must hold settings by name, got {str(found)[:60]!r}.")
    known = [one.name for one in fields(Settings)]
    for key in found:
        if key not in known and not (recorded and key in _RECORDED):
            raise ValueError(f"Configuration {str(path)!r}: unknown setting {key!r}.{suggestion(key, known)}")
    return {key: value for key, value in found.items() if key in known}


def _fits(value: Any, hint: Any, least: int | None) -> bool:
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and bool(value) and all(_fits(one, int, least) for one in value)
    if get_origin(hint) is dict:
        lists = value.values() if isinstance(value, dict) else [None]
        return all(isinstance(one, list) and all(isinstance(name, str) for name in one) for one in lists)
    kinds = get_args(hint) or (hint,)
    if isinstance(value, bool):
        return bool in kinds
    number = Integral if int in kinds else Real if float in kinds else ()
    if isinstance(value, number):
        return least is None or bool(value >= least)  # type: ignore[operator]
    return isinstance(value, tuple(kind for kind in kinds if kind not in (int, float)))


def _expected(hint: Any, least: int | None) -> str:
    if get_origin(hint) is tuple:
        return f"a list of whole numbers of {least} or more"
    if get_origin(hint) is dict:
        return 'lists of names by side, such as {item = ["poster"]}'
    kinds = get_args(hint) or (hint,)
    texts = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    of = "" if least is None else f" of {least} or more"
    return texts[kinds[0]] + of + (' or "none"' if NoneType in kinds else "")

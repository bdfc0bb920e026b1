"""The settings of a training run: one list for Python, the command line and configuration files."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from tfmmrec.aside import file_aside
from tfmmrec.members import suggestion

# members by name, in a file also with settings of their own; and one to show in a message
_CHOICES = {
    "fusion": "transformer",
    "alignment": "contrastive",
    "sharing": "shared_bottom",
    "graph": "light_gcn",
    "pretrain": "contrastive",
}
_NUMBERS = ("auxiliary", "modulation")  # numbers; in a file also settings of their own
_RECORDED = ("data", "split_sha256", "problems")  # what a run's config.json holds beside its settings


def _setting(default: Any, panel: str, about: str, least: int | None = None, option: str = "") -> Any:
    """A field with what the help of the command line says of it: its panel, its meaning, its least value.

    `option` is its name there, where that is not the field's.
    """
    return field(default=default, metadata={"panel": panel, "help": about, "least": least, "option": option})


@dataclass(frozen=True)
class Settings:
    """Every setting of a training run; kept in ``config.json``. See `load`, `build_recommender` and `fit`.

    Each field is an option of `tfmmrec train` (``batch_events`` is ``--batch-events``) and a key of its
    ``--config`` file. Where None is allowed, ``"none"`` says so where there is no None, and so does 0 for
    ``encode_items``. `fusion`, `alignment`, `sharing`, `graph` and `pretrain` are names, or dicts of a
    ``name`` and its settings: ``alignment = {name = "contrastive", pairs = {"title:poster" = 2.0}}`` in a
    file. `auxiliary` and `modulation` are numbers, or dicts of settings:
    ``auxiliary = {weight = 0.1, weights = {poster = 2.0}}``.

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
    fusion: str = _setting("transformer", "Model", "transformer, concat, gated …: see `tfmmrec list fusion`.")
    alignment: str | None = _setting(
        None,
        "Model",
        "contrastive, sigmoid …, with which an export can be searched: see `tfmmrec list alignment`; none by "
        "default.",
    )
    sharing: str = _setting(
        "shared_bottom",
        "Model",
        "What the tasks' heads share: shared_bottom, mmoe, ple …: see `tfmmrec list sharing`.",
    )
    item_vectors: str = _setting(
        "auto", "Model", "Where the loss takes items from: auto, table, cached, encoded."
    )
    dropout: float | None = _setting(
        None, "Model", "Share of values hidden in training; each part's own by default.", 0
    )
    temperature: float | None = _setting(
        None, "Model", "Score by cosines divided by this, such as 0.15; inner products by default."
    )
    graph: str | None = _setting(
        None,
        "Model",
        "What moves the vectors of ids: light_gcn, knn: see `tfmmrec list graphs`; none by default.",
    )
    dtype: str | None = _setting(None, "Model", "Such as mixed_bfloat16.")
    auxiliary: float | None = _setting(
        None,
        "Modalities",
        "Weight of the loss of a head for each modality, which must answer the tasks alone, such as 0.1.",
        0,
    )
    modulation: float | None = _setting(
        None,
        "Modalities",
        "Hold back the encoders of modalities that answer best alone (OGM): how strongly, such as 0.5.",
        0,
    )
    modality_dropout: float | dict[str, float] | None = _setting(
        None,
        "Modalities",
        "Share of rows that whole features are hidden of in training: 0.2, or poster:0.3,plot:0.1; each "
        "feature's own by default.",
        0,
    )
    rates: dict[str, float] | None = _setting(
        None, "Modalities", "Factors of the learning rates of features' encoders: poster:0.1,plot:0.5.", 0
    )
    layer_decay: float | dict[str, float] | None = _setting(
        None,
        "Modalities",
        "Factor of the learning rate for each layer below an encoder's last: 0.8, or plot:0.8.",
        0,
    )
    freeze: dict[str, int] | None = _setting(
        None,
        "Modalities",
        "Epochs that parts stand still for, from the first on: poster:3,fusion:1; features, or layers.",
        0,
    )
    from_run: str | None = _setting(
        None,
        "Start",
        "The folder of another run, on this catalogue or another: begin with what fits of its model.",
        option="--from",
    )
    pretrain: str | None = _setting(
        None,
        "Start",
        "Train encoders on items' content first: contrastive, masked_modality; see `tfmmrec list "
        "pretraining`.",
    )
    pretrain_epochs: int = _setting(10, "Start", "Passes over the items, before the events.", 1)
    epochs: int = _setting(20, "Training", "Passes over the events, at most.", 1)
    batch_events: int | None = _setting(
        None, "Training", "Events in a batch: by default 4096, and 32 where there are no users.", 1
    )
    encode_items: int | None = _setting(512, "Training", "Items encoded in a step, at most; 0: all.", 0)
    negatives: str = _setting(
        "uniform",
        "Training",
        "What items losses against a sample draw: uniform, popularity, in_batch, mined, mixed.",
    )
    learning_rate: float = _setting(1e-3, "Training", "The peak.", 0)
    weight_decay: float = _setting(0.01, "Training", "Of AdamW.", 0)
    schedule: str = _setting("cosine", "Training", "After the warm-up: cosine, linear or constant.")
    accumulate: int = _setting(1, "Training", "Batches whose gradients make one update.", 1)
    ema: float | None = _setting(
        None, "Training", "Keep averages of the weights: momentum, such as 0.999.", 0
    )
    balancing: str = _setting(
        "fixed",
        "Training",
        "What tasks count in a step: fixed, attention_weighted, uncertainty, dwa, grad_norm, pc_grad, mgda.",
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
        metadata={
            "panel": "Twins: the same model with a part of the schema",
            "help": "",
            "least": None,
            "option": "",
        },
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
            if one.name in _CHOICES and isinstance(value, dict):
                if not isinstance(value.get("name"), str):
                    raise ValueError(
                        f"{one.name} must be a text, or a table with a name and settings, such as "
                        f'{{name = "{_CHOICES[one.name]}"}}; got {value!r}.'
                    )
            elif one.name in _NUMBERS and isinstance(value, dict):
                pass  # checked where it is used
            elif not _fits(value, hints[one.name], one.metadata["least"]):
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


def write_settings(path: str | Path, settings: Settings) -> None:
    """Writes the settings that are not the defaults as TOML, for `read_settings` and ``--config``."""
    usual = Settings()
    lines = [
        f"{one.name} = {_toml(getattr(settings, one.name))}\n"
        for one in fields(Settings)
        if getattr(settings, one.name) != getattr(usual, one.name)
    ]
    with file_aside(path) as aside:
        aside.write_text("".join(lines), "utf-8")


def _toml(value: Any) -> str:
    """A value of a setting in one line of TOML."""
    if value is None:
        return '"none"'
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # a text of JSON is one of TOML, but for this character
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _fits(value: Any, hint: Any, least: int | None) -> bool:
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and bool(value) and all(_fits(one, int, least) for one in value)
    if get_origin(hint) is dict:
        of_name = get_args(hint)[1]
        return isinstance(value, dict) and all(
            isinstance(name, str) and _fits(one, of_name, least) for name, one in value.items()
        )
    if get_origin(hint) is list:
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    kinds = get_args(hint) or (hint,)
    if isinstance(value, dict):
        return any(get_origin(kind) is dict and _fits(value, kind, least) for kind in kinds)
    if isinstance(value, bool):
        return bool in kinds
    number = Integral if int in kinds else Real if float in kinds else ()
    if isinstance(value, number):
        return least is None or bool(value >= least)  # type: ignore[operator]
    plain = tuple(kind for kind in kinds if kind not in (int, float) and get_origin(kind) is None)
    return isinstance(value, plain)


def _expected(hint: Any, least: int | None) -> str:
    if get_origin(hint) is tuple:
        return f"a list of whole numbers of {least} or more"
    if get_origin(hint) is dict and get_origin(get_args(hint)[1]) is list:
        return 'lists of names by side, such as {item = ["poster"]}'
    kinds = [hint] if get_origin(hint) is dict else [*(get_args(hint) or (hint,))]
    of = "" if least is None else f" of {least} or more"
    said = []
    for kind in kinds:
        if get_origin(kind) is dict:
            whole = get_args(kind)[1] is int
            named = "{poster = 3}" if whole else "{poster = 0.5}"
            said.append(f"{'whole numbers' if whole else 'numbers'}{of} by name, such as {named}")
        elif kind is not NoneType:
            texts = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
            said.append(texts[kind] + of)
    return " or ".join([*said, '"none"'] if NoneType in kinds or NoneType in get_args(hint) else said)

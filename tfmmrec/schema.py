"""What the columns of a user's tables are, and what is to be learnt from them."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tfmmrec import modalities, tasks
from tfmmrec.members import members, suggestion
from tfmmrec.modalities import History, Id, Modality
from tfmmrec.tables import check_tables
from tfmmrec.tasks import Binary, Match, Task

Side = Literal["item", "user", "event"]
SIDES: tuple[Side, ...] = ("item", "user", "event")


@dataclass(frozen=True)
class Schema:
    """Items, users and events each as a bag of features, the tasks, and the columns that tie tables together.

    Args:
        item: features of the items, columns of the items table.
        user: features of the users, columns of the users table.
        event: features of *past* events that tell more than the item does (kind, review). The features of
            the event a task is asked about are never seen.
        tasks: what to learn.
        user_id, item_id: the id columns, in the events table and in the users and items tables. ``None`` (in
            TOML ``user_id = ""``) says that there are no users: every event is a labelled example that stands
            alone. One table is then enough: ``tables={"events": "items.csv"}`` finds the labels beside the
            items' features.
        timestamp: the events' column of seconds since the epoch, or of times in ISO 8601; ties keep the order
            of the file.
        order: ``"file"`` when the events stand in their order of time but have none.
        event_weight: the events' column of example weights (≥ 0, empty is 1), for every task.
        history: how a user's events are read.
        item_identity, user_identity: whether the ids are features of their own. By default items have one;
            users have one for the task `Match`. Where there are no users, neither has one: an id would learn
            an example's label by heart.
        tables: by table (``items``, ``users``, ``events``) its file below the data folder, or folder of
            files, when that has another name; or, as a dict, its ``file``, ``separator``, ``quote``,
            ``encoding`` and ``missing``, those that need saying. ``quote = ""`` says that no cell of a CSV is
            quoted: a ``"`` is a letter like others, and a cell holds no line break. ``missing`` lists the
            texts that stand for an empty cell, as ``["NA", "NULL"]`` (in TOML ``items = {missing = ["NA"]}``
            under ``[tables]``): cells of every column and format, ids among them, that are exactly one of
            these texts, quoted or not, are empty. Without it only a cell with nothing in it is.

    Raises:
        ValueError: the schema contradicts itself; the message names the column and the way out.
    """

    item: Sequence[Modality] = ()
    user: Sequence[Modality] = ()
    event: Sequence[Modality] = ()
    tasks: Sequence[Task] = ()
    user_id: str | None = "user_id"
    item_id: str = "item_id"
    timestamp: str | None = None
    order: Literal["file"] | None = None
    event_weight: str | None = None
    history: History = field(default_factory=History)
    item_identity: bool | None = None
    user_identity: bool | None = None
    tables: dict[str, str | dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("item", "user", "event", "tasks"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "user_id", self.user_id or None)
        if self.user_id is None:
            self._check_without_users()
        if self.item_identity is None:
            object.__setattr__(self, "item_identity", self.user_id is not None)
        if self.user_identity is None:
            object.__setattr__(self, "user_identity", any(isinstance(t, Match) for t in self.tasks))
        identities = {"item": self.item_id, "user": self.user_id, "event": None}
        for side in SIDES:
            _check_features(side, self.features(side), identities[side])
        self._check_tasks()
        if not self.features("item"):
            raise ValueError(
                "An item needs at least one feature: give `item` one, or set item_identity=True."
            )
        check_tables(self.tables)

    def features(self, side: Side) -> tuple[Modality, ...]:
        """The features of a side, its id first where that is one."""
        if side == "item" and self.item_identity:
            return (Id(self.item_id), *self.item)
        if side == "user" and self.user_identity and self.user_id:
            return (Id(self.user_id), *self.user)
        return tuple(getattr(self, side))

    @property
    def ordered(self) -> bool:
        """Whether a user's events are read as a sequence; else as a set."""
        return any(task.ordered for task in self.tasks) or (
            self.retrieval is None and self.user_id is not None and bool(self.timestamp or self.order)
        )

    @property
    def retrieval(self) -> Task | None:
        """The task that ranks the catalogue, if there is one."""
        return next((task for task in self.tasks if task.retrieval), None)

    @property
    def given(self) -> dict[str, str]:
        """By name the tasks that can only be a yes where another is, and that other; others come first."""
        asked = {task.name: task.given for task in self.tasks if isinstance(task, Binary) and task.given}
        ordered: dict[str, str] = {}
        while asked:  # ends: `_check_given` found no circle
            for name in [name for name, other in asked.items() if other not in asked]:
                ordered[name] = asked.pop(name)
        return ordered

    def only(
        self,
        item: Iterable[str] | None = None,
        user: Iterable[str] | None = None,
        event: Iterable[str] | None = None,
        tasks: Iterable[str] | None = None,
    ) -> Schema:
        """The same schema with these features or tasks alone, by name: for twins and ablations.

        The id of an item is named like its column: ``schema.only(item=["item_id"])`` is the id-only twin.
        """
        change: dict[str, Any] = {}
        asked = {"item": item, "user": user, "event": event}
        for side in SIDES:
            names = asked[side]
            if names is None:
                continue
            chosen = pick(self.features(side), names, f"{side} feature")
            change[side] = tuple(f for f in chosen if not isinstance(f, Id))
            if side != "event":
                change[f"{side}_identity"] = len(change[side]) < len(chosen)
        if tasks is not None:
            kept = pick(self.tasks, tasks, "task")
            names = {task.name for task in kept}
            change["tasks"] = tuple(
                dataclasses.replace(task, given=None)
                if isinstance(task, Binary) and task.given not in names
                else task
                for task in kept
            )
        return dataclasses.replace(self, **change)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in TOML and JSON; `from_dict` is the way back."""
        plain: dict[str, Any] = {
            "user_id": self.user_id or "",
            "item_id": self.item_id,
            "item_identity": self.item_identity,
            "user_identity": self.user_identity,
        }
        plain |= {
            name: getattr(self, name)
            for name in ("timestamp", "order", "event_weight")
            if getattr(self, name)
        }
        plain |= {"tables": dict(self.tables)} if self.tables else {}
        plain["history"] = self.history.to_dict()
        for side in SIDES:
            plain[side] = [feature.to_dict() for feature in getattr(self, side)]
        plain["task"] = [task.to_dict() for task in self.tasks]
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Schema:
        """Builds a schema from plain values.

        Raises:
            ValueError: an unknown key, modality, task or setting; the message lists what there is.
        """
        known = {f.name for f in dataclasses.fields(cls)} - {"tasks"} | {"task"}
        settings = dict(plain)
        for key in settings:
            if key not in known:
                raise ValueError(f"Unknown key {key!r} in the schema.{suggestion(key, known)}")
        bags: dict[str, Any] = {}
        for side in SIDES:
            entries = settings.pop(side, [])
            bags[side] = [_entry(e, "modality", modalities, Modality, f"[[{side}]]") for e in entries]
        bags["tasks"] = [_entry(e, "task", tasks, Task, "[[task]]") for e in settings.pop("task", [])]
        if "history" in settings:
            settings["history"] = _build(History, settings["history"], "[history]")
        return cls(**settings, **bags)

    @classmethod
    def from_toml(cls, path: str | Path) -> Schema:
        """Reads a schema from a TOML file.

        Raises:
            ValueError: the file is absent, no TOML, or not a schema.
        """
        path = Path(path)
        if not path.is_file():
            raise ValueError(f"Schema file {str(path)!r} was not found. Give the path of a TOML file.")
        try:
            plain = tomllib.loads(path.read_text("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"Schema file {str(path)!r} is no valid TOML: {error}.") from error
        try:
            return cls.from_dict(plain)
        except ValueError as error:
            raise ValueError(f"Schema file {str(path)!r}: {error}") from error

    def _check_without_users(self) -> None:
        """What needs a user, or a user's past, contradicts a schema without users."""
        needing: dict[str, Any] = {
            "ranks the catalogue for a user": [type(task).__name__ for task in self.tasks if task.retrieval],
            "is a feature of users": [feature.column for feature in self.user],
            "is a feature of a user's past events": [feature.column for feature in self.event],
            "makes a user's id a feature": ["user_identity=True"] if self.user_identity else [],
            "is about a user's events": [f"order={self.order!r}"] if self.order else [],
            "says how a user's past is read": ["history"] if self.history != History() else [],
            "is a table of users": [f"tables[{name!r}]" for name in self.tables if name == "users"],
        }
        for what, named in needing.items():
            if named:
                raise ValueError(
                    f"The schema has no users (user_id=None), but {named[0]} {what}. Leave it out (what is "
                    "known of an example is a feature of the item), or name the column of user ids."
                )

    def _check_tasks(self) -> None:
        if not self.tasks:
            raise ValueError('A schema needs a task: tasks=[NextItem()], or tasks=[Rating("stars")].')
        names = [task.name for task in self.tasks]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"Two tasks are named {name!r}; each needs a column of its own.")
        if sum(task.retrieval for task in self.tasks) > 1:
            raise ValueError(
                "NextItem and Match exclude each other: NextItem reads events in their order, Match as a set."
            )
        self._check_given()
        if self.timestamp and self.order:
            raise ValueError(f"Give timestamp={self.timestamp!r} or order='file', not both.")
        if self.order not in (None, "file"):
            raise ValueError(f"order must be 'file' or absent, got {self.order!r}.")
        if any(task.ordered for task in self.tasks) and not (self.timestamp or self.order):
            raise ValueError(
                "NextItem needs an order of events: name the column of times (timestamp=…), say order='file' "
                "if rows stand in their order of time, or use Match() for data without an order."
            )

    def _check_given(self) -> None:
        binary = {task.name: task for task in self.tasks if isinstance(task, Binary)}
        for name, task in binary.items():
            seen = [name]
            while task.given:
                if task.given not in binary:
                    raise ValueError(
                        f"Task {task.name!r} is given {task.given!r}, which is no Binary task of the schema; "
                        f"there are {sorted(binary)}."
                    )
                if task.given in seen:
                    raise ValueError(f"Task {name!r} is given itself, by way of {seen[-1]!r}; leave one out.")
                task = binary[task.given]
                seen.append(task.name)


def pick(members: Sequence[Any], names: Iterable[str], kind: str) -> tuple[Any, ...]:
    """The members of these names, in the order of `members`.

    Raises:
        ValueError: a name that no member has.
    """
    by_name = {member.name: member for member in members}
    names = list(names)
    for name in names:
        if name not in by_name:
            raise ValueError(f"There is no {kind} named {name!r}; there are {sorted(by_name)}.")
    return tuple(member for member in members if member.name in names)


def _check_features(side: Side, features: Sequence[Modality], identity: str | None) -> None:
    for feature in features:
        if not isinstance(feature, Modality):
            raise ValueError(f'A {side} feature is a modality such as Text("plot"), got {feature!r}.')
    names = [feature.name for feature in features]
    for feature in features:
        if isinstance(feature, Id) and feature.column != identity:
            raise ValueError(
                f"Id({feature.column!r}) cannot be a feature of the {side}: an Id is the {side}'s own id. "
                f'Another column of ids is a Category("{feature.column}").'
            )
        if names.count(feature.name) > 1:
            raise ValueError(
                f"Two {side} features are named {feature.name!r}; a column is one feature"
                + (", and the id is one already." if isinstance(features[0], Id) else ".")
            )
        if side == "event" and feature.raw_rank and getattr(feature, "images", 1) != 1:
            raise ValueError(f"An event has one picture; {feature.name!r} asks for several.")
        if side == "event" and feature.media and not feature.in_table:
            raise ValueError(
                f"Event feature {feature.name!r} is found by id, and an event has none; name the files in a "
                "column of the events."
            )
        if side == "event" and type(feature).__name__ == "Vector":
            raise ValueError(
                f"Event feature {feature.name!r} is a Vector, which a served request cannot carry per event; "
                "make it a feature of the item, or numbers of their own."
            )


def _entry(entry: Any, key: str, package: Any, base: type, where: str) -> Any:
    """One ``[[item]]`` or ``[[task]]`` table as its member, found by name through the package's exports."""
    there = members(package, base)
    if not isinstance(entry, dict) or key not in entry:
        names = ", ".join(sorted(there))
        raise ValueError(f"{where}: each entry needs `{key} = …`, one of {names}; got {entry!r}.")
    settings = dict(entry)
    name = settings.pop(key)
    if name not in there:
        raise ValueError(f"{where}: there is no {key} {name!r}.{suggestion(name, there)}")
    return _build(there[name], settings, f"{where} {name}")


def _build(member: type, settings: dict[str, Any], where: str) -> Any:
    known = [f.name for f in dataclasses.fields(member)]
    for key in settings:
        if key not in known:
            raise ValueError(f"{where}: unknown setting {key!r}.{suggestion(key, known)}")
    try:
        return member(**settings)
    except TypeError as error:
        raise ValueError(f"{where}: {error}.") from error

"""Which events are learnt from, and which are held out.

Every split is a function from plain arrays to int8 ``[E]`` codes (TRAIN, VALIDATION, TEST, CONTEXT). It is
called by name, ``"leave-last-out"`` or ``"random:70/15/15"``, with all of these as keywords, and takes what
it needs:

* ``start`` int64 ``[M + 1]``: user m's events are rows ``start[m]:start[m + 1]``, in their order;
* ``item`` int64 ``[E]``: the item of each event, where a user's events of one item are copies, which nothing
  tells apart; None where each event is one of its own;
* ``time`` float64 ``[E]``: seconds, NaN where there are none;
* ``values``: ``[E]`` cells of the column named by the split, None for a split that names none;
* ``option``: what stands after the colon, or ``""``;
* ``seed``: for what is drawn.

A new split is a new function here, and its name in ``__all__``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfmmrec.data.cells import by_appearance
from tfmmrec.data.dataset import CONTEXT, TEST, TRAIN, VALIDATION

__all__ = ["column", "global_time", "leave_last_one", "leave_last_out", "random", "users"]

_NAMES = {
    "train": TRAIN,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "val": VALIDATION,
    "test": TEST,
    "context": CONTEXT,
}
_SHARES = "80/10/10"


def leave_last_out(*, start: np.ndarray, option: str = "", **_: Any) -> np.ndarray:
    """A user's last event is tested, the one before validates; with fewer than three, all are learnt from.

    Raises:
        ValueError: an option is given; it has none.
    """
    _check_no_option("leave-last-out", option)
    codes = np.full(start[-1], TRAIN, "int8")
    last = start[1:][np.diff(start) >= 3] - 1
    codes[last] = TEST
    codes[last - 1] = VALIDATION
    return codes


def leave_last_one(*, start: np.ndarray, option: str = "", **_: Any) -> np.ndarray:
    """A user's last event is tested, all others are learnt from; nothing validates.

    For settings that were chosen before: one more event of each user is learnt from.

    Raises:
        ValueError: an option is given; it has none.
    """
    _check_no_option("leave-last-one", option)
    codes = np.full(start[-1], TRAIN, "int8")
    codes[start[1:][np.diff(start) >= 2] - 1] = TEST
    return codes


def global_time(*, time: np.ndarray, option: str = "", **_: Any) -> np.ndarray:
    """One moment for all users: events after it are held out, those after a second one are tested.

    The moments are those of the last event of the shares ``"80/10/10"``; events of the same moment are
    never parted, so that training may get a little more than its share and testing a little less.

    Raises:
        ValueError: an event has no time, or the shares are no three numbers.
    """
    train, validation, test = _shares("global-time", option)
    if np.isnan(time).any():
        raise ValueError(
            "The split 'global-time' needs the time of every event: name its column in the schema "
            "(timestamp=…)."
        )
    ordered = np.sort(time)
    total = train + validation + test

    def moment(share: float) -> float:
        last = math.ceil(round(len(time) * share / total, 9)) - 1  # rounded: 0.1 + 0.2 is a little over 0.3
        return float(ordered[last]) if last >= 0 else -math.inf

    held, tested = time > moment(train), time > moment(train + validation)
    return np.where(tested, TEST, np.where(held, VALIDATION, TRAIN)).astype("int8")


def users(*, start: np.ndarray, option: str = "", seed: int = 0, **_: Any) -> np.ndarray:
    """Whole users are held out: their last event is asked about, given their earlier ones.

    The shares ``"80/10/10"`` are of the users with two events or more, drawn at random; all others are
    learnt from. The earlier events of a user who is held out are CONTEXT.

    Raises:
        ValueError: the shares are no three numbers.
    """
    train, validation, test = _shares("users", option)
    total = train + validation + test
    counts = np.diff(start)
    drawn = np.random.default_rng([seed, 2]).permutation(np.flatnonzero(counts >= 2))
    tested = round(len(drawn) * test / total)
    held = round(len(drawn) * (test + validation) / total)
    of_user = np.full(len(counts), TRAIN, "int8")
    of_user[drawn[:held]] = VALIDATION
    of_user[drawn[:tested]] = TEST
    codes = np.where(np.repeat(of_user, counts) == TRAIN, TRAIN, CONTEXT).astype("int8")
    last = start[1:][of_user != TRAIN] - 1
    codes[last] = of_user[of_user != TRAIN]
    return codes


def random(
    *, start: np.ndarray, item: np.ndarray | None = None, option: str = "", seed: int = 0, **_: Any
) -> np.ndarray:
    """Each user's events at random, by shares of training, validation and test: ``"80/10/10"``.

    A share of a few events is rounded up or down by chance, so that it is met on average; a user keeps at
    least one event to learn from. Copies of an event are drawn as one and never parted: what is asked about
    would else have been learnt by heart, and stand in its own history.

    Raises:
        ValueError: the shares are no three numbers, or training has none.
    """
    if item is not None:
        user = np.repeat(np.arange(len(start) - 1), np.diff(start))
        items = 1 + item.max(initial=0)
        pair, pairs = by_appearance(user * items + item)
        first = np.searchsorted(pairs // items, np.arange(len(start)))
        return random(start=first, option=option, seed=seed)[pair]
    train, validation, test = _shares("random", option)
    total = train + validation + test
    counts = np.diff(start)
    user = np.repeat(np.arange(len(counts)), counts)
    generator = np.random.default_rng([seed, 0])
    # a random place among the user's events, moved by less than one place per user
    place = np.empty(len(user))
    place[np.lexsort((generator.random(len(user)), user))] = np.arange(len(user)) - start[user]
    last = place == counts[user] - 1
    place += generator.random(len(counts))[user]
    held = place < counts[user] * ((test + validation) / total)
    tested = place < counts[user] * (test / total)
    return np.where(last | ~held, TRAIN, np.where(tested, TEST, VALIDATION)).astype("int8")


def column(*, values: Sequence[Any], **_: Any) -> np.ndarray:
    """As a column of the events says: train, valid (or validation, val), test or context; else −1.

    A context is the earlier events of a user whom nothing is learnt from. Copies of an event go where each
    says: one that is asked about while another is learnt from is known already.
    """
    return np.asarray([_NAMES.get(str(value).strip().lower(), -1) for value in values], "int8")


def named(split: str) -> tuple[Callable[..., np.ndarray], str]:
    """The function and the option of a split, by its name.

    Raises:
        ValueError: there is no split of that name.
    """
    name, _, option = split.partition(":")
    if name.replace("-", "_") not in __all__:
        names = [known.replace("_", "-") for known in __all__]
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"There is no split {split!r}.{hint} Choose 'auto', 'leave-last-out', 'leave-last-one', 'random' "
            f"(shares: 'random:{_SHARES}'), 'global-time', 'users' or 'column:NAME', the column of the "
            "events that says train, valid, test or context."
        )
    return globals()[name.replace("-", "_")], option


def column_of(split: str) -> str | None:
    """The events' column a split reads, if it reads one."""
    name, _, option = split.partition(":")
    return (option or "split") if name == "column" else None


def needs_times(split: str) -> bool:
    """Whether a split cannot place an event that has no time."""
    return split.partition(":")[0] == "global-time"


def needs_users(split: str) -> bool:
    """Whether a split is of each user's events, or of the users."""
    return split.partition(":")[0] in ("leave-last-out", "leave-last-one", "users")


def check_share(cold_items: float) -> None:
    """Checks the share of items to hold out altogether.

    Raises:
        ValueError: it is not in [0, 1).
    """
    if isinstance(cold_items, bool) or not isinstance(cold_items, int | float) or not 0 <= cold_items < 1:
        raise ValueError(
            "cold_items is the share of items to hold out altogether, in [0, 1), such as 0.1; "
            f"got {cold_items!r}."
        )


def choose_cold(item: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The events of items held out altogether, as if they came after training.

    Args:
        item: int ``[E]``, the item of each event.
        share: of the items that have events, in [0, 1); at least one is chosen when it is above 0.
        seed: for the choice.

    Returns:
        bool ``[E]``: the events of the chosen items.

    Raises:
        ValueError: no item would be left to learn from.
    """
    items = np.unique(item)
    count = max(1, round(share * len(items))) if share else 0
    if count and count == len(items):
        raise ValueError(
            f"cold_items={share} of {len(items)} items leaves none to learn from; take a smaller share."
        )
    chosen = np.random.default_rng([seed, 1]).permutation(items)[:count]
    return np.isin(item, chosen)


def _check_no_option(name: str, option: str) -> None:
    if option:
        raise ValueError(f"The split {name!r} has no options, got {option!r}; name it alone.")


def _shares(name: str, option: str) -> tuple[float, float, float]:
    """Shares of training, validation and test; training has some."""
    try:
        train, validation, test = (float(share) for share in (option or _SHARES).split("/"))
    except ValueError:
        train = validation = test = -1.0
    if not (0 < train < math.inf and 0 <= validation < math.inf and 0 <= test < math.inf):
        raise ValueError(
            f"The split {name!r} takes shares of training, validation and test, as in '{name}:{_SHARES}'; "
            f"got {option!r}."
        )
    return train, validation, test

"""Which events are learnt from, and which are held out.

Every split is a function from plain arrays to int8 ``[E]`` codes (TRAIN, VALIDATION, TEST). It is called by
name, ``"leave-last-out"`` or ``"random:70/15/15"``, with all of these as keywords, and takes what it needs:

* ``start`` int64 ``[M + 1]``: user m's events are rows ``start[m]:start[m + 1]``, in their order;
* ``time`` float64 ``[E]``: seconds, NaN where there are none;
* ``values``: ``[E]`` cells of the column named by the split, None for a split that names none;
* ``option``: what stands after the colon, or ``""``;
* ``seed``: for what is drawn.

A new split is a new function here, and its name in ``__all__``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfmmrec.data.dataset import TEST, TRAIN, VALIDATION

__all__ = ["column", "leave_last_out", "random"]

_NAMES = {"train": TRAIN, "valid": VALIDATION, "validation": VALIDATION, "val": VALIDATION, "test": TEST}
_SHARES = "80/10/10"


def leave_last_out(*, start: np.ndarray, option: str = "", **_: Any) -> np.ndarray:
    """A user's last event is tested, the one before validates; with fewer than three, all are learnt from.

    Raises:
        ValueError: an option is given; it has none.
    """
    if option:
        raise ValueError(f"The split 'leave-last-out' has no options, got {option!r}; name it alone.")
    codes = np.full(start[-1], TRAIN, "int8")
    last = start[1:][np.diff(start) >= 3] - 1
    codes[last] = TEST
    codes[last - 1] = VALIDATION
    return codes


def random(*, start: np.ndarray, option: str = "", seed: int = 0, **_: Any) -> np.ndarray:
    """Each user's events at random, by shares of training, validation and test: ``"80/10/10"``.

    A share of a few events is rounded up or down by chance, so that it is met on average; a user keeps at
    least one event to learn from.

    Raises:
        ValueError: the shares are no three numbers, or training has none.
    """
    try:
        train, validation, test = (float(share) for share in (option or _SHARES).split("/"))
    except ValueError:
        train = validation = test = -1.0
    if min(validation, test) < 0 or not 0 < train < float("inf"):
        raise ValueError(
            f"The random split takes shares of training, validation and test, as in 'random:{_SHARES}'; "
            f"got {option!r}."
        )
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
    """As a column of the events says: train, valid (or validation, val) or test; −1 for anything else."""
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
            f"There is no split {split!r}.{hint} Choose 'auto', 'leave-last-out', 'random' (shares: "
            f"'random:{_SHARES}') or 'column:NAME', the column of the events that says train, valid or test."
        )
    return globals()[name.replace("-", "_")], option


def column_of(split: str) -> str | None:
    """The events' column a split reads, if it reads one."""
    name, _, option = split.partition(":")
    return (option or "split") if name == "column" else None


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

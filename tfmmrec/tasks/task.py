"""What the model is asked to learn, and how its answers are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Protocol

import keras
import numpy as np

from tfmmrec.modalities.modality import Reject


class Step(Protocol):
    """What a task may ask for when it computes its loss; given by the model for one training step.

    Attributes:
        states: ``[B, S, D]`` what is known of each user at each place; S is 1 when there is no order, and
            then stands for every candidate.
        candidates: ``[B, K, D]`` vectors of the candidate events' items, K == S or S == 1.
        outputs: head outputs by task name, ``[B, K]`` or ``[B, K, C]``.
    """

    @property
    def states(self) -> Any: ...

    @property
    def candidates(self) -> Any: ...

    @property
    def outputs(self) -> dict[str, Any]: ...

    @property
    def items(self) -> int:
        """How many items there are to choose from."""

    def softmax(self, target: Any, weight: Any, states: Any) -> Any:
        """Weighted sum of the softmax cross-entropy of `states` ``[B, K, D]`` against the catalogue."""

    def sample(self, target: Any, states: Any) -> tuple[Any, Any, Any]:
        """Logits ``[B · K]`` of targets, ``[B · K, U]`` of the step's items, and their shares, likewise.

        See `tfmmrec.losses.against_sample`.
        """


@dataclass(frozen=True)
class Task:
    """One thing to learn, from events.

    A subclass brings either a head (`head`, `weighted_loss`, `predict`, `metrics`: a judgement of a user and
    one candidate item) or is `retrieval` (which of all items?). Labels are float32 with NaN for missing.

    Attributes:
        weight: of the task in the sum of losses.
        propensity: for labels that were observed with unequal chances, which are then made up for by weights
            (`inverse_propensity`), in training as in measures of labels (measures of rankings are plain means
            over users): the event column of these chances, in (0, 1], where empty is 1; or a power of how
            popular the event's item is, such as 0.5. None: all alike.
        clip: the greatest weight that a propensity can give.
        retrieval: the task ranks the catalogue; it has no column and no head.
        ordered: the task needs events in an order.
        main_metric: the one of its metrics that stands for it when one must be chosen.
    """

    weight: float = field(default=1.0, kw_only=True)
    propensity: str | float | None = field(default=None, kw_only=True)
    clip: float = field(default=10.0, kw_only=True)

    retrieval: ClassVar[bool] = False
    ordered: ClassVar[bool] = False
    main_metric: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """The task's name in outputs, metrics and served answers."""
        raise NotImplementedError

    def labels(self, cells: Sequence[Any], reject: Reject) -> list[Any]:
        """Table cells → raw labels, None where missing or rejected."""
        raise NotImplementedError

    def fit(self, labels: Sequence[Any]) -> dict[str, Any]:
        """State from the training rows' raw labels; see `Modality` for ``"terms"``."""
        return {}

    def encode(self, labels: Sequence[Any], state: dict[str, Any]) -> np.ndarray:
        """Raw labels → float32 ``[E]``, NaN where missing."""
        return np.asarray([np.nan if label is None else label for label in labels], "float32")

    def head(self, width: int, state: dict[str, Any]) -> keras.layers.Layer:
        """A new layer from the task's shared features ``[B, K, D]`` to its output."""
        raise NotImplementedError

    def weighted_loss(self, step: Step, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        """``(weighted sum of losses, sum of weights)``, both float32 scalars; no label is NaN."""
        raise NotImplementedError

    def class_weight(self, label: np.ndarray, state: dict[str, Any]) -> np.ndarray:
        """Weight of each encoded label by its class, above 0, in the loss; ones where classes count alike."""
        return np.ones(np.shape(label), "float32")

    def predict(self, output: Any, state: dict[str, Any]) -> Any:
        """Head output → the answer a user reads (a probability, a rating), in ``keras.ops``."""
        raise NotImplementedError

    def metrics(
        self, label: np.ndarray, prediction: np.ndarray, weight: np.ndarray, state: dict[str, Any]
    ) -> dict[str, float]:
        """Metrics by name, of examples that have a label."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """The schema entry as plain values, as it stands in TOML."""
        defaults = {f.name: f.default for f in fields(self)}
        settings = {k: v for k, v in asdict(self).items() if k == "column" or v != defaults[k]}
        return {"task": type(self).__name__, **settings}

    def __post_init__(self) -> None:
        if not self.weight >= 0:
            raise ValueError(f"{type(self).__name__}: weight must be 0 or more, got {self.weight}.")
        if isinstance(self.propensity, int | float) and not 0 <= self.propensity <= 1:
            raise ValueError(
                f"{type(self).__name__}: propensity is a column of chances, or a power of popularity in "
                f"[0, 1], got {self.propensity}."
            )
        if not self.clip > 0:
            raise ValueError(f"{type(self).__name__}: clip is the greatest weight, above 0, got {self.clip}.")

    def _check_loss(self, loss: str, known: Sequence[str]) -> None:
        if loss not in known:
            raise ValueError(
                f"{type(self).__name__}: there is no loss {loss!r}; take one of {', '.join(known)}."
            )

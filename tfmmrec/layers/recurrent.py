"""GRU and LSTM that skip what is masked, and may begin anew inside of a row."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfmmrec")
class GRUCell(keras.layers.Layer):
    """One step of a gated recurrent unit (Cho 2014), the reset gate behind the recurrent matrix.

    With ``r, z, n`` of the input and ``r', z', n'`` of the state, each a linear map:
    ``c = tanh(n + σ(r + r') n')`` and ``h' = σ(z + z') h + (1 − σ(z + z')) c``.

    Call: ``(of the input [B, 3 D + 1], [h [B, D]]) → (h' [B, D], [h'])``; the last number of the input is 1
    where the state begins anew.
    """

    gates: ClassVar[int] = 3
    states: ClassVar[int] = 1

    def __init__(self, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.state_size: Any = [width] * self.states
        self.output_size = width
        self.recurrent = keras.layers.Dense(
            self.gates * width, kernel_initializer="orthogonal", name="recurrent"
        )

    def build(self, *_: Any) -> None:
        self.recurrent.build((None, self.width))

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        goes_on = 1 - inputs[:, -1:]
        states = [state * goes_on for state in states]
        recurrent = ops.split(self.recurrent(states[0]), self.gates, axis=-1)
        states = self.step(ops.split(inputs[:, :-1], self.gates, axis=-1), recurrent, states)
        return states[0], states

    def step(self, inputs: list[Any], recurrent: list[Any], states: list[Any]) -> list[Any]:
        """The next states, of each gate's part of the input and of the state."""
        reset = ops.sigmoid(inputs[0] + recurrent[0])
        update = ops.sigmoid(inputs[1] + recurrent[1])
        new = ops.tanh(inputs[2] + reset * recurrent[2])
        return [update * states[0] + (1 - update) * new]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("tfmmrec")
class LSTMCell(GRUCell):
    """One step of long short-term memory (Hochreiter 1997), which starts out remembering (Gers 2000).

    ``c' = σ(f + 1) c + σ(i) tanh(g)`` and ``h' = σ(o) tanh(c')``. Call: as of `GRUCell`, with two states.
    """

    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2

    def step(self, inputs: list[Any], recurrent: list[Any], states: list[Any]) -> list[Any]:
        takes, forgets, new, shows = (i + r for i, r in zip(inputs, recurrent, strict=True))
        memory = ops.sigmoid(forgets + 1) * states[1] + ops.sigmoid(takes) * ops.tanh(new)
        return [ops.sigmoid(shows) * ops.tanh(memory), memory]


_CELLS: dict[str, type[GRUCell]] = {"gru": GRUCell, "lstm": LSTMCell}


@keras.saving.register_keras_serializable("tfmmrec")
class Recurrent(keras.layers.Layer):
    """A recurrent layer over time.

    Call: ``(x [B, T, D], mask bool [B, T], start bool [B, T] or None) → states [B, T, width]``. At a masked
    step the state stays as it is; where `start` is true it is forgotten first. What the input says to the
    gates is computed for all steps at once, so that a step is one product with the state.

    Args:
        kind: ``"gru"`` or ``"lstm"``.
        width: of the states.
        backwards: begins at the end.
    """

    def __init__(self, kind: str, width: int, backwards: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind, self.width, self.backwards = kind, width, backwards
        cell = _CELLS[kind](width, name="cell")
        # its own bias: the GRU's reset gate tells the input's from the state's
        self.projection = keras.layers.Dense(cell.gates * width, name="projection")
        self.rnn = keras.layers.RNN(cell, return_sequences=True, name="rnn")

    def build(self, shape: tuple[int | None, ...], *_: Any) -> None:
        self.projection.build(shape)
        self.rnn.build((*shape[:2], self.rnn.cell.gates * self.width + 1))

    def call(self, x: Any, mask: Any, start: Any = None) -> Any:
        start = ops.zeros_like(mask) if start is None else start
        x = self.projection(ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x)))
        x = ops.concatenate([x, ops.expand_dims(ops.cast(start, x.dtype), -1)], axis=-1)
        if self.backwards:
            x, mask = ops.flip(x, axis=1), ops.flip(mask, axis=1)
        states = self.rnn(x, mask=mask)
        return ops.flip(states, axis=1) if self.backwards else states

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        return (*shape[:2], self.width)

    def get_config(self) -> dict[str, Any]:
        mine = {"kind": self.kind, "width": self.width, "backwards": self.backwards}
        return {**super().get_config(), **mine}

"""From pixels to tokens that each stand for a part of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import keras


class PictureEncoder(keras.layers.Layer):
    """Abstract: ``pixels float [N, H, W, 3] → tokens [N, count, D]``, a token for each square of the grid.

    A subclass implements `encode` and adds its layers in ``__init__`` and weights in `build`.

    Args:
        width: D.
        size: ``(H, W)``, multiples of `patch`.
        patch: side of the square that one token stands for, in pixels.
        layers: how many it has one after the other.

    Attributes:
        grid: rows and columns of squares.
        own_scale: it is called with pixels from 0 to 255; others with what `normalised` makes of them.

    Raises:
        ValueError: the size is not a multiple of the patch, or a call brings pictures of another size.
    """

    own_scale: ClassVar[bool] = False

    def __init__(self, width: int, size: Sequence[int], patch: int, layers: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.size, self.patch, self.layers = width, (size[0], size[1]), patch, layers
        if size[0] % patch or size[1] % patch:
            raise ValueError(
                f"Height and width must be multiples of patch={patch}, got {size[0]}×{size[1]} pixels."
            )
        self.grid = (size[0] // patch, size[1] // patch)

    @property
    def count(self) -> int:
        """Tokens of a picture."""
        return self.grid[0] * self.grid[1]

    def call(self, pixels: Any, training: bool | None = None) -> Any:
        if tuple(pixels.shape[1:]) != (*self.size, 3):
            raise ValueError(
                f"This encoder was made for pictures of shape {(*self.size, 3)}, got "
                f"{tuple(pixels.shape[1:])}; resize them, or make an encoder of their size."
            )
        return self.encode(pixels, training)

    def load(self, start: str) -> None:
        """Starts from weights of others, where a feature's setting names some."""
        raise ValueError(f"{type(self).__name__} has no weights of others to start from, got {start!r}.")

    def encode(self, pixels: Any, training: bool | None) -> Any:
        """As the call."""
        raise NotImplementedError

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (shape[0], self.count, self.width)

    def get_config(self) -> dict[str, Any]:
        mine = {"width": self.width, "size": self.size, "patch": self.patch, "layers": self.layers}
        return {**super().get_config(), **mine}

"""What one sample is: its kind and shape, and how it is stored against how networks see it."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import TYPE_CHECKING

from gan_models.errors import DataError, ParameterError, nearest

if TYPE_CHECKING:
    from torch import Tensor

_HALF_RANGE = 127.5  # uint8 0…255 <-> float −1…1


class SampleKind(StrEnum):
    """What a sample means; further kinds (sequences, audio, tables) come through this door."""

    IMAGE = "image"
    POINT = "point"


@dataclass(frozen=True)
class Classes:
    """What labels may say: each class by its name, with its share of the samples."""

    names: tuple[str, ...]
    shares: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.names)

    def index_of(self, name: str) -> int:
        """Return the class of this name, or else of this index.

        Raises:
            ParameterError: if there is none; names the nearest.
        """
        if name in self.names:
            return self.names.index(name)
        if name.isdecimal() and int(name) < len(self):
            return int(name)
        raise ParameterError(f"class '{name}': {nearest(name, self.names)}")


@dataclass(frozen=True)
class SampleSpec:
    """Kind and shape of one sample: ``(channels, height, width)`` or ``(dimensions,)``.

    ``classes`` is what its label may say, where it has one; samples are alike without regard to it.
    """

    kind: SampleKind
    shape: tuple[int, ...]
    classes: Classes | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        rank = {SampleKind.IMAGE: 3, SampleKind.POINT: 1}[self.kind]
        if len(self.shape) != rank or any(size < 1 for size in self.shape):
            raise DataError(f"a sample of kind '{self.kind}' cannot have shape {self.shape}")

    @property
    def num_values(self) -> int:
        """How many numbers one sample has."""
        return prod(self.shape)

    def encode(self, stored: "Tensor") -> "Tensor":
        """Turn stored samples (images: uint8) into what networks see (images: float in [−1, 1])."""
        if self.kind is SampleKind.POINT:
            return stored.float()
        return stored.float().div_(_HALF_RANGE).sub_(1.0)

    def decode(self, seen: "Tensor") -> "Tensor":
        """Turn what a generator gives into stored form; images are rounded to uint8.

        NaN survives in points and becomes 0 in images: ask the network's output for finiteness.
        """
        import torch

        if self.kind is SampleKind.POINT:
            return seen.float()
        levels = seen.nan_to_num(nan=-1.0).add(1.0).mul(_HALF_RANGE).round().clamp(0, 255)
        return levels.to(torch.uint8)

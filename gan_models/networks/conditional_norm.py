"""Batch normalisation whose scale and shift belong to a class (1707.00683; 1802.05637)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn


class ConditionalBatchNorm2d(nn.BatchNorm2d):
    """Normalises N x C x H x W over all classes alike, then scales and shifts by each one's own.

    The layers of a G lie in a row and hand on feature maps alone, so labels come by
    :func:`labels_for`, not as an argument.
    """

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__(channels, affine=False)
        self.scale = nn.Embedding(num_classes, channels)
        self.shift = nn.Embedding(num_classes, channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)
        self.labels: Tensor | None = None

    def forward(self, maps: Tensor) -> Tensor:
        """Map N x C x H x W to as many, by the N labels that are set."""
        scale, shift = self.scale(self.labels), self.shift(self.labels)
        normed: Tensor = super().forward(maps)
        scaled: Tensor = normed * scale[:, :, None, None] + shift[:, :, None, None]
        return scaled


@contextmanager
def labels_for(norms: Sequence[ConditionalBatchNorm2d], labels: Tensor) -> Iterator[None]:
    """Let ``norms`` know the N labels of what passes through them in this context."""
    for norm in norms:
        norm.labels = labels
    try:
        yield
    finally:
        for norm in norms:
            norm.labels = None

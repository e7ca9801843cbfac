"""Freezing a network for one phase: no gradient reaches it and nothing inside it moves."""

from types import TracebackType
from typing import Any

from torch import nn
from torch.nn.utils.parametrize import ParametrizationList


class Freeze:
    """Context in which a network only computes.

    Its parameters ask for no gradient, its batch norms keep using the statistics of the batch but
    record none, and its spectral norms keep the singular vectors that they have. After the context
    every parameter, buffer and mode is bit for bit what it was. Built once, entered often: the
    network is walked only here.
    """

    def __init__(self, network: nn.Module) -> None:
        layers: list[Any] = list(network.modules())
        self._parameters = [weight for weight in network.parameters() if weight.requires_grad]
        self._recording = [
            layer for layer in layers if getattr(layer, "track_running_stats", False)
        ]
        self._iterating = [
            (part, owner)
            for owner in layers
            if isinstance(owner, ParametrizationList)
            for part in owner
        ]

    def __enter__(self) -> None:
        self._set(frozen=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._set(frozen=False)

    def _set(self, *, frozen: bool) -> None:
        for weight in self._parameters:
            weight.requires_grad_(not frozen)
        for layer in self._recording:
            layer.track_running_stats = not frozen
        for part, owner in self._iterating:
            part.training = owner.training and not frozen

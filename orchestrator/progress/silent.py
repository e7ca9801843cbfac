"""The listener that shows nothing: for tests, scripts and ``--quiet``."""

from types import TracebackType
from typing import Self

from orchestrator.history import SweepHistory
from orchestrator.journal import Event


class SilentListener:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Pass the event over."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

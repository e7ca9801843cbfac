"""The contract of whatever follows a sweep while it runs."""

from types import TracebackType
from typing import Protocol, Self

from orchestrator.history import SweepHistory
from orchestrator.journal import Event


class SweepListener(Protocol):
    """Shows a sweep while it runs; used as a context manager around the sweep.

    A listener only looks: it changes no history and raises nothing of its own, and leaving the
    context restores the terminal also when the sweep failed or was interrupted.
    """

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Take in one journal event, which ``history`` already includes.

        Called from one thread, in the order of the journal. The first call after a resume may
        come with a history in which much has happened.
        """
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop showing and leave the last state behind."""
        ...

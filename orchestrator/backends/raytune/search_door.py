"""The search as Tune's parts reach it; what it raises is kept apart from Tune's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.search import Search


class SearchDoor:
    """One search for all of Tune's parts, with the first error that it raised.

    Tune wraps what its searcher and scheduler raise, or logs it and goes on. Each attempt at a
    trial is a trial of its own to Tune: what the one before still sends or comes to is no news.

    Attributes:
        error: what the search raised; None as long as it did not.
        attempts: the latest attempt at each trial, by Tune's id.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self.error: BaseException | None = None
        self.attempts: dict[str, str] = {}

    @contextmanager
    def opened(self) -> Iterator[Search]:
        """Give the search, and remember what it raises."""
        try:
            yield self._search
        except BaseException as error:
            self.error = self.error or error
            raise

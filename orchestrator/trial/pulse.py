"""Signs of life of a trial, so that one that hangs can be told from one that is slow."""

import time
from collections.abc import Callable, Generator

from orchestrator.trial.spec import Activity, Message, Messages, alive


class Pulse:
    """Says now and then that a trial trains, and each time that it begins to evaluate.

    Args:
        every_s: the least time between two signs; None for no signs at all.
        clock: counts seconds.
    """

    def __init__(
        self, every_s: float | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every_s, self._clock = every_s, clock
        self._last_s = clock()

    def training(self) -> Generator[Message, bool | None, bool]:
        """Yield a sign if it is due; return whether the answer to it was to leave."""
        if self._every_s is None or self._clock() - self._last_s < self._every_s:
            return False
        self._last_s = self._clock()
        return bool((yield alive(Activity.TRAINING)))

    def evaluating(self) -> Messages:
        """Yield a sign: what comes next may take longer."""
        if self._every_s is not None:
            self._last_s = self._clock()
            yield alive(Activity.EVALUATING)

"""What keeps an attempt at a trial from writing over the files of the one that came after it.

A node that hung or was cut off may come back after its trials went on elsewhere. Ray ends its
workers then, but only after a second or two, in which they train on. So each order has a number,
higher than that of the order before, which the driver leaves in the trial's folder before it hands
the order out; and a trial looks there before each write. Nothing keeps a process from being frozen
between that look and the write; what it writes then is of the same trial, and what does not fit is
found by its checksum when the trial is next taken up. In a store, attempts leave their numbers
themselves (:mod:`orchestrator.storage.trial`).
"""

from pathlib import Path

from gan_models.files import write_text
from orchestrator.errors import OvertakenError
from orchestrator.paths import TrialPaths


def admit(paths: TrialPaths, attempt: int) -> None:
    """Let this attempt write to a trial's folder, and none before it."""
    write_text(paths.attempt, str(attempt))


class Fence:
    """Stands before the folder of a trial.

    Args:
        paths: of the trial.
        attempt: the number of the order that is carried out.
    """

    def __init__(self, paths: TrialPaths, attempt: int) -> None:
        self._path, self._attempt = paths.attempt, attempt

    def check(self) -> None:
        """Check that the trial has not been handed out again; to be asked before each write.

        Raises:
            OvertakenError: if it has.
        """
        latest = _number_in(self._path)
        if latest > self._attempt:
            raise OvertakenError(
                f"{self._path}: attempt {latest} has taken over from attempt {self._attempt}, "
                "which writes no more"
            )


def _number_in(path: Path) -> int:
    """Return the number that a file holds; -1 where nobody left one, as without a driver."""
    try:
        return int(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return -1

"""A journal whose events count once they are stored."""

from collections.abc import Callable
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any

from orchestrator.errors import GanorchError
from orchestrator.journal import Event, Journal
from orchestrator.storage.segments import JournalShipment

SHIP_EVERY_S = 1.0
_MAY_WAIT = ("evaluated", "started")


class StoredJournal(Journal):
    """Writes events here, and stores them.

    An evaluation, and that a trial has started, may be stored up to :data:`SHIP_EVERY_S` later.
    Every other event counts only once it is stored, with all before it: what was proposed, paused,
    stopped, finished or selected. So a driver that dies with its machine loses at most a second of
    evaluations that decided nothing yet. Their trials hold the same rows beside their checkpoints,
    and tell them again when they go on.

    Args:
        path: of the journal here, equal to what is stored.
        shipment: stores what is appended.
        check: raises if the run is no longer this driver's.
    """

    def __init__(self, path: Path, shipment: JournalShipment, check: Callable[[], None]) -> None:
        super().__init__(path)
        self._shipment, self._check = shipment, check
        self._shipping, self._closed = Lock(), Signal()
        self._failure: GanorchError | None = None
        self._ship()
        self._shipper = Thread(target=self._keep_shipping, name="journal-shipping", daemon=True)
        self._shipper.start()

    def append(self, event: str, **values: Any) -> Event:
        """Write one event; unless it may wait, return once it is stored.

        Raises:
            StoreError: if the store does not answer, or another driver has taken over.
        """
        self._check()
        if self._failure is not None:
            raise self._failure
        entry = super().append(event, **values)
        if event not in _MAY_WAIT:
            self._ship()
        return entry

    def close(self) -> None:
        """Store what is left, and close the file."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._shipper.join()
        try:
            if self._failure is None:
                self._ship()
        finally:
            super().close()

    def _ship(self) -> None:
        with self._shipping:
            self._shipment.ship()

    def _keep_shipping(self) -> None:
        while not self._closed.wait(SHIP_EVERY_S):
            try:
                self._ship()
            except GanorchError as error:
                self._failure = error
                return

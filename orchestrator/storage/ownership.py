"""Which driver a stored run belongs to: an object that its driver renews while it lives.

A store gives no lock: no write here depends on what was there before. So this guards against what
happens (a second `resume` while the first driver lives, a driver that was thought dead and comes
back) and not against what a lock excludes:

- Two drivers that claim a free run within the same second are told apart by looking again after a
  pause. One that stalls between looking and writing for longer than the pause escapes that, until
  its next heartbeat finds the other.
- A driver that was taken over stops at its next heartbeat, or before it hands over a generator.
  What it writes until then is of a lower epoch: pieces of the journal by it are not read
  (:mod:`orchestrator.storage.segments`). ``trial.json`` it may still overwrite; the new driver
  writes tables, page and generator again at its end.
- Whether the owner lives is told by the clock of the store alone, so clocks need not agree. Whoever
  comes soon after its last heartbeat waits for the next one, and takes over where none comes.
"""

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread
from typing import Any
from uuid import getnode

from orchestrator.errors import GanorchError, RunFolderError, StoreError, TakenOverError
from orchestrator.storage.base import Store

OWNER = "owner.json"
_CLAIMS = "claims"


@dataclass(frozen=True)
class Owner:
    """What the owner's object says."""

    epoch: int
    token: str
    host: str
    machine: str
    pid: int
    workdir: str
    is_driving: bool

    @property
    def place(self) -> str:
        """Name the process."""
        return f"{self.host} (process {self.pid})"


@dataclass(frozen=True)
class Pulse:
    """How often an owner renews its object, and when it counts as gone.

    ``settling_s`` lies between writing a claim and looking whether another came in between.
    """

    every_s: float = 5.0
    gone_after_s: float = 30.0
    settling_s: float = 0.5


_PULSE = Pulse()


class Ownership:
    """A run that this process drives, with its heartbeat; ends with :meth:`release`.

    Args:
        store: of the run.
        heart: the same store without patience, for the heartbeat.
        workdir: where this process works on it; held by a lock of this machine.
        pulse: of the heartbeat; None for one of seconds.
        sleep: waits so many seconds.

    Raises:
        RunFolderError: if another driver lives, or claims it at the same time; says who.
        StoreError: if the store does not answer.
    """

    def __init__(
        self,
        store: Store,
        heart: Store,
        workdir: Path,
        *,
        pulse: Pulse | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store, self._heart_store, self._pulse = store, heart, pulse or _PULSE
        self._sleep = sleep
        former = _read_owner(store)
        me = Owner(
            epoch=0 if former is None else former.epoch + 1,
            token=token_hex(8),
            host=socket.gethostname(),
            machine=_machine(),
            pid=os.getpid(),
            workdir=str(workdir),
            is_driving=True,
        )
        if former is not None and former.is_driving:
            self._await_silence(former, me)
        self._me = me
        _write_owner(store, me)
        sleep(self._pulse.settling_s)
        self._check(store)
        self._lost: GanorchError | None = None
        self._ended = Event()
        self._heart = Thread(target=self._beat, name="store-heartbeat", daemon=True)
        self._heart.start()

    @property
    def epoch(self) -> int:
        """How many drivers there were before."""
        return self._me.epoch

    def check(self) -> None:
        """Look whether the run is still this driver's.

        Raises:
            RunFolderError: if another one has taken over; says who.
            StoreError: if the store does not answer.
        """
        self._check(self._store)

    def check_heart(self) -> None:
        """Look whether the last heartbeat found the run to be this driver's; asks nobody.

        Raises:
            RunFolderError: if another one has taken over; says who.
        """
        if self._lost is not None:
            raise self._lost

    def release(self) -> None:
        """End the heartbeat and say that nobody drives the run; a store that is gone is left."""
        self._ended.set()
        self._heart.join()
        if self._lost is not None:
            return
        try:
            self._check(self._heart_store)
            _write_owner(self._heart_store, replace(self._me, is_driving=False))
        except GanorchError:
            return  # then it counts as gone when its time is up

    def _beat(self) -> None:
        while not self._ended.wait(self._pulse.every_s):
            try:
                self._check(self._heart_store)
                _write_owner(self._heart_store, self._me)
            except RunFolderError as error:
                self._lost = error
                return
            except StoreError:
                continue  # whoever pushes will say so

    def _check(self, store: Store) -> None:
        now = _read_owner(store)
        if now is not None and now.token != self._me.token:
            raise TakenOverError(
                f"{store.uri}: {now.place} has taken over this sweep; this driver stops"
            )

    def _await_silence(self, former: Owner, me: Owner) -> None:
        """Wait until the former driver was silent for long; refuse as soon as it is heard of."""
        if (former.machine, former.workdir) == (me.machine, me.workdir):
            return  # the lock of its working folder is ours: it is dead
        first_ns, silent_s = self._last_heard(me)
        while silent_s <= self._pulse.gone_after_s:
            self._sleep(self._pulse.every_s)
            last_ns, silent_s = self._last_heard(me)
            if last_ns != first_ns:
                raise RunFolderError(
                    f"{self._store.uri}: {former.place} is driving this sweep: wait for it, or end "
                    "it first"
                )

    def _last_heard(self, me: Owner) -> tuple[int, float]:
        """Return when the owner's object was written, and how many seconds ago.

        Both are by the store's clock, which an object of ours tells.
        """
        claim = f"{_CLAIMS}/{me.token}"
        self._store.write(claim, b"")
        now = self._store.list(_CLAIMS)[claim]
        self._store.delete(claim)
        seen = self._store.list("", is_deep=False).get(OWNER)
        return (seen.mtime_ns, (now.mtime_ns - seen.mtime_ns) / 1e9) if seen else (0, inf)


def _read_owner(store: Store) -> Owner | None:
    try:
        values: dict[str, Any] = json.loads(store.read(OWNER))
        return Owner(**values)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise RunFolderError(f"{store.uri}: {OWNER}: not what a driver writes ({error})") from error


def _write_owner(store: Store, owner: Owner) -> None:
    store.write(OWNER, json.dumps(asdict(owner), indent=2).encode())


def _machine() -> str:
    """Tell machines apart that may have one name: by the boot of their kernel."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{socket.gethostname()}/{boot.read_text().strip() if boot.exists() else getnode()}"

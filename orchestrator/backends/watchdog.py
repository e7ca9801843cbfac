"""Which trials hang: those that gave no sign of life for longer than they may."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.config.model import FaultsConfig
from orchestrator.trial.spec import Activity, Message

_MIN_SILENCE_S = {Activity.TRAINING: 300.0, Activity.EVALUATING: 1800.0}
_TIMES_SLOWEST = 10.0
_MAX_TICK_S = 5.0  # between two looks; more, and it was the driver that did not run


class Hang(NamedTuple):
    """A trial that hangs, and how that shows."""

    trial: str
    reason: str


@dataclass
class _Vigil:
    """What is known of one trial's silences; whatever comes before it trains may take longer."""

    heard_s: float
    activity: Activity = Activity.EVALUATING
    slowest_s: dict[Activity, float] = field(default_factory=dict)


class Watchdog:
    """Compares each trial's silence with what is allowed while it does what it last said.

    Time in which the driver itself did not run (a suspended laptop, a stopped process) counts
    against nobody.

    Args:
        limits: the allowed silences.
        clock: counts seconds.
    """

    def __init__(
        self, limits: FaultsConfig, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._given_s = {
            Activity.TRAINING: limits.hang_s,
            Activity.EVALUATING: limits.evaluation_hang_s,
        }
        self._clock = clock
        self._looked_s = clock()
        self._vigils: dict[str, _Vigil] = {}

    def watch(self, trial: str) -> None:
        """Begin to watch an attempt, which now begins."""
        self._vigils[trial] = _Vigil(self._clock())

    def heard(self, trial: str, message: Message) -> None:
        """Take in that a trial has sent something."""
        vigil = self._vigils.get(trial)
        if vigil is None:
            return
        now_s = self._look()
        slowest_s = vigil.slowest_s.get(vigil.activity, 0.0)
        vigil.slowest_s[vigil.activity] = max(slowest_s, now_s - vigil.heard_s)
        vigil.heard_s, vigil.activity = now_s, _activity_after(message)

    def forget(self, trial: str) -> None:
        """Stop watching."""
        self._vigils.pop(trial, None)

    def hanging(self) -> list[Hang]:
        """Return the trials that hang by now; to be asked at least every few seconds."""
        now_s = self._look()
        return [
            Hang(trial, f"no sign of life for {now_s - vigil.heard_s:.0f} s while {vigil.activity}")
            for trial, vigil in self._vigils.items()
            if now_s - vigil.heard_s > self._allowed_s(vigil)
        ]

    def _look(self) -> float:
        """Return the time now; grant anew what passed while the driver did not run."""
        now_s = self._clock()
        absent_s = now_s - self._looked_s
        if absent_s > _MAX_TICK_S:
            for vigil in self._vigils.values():
                vigil.heard_s = min(now_s, vigil.heard_s + absent_s)
        self._looked_s = now_s
        return now_s

    def _allowed_s(self, vigil: _Vigil) -> float:
        given_s = self._given_s[vigil.activity]
        if given_s != "auto":
            return float(given_s)
        slowest_s = vigil.slowest_s.get(vigil.activity, 0.0)
        return max(_MIN_SILENCE_S[vigil.activity], _TIMES_SLOWEST * slowest_s)


def _activity_after(message: Message) -> Activity:
    if message["kind"] == "alive":
        return Activity(message["activity"])
    is_starting = message["kind"] == "started"
    return Activity.EVALUATING if is_starting else Activity.TRAINING

"""Our search as Tune sees it: it suggests, and hears of trials that Tune gave up silently."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from orchestrator.backends.raytune.search_door import SearchDoor
from orchestrator.backends.raytune.trainable import to_tune_config
from orchestrator.records import FaultKind
from orchestrator.signals import stop_asked

_PATIENCE_S = 10.0  # a worker takes seconds to start


class SearchAdapter(Searcher):
    """Hands out the search's trials under Tune's ids, up to ``concurrent`` at once.

    A resumed trial is a new one to Tune. The limit is kept here and not by Tune, whose limiter
    never frees the slot of a trial that it gives up without a word. Tune's own snapshots of the
    search are left empty: our journal is the truth, and ``Tuner.restore`` is never used
    (docs/decisions/0001).

    A trial that goes on and finds no place comes first: as long as it waits and others run, no
    new ones are handed out. Ray would give what becomes free to the latest request.
    """

    def __init__(
        self,
        door: SearchDoor,
        concurrent: int | Callable[[], int],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._waiting: dict[str, float] = {}  # since when, those that go on, by Tune's ids
        self._door = door
        self._concurrent = concurrent
        self._live: dict[str, str] = {}  # our names by Tune's ids

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        """Return the config of the next trial, None if there is none now, or Tune's end word."""
        if len(self._live) >= self._num_at_once() or stop_asked() or self._keeps_room():
            return None
        with self._door.opened() as search:
            spec = search.next_trial()
            if spec is None:
                return Searcher.FINISHED if search.is_over else None
            goes_on = search.history.trials[spec.trial_id].record.num_attempts > 0
        self._live[trial_id] = spec.trial_id
        if goes_on:
            self._waiting[trial_id] = self._clock()
        self._door.attempts[spec.trial_id] = trial_id
        return to_tune_config(spec)

    def _num_at_once(self) -> int:
        return self._concurrent() if callable(self._concurrent) else self._concurrent

    def _keeps_room(self) -> bool:
        """Say whether what runs should leave its place to one that has waited for long."""
        is_any_running = len(self._live) > len(self._waiting)
        now_s = self._clock()
        return is_any_running and any(now_s - at_s > _PATIENCE_S for at_s in self._waiting.values())

    def on_trial_started(self, trial_id: str) -> None:
        """Take in that a trial has a worker."""
        self._waiting.pop(trial_id, None)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Free the slot of a trial; how a worker died, the scheduler has told the search."""
        name = self._gone(trial_id)
        if name is not None and not error:
            self._lose(name, trial_id, FaultKind.BAD_CODE, "it ended without a last message")

    def on_trial_given_up(self, trial_id: str) -> None:
        """Take in that Tune gave a trial up without a word; nothing if it had its say."""
        name = self._gone(trial_id)
        if name is not None:
            reason = "Ray Tune gave it up: its worker could not be reused"
            self._lose(name, trial_id, FaultKind.TUNER_FAILED, reason)

    def _gone(self, trial_id: str) -> str | None:
        self._waiting.pop(trial_id, None)
        return self._live.pop(trial_id, None)

    def _lose(self, name: str, trial_id: str, fault: FaultKind, reason: str) -> None:
        """Tell the search of a lost attempt; nothing if it knows, or has begun another."""
        if self._door.attempts.get(name) == trial_id:
            with self._door.opened() as search:
                search.lost(name, fault, reason)

    def save(self, checkpoint_path: str) -> None:
        """Write nothing."""

    def restore(self, checkpoint_path: str) -> None:
        """Read nothing."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class UntoldTrials(tune.Callback):
    """Tells the searcher of what Tune does not: which trials have started, which it gave up.

    It gives up where a worker cannot be reset, and the search would wait for such for ever.
    """

    def __init__(self, searcher: SearchAdapter) -> None:
        self._searcher = searcher

    def on_trial_start(
        self, iteration: int, trials: Sequence[Trial], trial: Trial, **info: Any
    ) -> None:
        """Pass on that a trial has a worker."""
        self._searcher.on_trial_started(trial.trial_id)

    def on_step_begin(self, iteration: int, trials: Sequence[Trial], **info: Any) -> None:
        """Pass on what has failed by now."""
        for trial in trials:
            if trial.status == Trial.ERROR:
                self._searcher.on_trial_given_up(trial.trial_id)

"""Our search as Tune sees it: it suggests, and hears of trials that Tune gave up silently."""

from collections.abc import Callable, Sequence
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from orchestrator.backends.raytune.search_door import SearchDoor
from orchestrator.backends.raytune.trainable import to_tune_config
from orchestrator.records import FaultKind
from orchestrator.signals import stop_asked


class SearchAdapter(Searcher):
    """Hands out the search's trials under Tune's ids, up to ``concurrent`` at once.

    A resumed trial is a new one to Tune. The limit is kept here and not by Tune, whose limiter
    never frees the slot of a trial that it gives up without a word. Tune's own snapshots of the
    search are left empty: our journal is the truth, and ``Tuner.restore`` is never used
    (docs/decisions/0001).
    """

    def __init__(self, door: SearchDoor, concurrent: int | Callable[[], int]) -> None:
        super().__init__()
        self._door = door
        self._concurrent = concurrent
        self._live: dict[str, str] = {}  # our names by Tune's ids

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        """Return the config of the next trial, None if there is none now, or Tune's end word."""
        if len(self._live) >= self._num_at_once() or stop_asked():
            return None
        with self._door.opened() as search:
            spec = search.next_trial()
            if spec is None:
                return Searcher.FINISHED if search.is_over else None
        self._live[trial_id] = spec.trial_id
        self._door.attempts[spec.trial_id] = trial_id
        return to_tune_config(spec)

    def _num_at_once(self) -> int:
        return self._concurrent() if callable(self._concurrent) else self._concurrent

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Free the slot of a trial; how a worker died, the scheduler has told the search."""
        name = self._live.pop(trial_id, None)
        if name is not None and not error:
            self._lose(name, trial_id, FaultKind.BAD_CODE, "it ended without a last message")

    def on_trial_given_up(self, trial_id: str) -> None:
        """Take in that Tune gave a trial up without a word; nothing if it had its say."""
        name = self._live.pop(trial_id, None)
        if name is not None:
            reason = "Ray Tune gave it up: its worker could not be reused"
            self._lose(name, trial_id, FaultKind.TUNER_FAILED, reason)

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


class GivenUpTrials(tune.Callback):
    """Looks before each step which trials Tune gave up, as where a worker cannot be reset.

    Of those Tune tells neither searcher nor scheduler; the search would wait for them for ever.
    """

    def __init__(self, searcher: SearchAdapter) -> None:
        self._searcher = searcher

    def on_step_begin(self, iteration: int, trials: Sequence[Trial], **info: Any) -> None:
        """Pass on what has failed by now."""
        for trial in trials:
            if trial.status == Trial.ERROR:
                self._searcher.on_trial_given_up(trial.trial_id)

"""Our search as Tune sees it: it suggests, and hears of trials that died without a word."""

from typing import Any

from ray.tune.search import Searcher

from orchestrator.backends.raytune.trainable import to_tune_config
from orchestrator.search import Search


class SearchAdapter(Searcher):
    """Hands out the search's trials under Tune's ids.

    Tune's own snapshots of the search are left empty: our journal is the truth, and
    ``Tuner.restore`` is never used (docs/decisions/0001).
    """

    def __init__(self, search: Search) -> None:
        super().__init__()
        self._search = search
        self._names: dict[str, str] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str:  # type: ignore[override]
        """Return the config of the next trial, or Tune's word for the end."""
        spec = self._search.next_trial()
        if spec is None:
            return Searcher.FINISHED
        self._names[trial_id] = spec.trial_id
        return to_tune_config(spec)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Take in the end of a trial; only one that lost its worker for good is news."""
        if error and trial_id in self._names:
            self._search.lost(self._names[trial_id], "its worker process died, also when retried")

    def close(self) -> None:
        """Take in which trials Tune gave up without a word, as where a worker cannot be reset."""
        for name in self._names.values():
            self._search.lost(name, "Ray Tune gave it up: its worker could not be reused")

    def save(self, checkpoint_path: str) -> None:
        """Write nothing."""

    def restore(self, checkpoint_path: str) -> None:
        """Read nothing."""

    def __getstate__(self) -> dict[str, Any]:
        return {}

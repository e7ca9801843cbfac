"""Our search as Tune's scheduler: it hears every report and says which trials stop."""

from typing import Any

from ray.tune.schedulers import FIFOScheduler

from orchestrator.backends.raytune.trainable import message_in, trial_id_in
from orchestrator.search import Search


class ReportAdapter(FIFOScheduler):
    """Passes each message to the search and its answer back to Tune."""

    def __init__(self, search: Search) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._search = search

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Hand the message on; the last one of a trial needs no answer, for it ends by itself."""
        message = message_in(result)
        if message is None:
            return str(self.CONTINUE)
        must_stop = self._search.receive(trial_id_in(trial.config), message)
        return str(self.STOP if must_stop and message["kind"] != "finished" else self.CONTINUE)

    def __getstate__(self) -> dict[str, Any]:
        return {}

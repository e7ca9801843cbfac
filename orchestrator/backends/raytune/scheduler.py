"""Our search as Tune's scheduler: it hears every report and every loss, and says who stops."""

from typing import Any

from ray.tune.schedulers import FIFOScheduler

from orchestrator.backends.base import receive
from orchestrator.backends.raytune.actors import present_error
from orchestrator.backends.raytune.fault import fault_of_worker
from orchestrator.backends.raytune.search_door import SearchDoor
from orchestrator.backends.raytune.trainable import message_in, trial_id_in
from orchestrator.backends.raytune.workers import Workers
from orchestrator.records import FaultKind
from orchestrator.signals import stop_asked

# what ends a job often ends its workers, too
_BY_WHOEVER_STOPS_US = (FaultKind.PROCESS_KILLED, FaultKind.NODE_LOST, FaultKind.PREEMPTED)
_LAST_WORDS = ("finished", "failed")


class ReportAdapter(FIFOScheduler):
    """Passes each message to the search and its answer back to Tune."""

    def __init__(self, door: SearchDoor, workers: Workers) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._door, self._workers = door, workers

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Hand the message on; the last one of a trial needs no answer, for it ends by itself."""
        message = message_in(result)
        if message is None:
            return str(self.CONTINUE)
        name = trial_id_in(trial.config)
        if self._door.attempts.get(name) != trial.trial_id:
            return str(self.STOP)
        with self._door.opened() as search:
            must_stop = receive(search, name, message)
        self._workers.heard(trial.trial_id, message)
        if message["kind"] == "saved":
            self._workers.kill(trial.trial_id)  # Tune would use its worker, in that place, again
            return str(self.CONTINUE)
        return str(self.STOP if must_stop and message["kind"] not in _LAST_WORDS else self.CONTINUE)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Tell the search why a worker ended; one that was only cut off shall end, too."""
        hang = self._workers.why_killed(trial.trial_id)
        fault, reason = fault_of_worker(present_error(tune_controller))
        self._workers.kill(trial.trial_id)
        if hang is not None:
            fault, reason = FaultKind.HUNG, hang
        name = trial_id_in(trial.config)
        if self._door.attempts.get(name) == trial.trial_id:
            with self._door.opened() as search:
                if stop_asked() and fault in _BY_WHOEVER_STOPS_US:
                    search.left(name)
                else:
                    search.lost(name, fault, reason)

    def __getstate__(self) -> dict[str, Any]:
        return {}

"""Trials one after the other in this process: deterministic, debuggable, no Ray."""

from contextlib import closing

from orchestrator.backends.base import answered, guarded, receive
from orchestrator.search import Search
from orchestrator.signals import stop_asked, stopping_in_order
from orchestrator.trial.spec import TrialFunction, TrialSpec


class InProcessBackend:
    """Asks, runs and tells in turn."""

    def run(self, search: Search, run_trial: TrialFunction) -> None:
        """Run every trial to its end or pause before the next is asked for."""
        with stopping_in_order():
            while not stop_asked() and (spec := search.next_trial()) is not None:
                self._run(search, run_trial, spec)

    def _run(self, search: Search, run_trial: TrialFunction, spec: TrialSpec) -> None:
        with closing(guarded(run_trial, spec)) as messages:
            for message in answered(messages, lambda: bool(stop_asked())):
                if receive(search, spec.trial_id, message):
                    break

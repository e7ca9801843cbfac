"""Trials one after the other in this process: deterministic, debuggable, no Ray."""

from contextlib import closing

from orchestrator.backends.base import guarded
from orchestrator.search import Search
from orchestrator.trial.spec import TrialFunction


class InProcessBackend:
    """Asks, runs and tells in turn."""

    def run(self, search: Search, run_trial: TrialFunction) -> None:
        """Run every trial to its end or pause before the next is asked for."""
        while (spec := search.next_trial()) is not None:
            with closing(guarded(run_trial, spec)) as messages:
                for message in messages:
                    if search.receive(spec.trial_id, message):
                        break

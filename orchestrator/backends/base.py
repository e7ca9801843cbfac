"""The contract of a backend, and how a trial function is kept from taking it down."""

import traceback
from contextlib import closing
from typing import Protocol

from orchestrator.records import StoppedBy, TrialStatus
from orchestrator.search import Search
from orchestrator.trial.spec import Messages, TrialFunction, TrialSpec, finished


class Backend(Protocol):
    """Runs what a search proposes until it proposes nothing more."""

    def run(self, search: Search, run_trial: TrialFunction) -> None:
        """Run trials until ``search.is_over``; a trial that was paused comes again.

        Each attempt sends ``started`` first; every message goes to ``search.receive`` in order,
        and the attempt is ended as soon as that returns True. A trial that raises ends alone, as
        failed.
        """
        ...


def guarded(run_trial: TrialFunction, spec: TrialSpec) -> Messages:
    """Run a trial with its first message in front; an exception becomes its last message."""
    yield {"kind": "started"}
    try:
        with closing(run_trial(spec)) as messages:
            yield from messages
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
        yield finished(TrialStatus.FAILED, StoppedBy.ERROR, reason=reason)

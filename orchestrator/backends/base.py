"""The contract of a backend, and how a trial function is kept from taking it down."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Protocol

from orchestrator.records import FaultKind
from orchestrator.search import Search
from orchestrator.signals import stop_asked
from orchestrator.trial.fault import cause_of, describe_error, fault_of
from orchestrator.trial.spec import (
    Message,
    Messages,
    TrialFunction,
    TrialSpec,
    failed,
    started,
)


class Backend(Protocol):
    """Runs what a search proposes until it proposes nothing more."""

    def run(self, search: Search, run_trial: TrialFunction) -> None:
        """Run trials until ``search.is_over``; a trial that was paused comes again.

        Each attempt sends ``started`` first; every message goes to ``search.receive`` in order,
        and the attempt is ended as soon as that returns True. What else ends an attempt is told
        to ``search.lost`` with its class. A trial that is lost ends alone, or comes again.
        """
        ...


def guarded(run_trial: TrialFunction, spec: TrialSpec, first: Message | None = None) -> Messages:
    """Run a trial with a first message in front; an exception becomes its last message.

    Args:
        run_trial: of which an end without a last message is an error, too.
        spec: its order.
        first: says where it runs; by default in this process.
    """
    yield first or started(pid=os.getpid())
    try:
        with closing(run_trial(spec)) as messages:
            last = yield from _passed_on(messages)
    except Exception as error:
        yield failed(fault_of(error), reason=describe_error(error), cause=cause_of(error))
        return
    if last.get("kind") != "finished":
        yield failed(FaultKind.BAD_CODE, reason="it ended without a last message", cause="silent")


def answered(messages: Messages, must_leave: Callable[[], bool]) -> Iterator[Message]:
    """Pull all messages; answer each sign of life by whether the trial must leave its place."""
    try:
        message = next(messages)
        while True:
            yield message
            message = messages.send(message["kind"] == "alive" and must_leave())
    except StopIteration:
        return


def receive(search: Search, trial: str, message: Message) -> bool:
    """Hand a message to the search; let the trial leave, its state saved, if the sweep stops.

    Returns:
        Whether the attempt must end.
    """
    if not stop_asked() or message["kind"] not in ("saved", "evaluated"):
        return search.receive(trial, message)
    if message["kind"] == "evaluated":
        search.receive(trial, message)
    search.left(trial)
    return True


def _passed_on(messages: Messages) -> Generator[Message, bool | None, Message]:
    """Pass on messages, and the answers to them; return the last one."""
    last: Message = {}
    answer = None
    try:
        while True:
            last = messages.send(answer)
            answer = yield last
    except StopIteration:
        return last

"""A trial that shows signs of life until it must leave, and ends in its second attempt."""

import os
import signal
import time
from pathlib import Path

import ray

from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.silent import SilentListener
from orchestrator.trial.spec import Activity, Messages, TrialSpec, alive, saved
from tests.orchestrator.backends.scripted_trials import mark
from tests.orchestrator.scripted import completed_message, evaluation_message

SAVED_NIMG = 500


def leaves_once(spec: TrialSpec) -> Messages:
    """Train for half a minute at most unless asked to leave; end at once in the second attempt."""
    yield evaluation_message(spec.trial_id, 0, 9.0)
    if mark(spec, "entered") == 1:
        for _ in range(600):
            time.sleep(0.05)
            if (yield alive(Activity.TRAINING)):
                yield saved(SAVED_NIMG)
        raise TimeoutError("nobody asked it to leave")
    yield evaluation_message(spec.trial_id, 1, 8.0)
    yield completed_message()


def waits_for_nodes(spec: TrialSpec) -> Messages:
    """Wait, half a minute at most, until trials have begun on as many nodes as a file says."""
    folder = Path(spec.run_folder)
    node = ray.get_runtime_context().get_node_id()
    (folder / f"{node}.node").touch()
    for step in range(120):
        if len(list(folder.glob("*.node"))) >= int((folder / "wanted").read_text()):
            break
        time.sleep(0.25)
        yield evaluation_message(spec.trial_id, step, 9.0)
    yield completed_message()


class Signals(SilentListener):
    """Sends this process a signal, once, when the first evaluation is told."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number
        self._is_sent = False

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Wait for the evaluation."""
        if event["event"] == "evaluated" and not self._is_sent:
            self._is_sent = True
            os.kill(os.getpid(), self._number)

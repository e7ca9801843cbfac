"""Trials that follow a script instead of training; they leave marks in the run folder."""

import os
import signal
from math import nan
from pathlib import Path

from orchestrator.records import Action, StoppedBy, TrialStatus
from orchestrator.trial.spec import Messages, TrialSpec, finished
from tests.orchestrator.scripted import completed_message, evaluation_message

NUM_EVALUATIONS = 3


def mark(spec: TrialSpec, what: str) -> int:
    """Add a line to the marks of this kind and trial; return how many there are now."""
    path = marks_of(Path(spec.run_folder), spec.trial_id, what)
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("x\n")
    return num_marks(Path(spec.run_folder), spec.trial_id, what)


def num_marks(run_folder: Path, trial_id: str, what: str) -> int:
    """Count the marks of a kind."""
    path = marks_of(run_folder, trial_id, what)
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def marks_of(run_folder: Path, trial_id: str, what: str) -> Path:
    """Return where a trial leaves its marks."""
    return run_folder / "marks" / f"{trial_id}.{what}"


def completes(spec: TrialSpec) -> Messages:
    """Send three evaluations that improve, and end."""
    mark(spec, "entered")
    for step in range(NUM_EVALUATIONS):
        yield evaluation_message(spec.trial_id, step, 9.0 - step)
    yield completed_message()


def ranked(spec: TrialSpec) -> Messages:
    """Send three evaluations, the worse the later the trial was proposed, and end."""
    for step in range(NUM_EVALUATIONS):
        yield evaluation_message(spec.trial_id, step, 9.0 + 9.0 * spec.index - step)
    yield completed_message()


def hopeless(spec: TrialSpec) -> Messages:
    """Send three evaluations without a finite FID, and end; say whose weights it took over."""
    for exploit in spec.exploits:
        mark(spec, f"has {exploit.donor}")
    for step in range(NUM_EVALUATIONS):
        yield evaluation_message(spec.trial_id, step, nan)
    yield completed_message()


def goes_on(spec: TrialSpec) -> Messages:
    """Send evaluations until nobody pulls; say that it was told to leave."""
    try:
        for step in range(10_000):
            yield evaluation_message(spec.trial_id, step, 9.0)
    finally:
        mark(spec, "left")


def two_fail(spec: TrialSpec) -> Messages:
    """Raise in the first trial, measure NaN in the second, complete the others."""
    yield evaluation_message(spec.trial_id, 0, 9.0)
    if spec.index == 0:
        raise ValueError("no such optimiser")
    if spec.index == 1:
        yield evaluation_message(spec.trial_id, 1, nan, action=Action.STOP_REJECT, finite=False)
        yield finished(TrialStatus.STOPPED, StoppedBy.VERDICT, reason="not finite", verdict="dead")
    else:
        yield completed_message()


def two_are_killed(spec: TrialSpec) -> Messages:
    """Lose the worker of the first trial once and that of the second always."""
    is_first_attempt = mark(spec, "entered") == 1
    for step in range(NUM_EVALUATIONS):
        if spec.index == 0 and step == 2 and is_first_attempt:
            os.kill(os.getpid(), signal.SIGKILL)
        if spec.index == 1 and step == 1:
            os._exit(1)
        yield evaluation_message(spec.trial_id, step, 9.0 - step)
    yield completed_message()

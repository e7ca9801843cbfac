"""Trials that follow a script instead of training; they leave marks in the run folder."""

import errno
import os
import signal
import time
from math import nan
from pathlib import Path

from orchestrator.records import Action, StoppedBy, TrialStatus
from orchestrator.trial.spec import Activity, Messages, TrialSpec, alive, finished
from tests.orchestrator.scripted import completed_message, evaluation_message

NUM_EVALUATIONS = 3
CHUNK_BYTES, MOST_CHUNKS = 100_000_000, 40
NONSENSE = (nan, None, "9.0", [9.0], 1e300, 10**400, True)


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
    """Send three evaluations that do not count, and end; say whose weights it took over."""
    for exploit in spec.exploits:
        mark(spec, f"has {exploit.donor}")
    for step in range(NUM_EVALUATIONS):
        yield evaluation_message(spec.trial_id, step, 900.0, finite=False)
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


def one_sends_nonsense(spec: TrialSpec) -> Messages:
    """Send some nonsense as an FID or a whole message, another one in each trial but the last."""
    message = evaluation_message(spec.trial_id, 0, 9.0)
    mark(spec, "entered")
    if spec.index < len(NONSENSE):
        row = message["evaluation"] | {"fid": NONSENSE[spec.index]}
        yield message | {"evaluation": row}
    elif spec.index == len(NONSENSE):
        yield {"kind": "applause"}
    yield message
    yield completed_message()


def runs_out_of_memory_once(spec: TrialSpec) -> Messages:
    """Run out of host memory once in the first trial, and always in the second."""
    is_first_attempt = mark(spec, "entered") == 1
    yield evaluation_message(spec.trial_id, 0, 9.0)
    if spec.index == 1 or (spec.index == 0 and is_first_attempt):
        raise MemoryError
    yield completed_message()


def does_not_fit_a_share(spec: TrialSpec) -> Messages:
    """Fit no share of a GPU in the first trial, and no GPU at all in the second."""
    mark(spec, "entered")
    yield evaluation_message(spec.trial_id, 0, 9.0)
    if spec.index == 1 or (spec.index == 0 and not spec.placement.needs_whole_gpu):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
    yield completed_message()


def finds_the_disk_full(spec: TrialSpec) -> Messages:
    """Find the disk full in the second trial, as long as there is no mark that it was freed."""
    mark(spec, "entered")
    yield evaluation_message(spec.trial_id, 0, 9.0)
    if spec.index == 1 and not num_marks(Path(spec.run_folder), "disk", "freed"):
        raise OSError(errno.ENOSPC, "No space left on device")
    yield completed_message()


def fail_alike(spec: TrialSpec) -> Messages:
    """Measure once, then find the same mistake in every trial."""
    yield evaluation_message(spec.trial_id, 0, 9.0)
    raise TypeError(f"d_lr = {spec.params['d_lr']}: must be a tensor")


def one_is_frozen(spec: TrialSpec) -> Messages:
    """Stop the process of the first trial, once."""
    is_first_attempt = mark(spec, "entered") == 1
    for step in range(NUM_EVALUATIONS):
        if spec.index == 0 and step == 2 and is_first_attempt:
            mark_pid(spec)
            os.kill(os.getpid(), signal.SIGSTOP)
        yield evaluation_message(spec.trial_id, step, 9.0 - step)
    yield completed_message()


def one_hangs_evaluating(spec: TrialSpec) -> Messages:
    """Sleep in each evaluation of the first trial."""
    mark(spec, "entered")
    yield evaluation_message(spec.trial_id, 0, 9.0)
    yield alive(Activity.EVALUATING)
    while spec.index == 0:
        time.sleep(0.1)
    yield completed_message()


def mark_pid(spec: TrialSpec) -> None:
    """Leave the id of this process."""
    marks_of(Path(spec.run_folder), spec.trial_id, "pid").write_text(str(os.getpid()))


def one_is_greedy(spec: TrialSpec) -> Messages:
    """Take ever more memory in the first attempt at the first trial."""
    is_greedy = mark(spec, "entered") == 1 and spec.index == 0
    taken: list[bytearray] = []
    for step in range(NUM_EVALUATIONS):
        yield evaluation_message(spec.trial_id, step, 9.0 - step)
        while is_greedy and len(taken) < MOST_CHUNKS:
            taken.append(bytearray(os.urandom(1) * CHUNK_BYTES))
            time.sleep(0.02)
    yield completed_message()

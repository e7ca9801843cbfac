"""A trial that takes its time instead of training, and goes on from its checkpoint as trials do."""

import json
import os
import time
from math import log10
from pathlib import Path
from typing import NamedTuple

from gan_models.files import write_text
from orchestrator.paths import RunPaths
from orchestrator.records import (
    Action,
    Evaluation,
    StoppedBy,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.trial.fence import Fence
from orchestrator.trial.spec import Messages, TrialSpec, evaluated, finished


class Step(NamedTuple):
    """One step that a process has executed, whether or not it was heard of."""

    trial: str
    step: int
    pid: int
    time_s: float


def paced_trial(spec: TrialSpec) -> Messages:
    """Take a step, checkpoint and report, until the budget is used; each as long as the pace."""
    paths = RunPaths(Path(spec.run_folder)).trial(spec.trial_id)
    folder, fence = paths.folder, Fence(paths, spec.attempt)
    checkpoint, pace_s = folder / "step.json", float(_pace_file(spec).read_text())
    num_done = json.loads(checkpoint.read_text()) if checkpoint.exists() else 0
    for step in range(spec.budget_nimg // spec.every_nimg + 1):
        if step >= num_done:
            time.sleep(pace_s)
            fence.check()
            _note(folder, Step(spec.trial_id, step, os.getpid(), time.time()))
            write_text(checkpoint, json.dumps(step + 1))
        verdict = Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason="as scripted")
        yield evaluated(_row(spec, step), verdict)
    yield finished(TrialStatus.COMPLETED, StoppedBy.BUDGET, reason="budget used")


def set_pace(run_folder: Path, pace_s: float) -> None:
    """Say how long the trials of a run folder take for a step."""
    write_text(run_folder / "pace_s.txt", str(pace_s))


def executed_steps(run_folder: Path) -> list[Step]:
    """Return every step that any process has executed so far; a torn last line is left out."""
    files = sorted(RunPaths(run_folder).trials.glob("*/executed.jsonl"))
    lines = [line for file in files for line in file.read_text().split("\n")[:-1]]
    return [Step(*json.loads(line)) for line in lines]


def _pace_file(spec: TrialSpec) -> Path:
    return Path(spec.run_folder) / "pace_s.txt"


def _note(folder: Path, step: Step) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "executed.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(step) + "\n")


def _row(spec: TrialSpec, step: int) -> Evaluation:
    off = abs(log10(spec.params["d_lr"]) + 3.0)
    fid = 5.0 + 50.0 * off + 20.0 / (step + 1)
    return Evaluation(run=spec.trial_id, step=step, nimg=step * spec.every_nimg, fid=fid)

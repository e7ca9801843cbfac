"""`kill -9` of the driver at any moment, then a resume: nothing is lost or done twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config.load import load_config
from orchestrator.journal import Event, read_journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import TIMING_COLUMNS, TrialStatus
from orchestrator.run_folder import open_history
from orchestrator.sweep import Place, resume_sweep, run_sweep
from orchestrator.tables import read_evaluations, read_trials

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

SPEC = """
name: killed
data: {name: ring8}
space: ring8
fixed: {width: 16, depth: 1, batch_size: 32}
search: {sampler: tpe, trials: 4}
budget: {kimg_per_trial: 6}
evaluation: {every_kimg: 0.5, samples: 64}
scheduler: {kind: asha, grace_kimg: 1.5, reduction: 2}
selection: {finalists: 2, seeds: 8, diversity: {coverage: 0}}
resources: {concurrent: 2}
"""
RUN = """
import sys
from pathlib import Path
from orchestrator.config.load import load_config
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.sweep import Place, run_sweep

place = Place(RunPaths(Path(sys.argv[2])))
run_sweep(load_config(sys.argv[1], sys.argv[3:]), place, SilentListener())
"""
RESUME = """
import sys
from pathlib import Path
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.sweep import Place, resume_sweep

resume_sweep(Place(RunPaths(Path(sys.argv[1]))), SilentListener())
"""
DEADLINE_S = 120

Moment = Callable[[list[Event]], bool]


def num(events: list[Event], name: str) -> int:
    return sum(event["event"] == name for event in events)


def first_evaluated(events: list[Event]) -> bool:
    return num(events, "evaluated") >= 1


def second_trial_in_the_middle(events: list[Event]) -> bool:
    has_left_its_slot = num(events, "finished") + num(events, "paused") >= 1
    return has_left_its_slot and events[-1]["event"] == "evaluated"


def finals(events: list[Event]) -> bool:
    return num(events, "finished") == 4


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spec") / "spec.yaml"
    path.write_text(SPEC)
    return path


@pytest.fixture(scope="module")
def undisturbed(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    paths = RunPaths(tmp_path_factory.mktemp("undisturbed") / "run")
    run_sweep(load_config(spec, ["backend=in-process"]), Place(paths), SilentListener())
    return paths


@pytest.mark.parametrize("moment", [first_evaluated, second_trial_in_the_middle, finals])
def test_a_killed_sweep_resumes_to_the_result_of_an_undisturbed_one(
    spec: Path, undisturbed: RunPaths, tmp_path: Path, moment: Moment
) -> None:
    paths = RunPaths(tmp_path / "run")
    before = kill_at(moment, paths, spec, "backend=in-process")
    resume_sweep(Place(paths), SilentListener())
    assert_carried_on(before, paths)
    assert trials_in(paths) == trials_in(undisturbed)
    assert rows_in(paths) == rows_in(undisturbed)
    assert metrics_in(paths) == metrics_in(undisturbed)


@pytest.mark.ray
def test_a_sweep_on_ray_resumes_when_its_workers_are_gone(spec: Path, tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    before = kill_at(second_trial_in_the_middle, paths, spec, "backend=ray")
    with driver(RESUME, paths.root) as process:
        assert process.wait(timeout=DEADLINE_S) == 0
    assert_carried_on(before, paths)
    assert metrics_in(paths)["certificate"]["n_real"] == 3333


@pytest.mark.parametrize(
    ("number", "backend"),
    [
        (signal.SIGTERM, "in-process"),
        pytest.param(signal.SIGUSR1, "ray", marks=pytest.mark.ray),
        pytest.param(signal.SIGTERM, "ray", marks=pytest.mark.ray),
    ],
)
def test_a_signal_stops_a_sweep_in_order_and_the_last_line_says_how_it_goes_on(
    spec: Path, tmp_path: Path, number: signal.Signals, backend: str
) -> None:
    paths = RunPaths(tmp_path / "run")
    command = [sys.executable, "-m", "orchestrator", "run", str(spec), "--out", str(paths.root)]
    command += ["--quiet", "--set", f"backend={backend}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + DEADLINE_S
            while not first_evaluated(read_journal(paths.journal)):
                assert process.poll() is None, "the sweep ended before the moment came"
                assert time.monotonic() < deadline
                time.sleep(0.005)
            workers = [
                pid for pid in descendants(process.pid) if name_of(pid).startswith("ray::Im")
            ]
            process.send_signal(number)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    last = told.splitlines()[-1]
    assert last == f"ganorch: interrupted by {number.name}; `ganorch resume {paths.root}` goes on"
    assert process.returncode == 143
    assert not any(map(is_alive, workers))
    assert not any(record.status is TrialStatus.FAILED for record in open_history(paths).records)
    assert len(read_trials(paths.trials_table)) == len(open_history(paths).records)


def kill_at(moment: Moment, paths: RunPaths, spec: Path, backend: str) -> list[Event]:
    """Kill the driver at a moment of its journal; return the events that it left."""
    with driver(RUN, spec, paths.root, backend) as process:
        deadline = time.monotonic() + DEADLINE_S
        while not moment(read_journal(paths.journal)):
            assert process.poll() is None, "the sweep ended before the moment came"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        children = {pid: name_of(pid) for pid in descendants(process.pid)}
        process.kill()
        assert process.wait() == -signal.SIGKILL
    workers = [pid for pid, name in children.items() if name.startswith("ray::Implicit")]
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline, f"trials that nobody hears still run: {workers}"
        time.sleep(0.05)
    for pid in filter(is_alive, children):  # Ray's agents would take another minute
        os.kill(pid, signal.SIGKILL)
    assert not (paths.best / "metrics.json").exists()
    return read_journal(paths.journal)


@contextmanager
def driver(code: str, *arguments: Path | str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a driver in a process of its own; it does not outlive the test."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and those started by them."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def assert_carried_on(before: list[Event], paths: RunPaths) -> None:
    """Check the promises of a resume, whichever backend carried it out."""
    events = read_journal(paths.journal)
    assert events[: len(before)] == before
    records = open_history(paths).records
    assert len(records) == 4
    assert all(record.status.is_finished for record in records)
    assert not any(record.status is TrialStatus.FAILED for record in records)
    after = events[len(before) :]
    finished_before = {event["trial_id"] for event in before if event["event"] == "finished"}
    assert not [each for each in after if each.get("trial_id") in finished_before]
    told = [
        (event["trial_id"], event["evaluation"]["step"])
        for event in events
        if event["event"] == "evaluated"
    ]
    assert len(told) == len(set(told))
    for record in records:
        steps = [step for name, step in told if name == record.trial_id]
        assert steps == sorted(steps)
        assert steps[0] == 0
    assert num(events, "finished") == 4
    assert num(events, "selected") == 1


def trials_in(paths: RunPaths) -> list[dict[str, Any]]:
    varying = (*TIMING_COLUMNS, "num_attempts")
    rows = read_trials(paths.trials_table)
    return [{k: v for k, v in row.items() if k not in varying} for row in rows]


def rows_in(paths: RunPaths) -> list[dict[str, Any]]:
    rows = [row.to_mapping() for row in read_evaluations(paths.evaluations_table)]
    return [{k: v for k, v in row.items() if k not in TIMING_COLUMNS} for row in rows]


def metrics_in(paths: RunPaths) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((paths.best / "metrics.json").read_text())
    return metrics

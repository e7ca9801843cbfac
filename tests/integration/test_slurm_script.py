"""The rendered batch script, carried out: only Slurm's own commands are stood in for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import yaml

from orchestrator.paths import RunPaths
from orchestrator.run_folder import change_limits
from tests.orchestrator.cli.conftest import TINY, write_points

JOB = 4_000_000 + os.getpid()  # the ports and folders of the script follow from it
STAND_INS = {
    # each task here instead of on its node; a signal goes on to them, as Slurm's own does
    "srun": """
tasks=1 pids=()
while [[ ${1-} == --* ]]; do
    case $1 in --ntasks=*) tasks=${1#*=} ;; esac
    shift
done
trap 'kill -TERM "${pids[@]}" 2>/dev/null' TERM
for ((i = 0; i < tasks; i++)); do "$@" & pids+=($!); done
wait "${pids[@]}" || wait "${pids[@]}"
""",
    "scontrol": """
case "$1" in
show) printf 'node%d\\n' $(seq "$SLURM_JOB_NUM_NODES") ;;
requeue) echo "$2" >>"$REQUEUED" ;;
esac
""",
    "getent": "echo '127.0.0.2 STREAM node1'",
}
pytestmark = [pytest.mark.cluster, pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture
def job(tmp_path: Path) -> list[str]:
    """The command of a job with more trials than it has time for, on a head and one node."""
    write_points(tmp_path / "points.npz")
    spec = TINY | {"backend": "ray", "search": {"sampler": "random", "trials": 200}}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    description = {
        "name": "tiny",
        "spec": str(tmp_path / "spec.yaml"),
        "run_folder": str(tmp_path / "run"),
        "storage": {"path": str(tmp_path)},
        "python": sys.executable,
        "nodes": {"cpus": 2, "memory_gib": 2, "grace_s": 60},
        "slurm": {"start_timeout_s": 60},
    }
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump(description), encoding="utf-8")
    render = [sys.executable, "-m", "orchestrator", "cluster", "render", "slurm"]
    subprocess.run([*render, tmp_path / "cluster.yaml", "--out", tmp_path], check=True)
    for name, body in STAND_INS.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/usr/bin/env bash\n{body}", encoding="utf-8")
        program.chmod(0o755)
    return ["bash", str(tmp_path / "tiny.sbatch")]


def start(job: list[str], folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "SLURM_JOB_ID": str(JOB),
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_JOB_NODELIST": "node[1-2]",
        "REQUEUED": str(folder / "requeued"),
    }
    with (folder / "log").open("ab") as log:  # as --open-mode=append
        return subprocess.Popen(
            job, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def events(folder: Path, kind: str) -> list[str]:
    """Return the trials of which the journal says something, in its order."""
    journal = folder / "run" / "journal.jsonl"
    if not journal.is_file():
        return []
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    found = [json.loads(line) for line in lines if line.endswith("\n")]
    return [str(each["trial_id"]) for each in found if each["event"] == kind]


def wait_until_a_trial_has_finished(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while not events(folder, "finished"):
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.1)


def processes_of_the_job() -> list[str]:
    return [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline"])
        if any(f"ray-{JOB}" in word for word in process.info["cmdline"] or [])
    ]


def test_a_job_whose_time_is_over_is_queued_again_and_goes_on(
    job: list[str], tmp_path: Path
) -> None:
    first = start(job, tmp_path)
    wait_until_a_trial_has_finished(tmp_path, first)
    os.kill(first.pid, signal.SIGUSR1)  # as --signal=B:USR1 sends it, to the script alone
    assert first.wait(60) == 0, (tmp_path / "log").read_text()
    log = (tmp_path / "log").read_text()
    assert "ganorch: interrupted by SIGTERM; `ganorch resume" in log
    assert (tmp_path / "requeued").read_text() == f"{JOB}\n"
    assert not (tmp_path / "run" / "best").exists(), "it was not over"
    assert not processes_of_the_job()

    (token,) = tmp_path.glob(".ganorch-jobs-*/*/token")
    assert token.stat().st_mode & 0o777 == 0o600
    secret = token.read_text()
    num_trials = len(events(tmp_path, "proposed")) + 1
    change_limits(RunPaths(tmp_path / "run"), [f"search.trials={num_trials}"])
    assert start(job, tmp_path).wait(90) == 0, (tmp_path / "log").read_text()
    assert (tmp_path / "run" / "best" / "metrics.json").is_file()
    assert not processes_of_the_job()
    assert not Path(f"/tmp/ray-{JOB}").exists()
    assert not token.exists()
    assert secret not in (tmp_path / "log").read_text()
    finished = Counter(events(tmp_path, "finished"))
    assert len(finished) == num_trials
    assert set(finished.values()) == {1}, "none was run again"

"""Jobs on a real head with its dashboard, and a node: submitted, cancelled, gone on with."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import yaml

from cluster.settings import head_environment, node_environment
from orchestrator.paths import RunPaths
from orchestrator.run_folder import change_limits
from tests.orchestrator.cli.conftest import TINY, write_points

ROOT = Path(__file__).parents[2]
START = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block"]
OWN_PORTS = ["--dashboard-agent-listen-port=0", "--object-store-memory=100000000"]
Ganorch = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = [pytest.mark.cluster, pytest.mark.integration, pytest.mark.timeout(180)]


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def running(options: list[str], settings: dict[str, str], port: int) -> Iterator[None]:
    """Start Ray's processes of one node, wait until a port of the head is open, end them."""
    environment = os.environ | settings | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    environment["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"] = "0"
    with subprocess.Popen(
        [*START, *options, *OWN_PORTS],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            wait_for_port(port)
            yield
        finally:
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            for child in psutil.wait_procs(children, timeout=10)[1]:
                child.kill()


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"nothing listens on port {port}")


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a token."""
    path = tmp_path_factory.mktemp("token") / "token"
    path.touch(mode=0o600)
    path.write_text("5ec4e7" * 10)
    return path


@pytest.fixture(scope="module")
def dashboard(token: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A head without CPUs and a node with two; gives the dashboard's address."""
    gcs, client, web = free_ports(3)
    temp_dir = Path(f"/tmp/gj{os.getpid()}")  # short: Ray's sockets lie in it
    head = ["--head", f"--port={gcs}", "--node-ip-address=127.0.0.2", "--num-cpus=0"]
    head += [f"--ray-client-server-port={client}", "--dashboard-host=127.0.0.1"]
    head += [f"--dashboard-port={web}", f"--temp-dir={temp_dir}"]
    node = [f"--address=127.0.0.2:{gcs}", "--node-ip-address=127.0.0.3", "--num-cpus=2"]
    with (
        running(head, head_environment(token_file=token), web),
        running(node, node_environment(token_file=token), web),
    ):
        yield f"http://127.0.0.1:{web}"
    shutil.rmtree(temp_dir)


@pytest.fixture
def ganorch(token: Path, dashboard: str) -> Ganorch:
    """Return what runs a command line in a process of its own, with the token."""

    def run(
        *words: object, token_file: Path = token, timeout_s: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "RAY_AUTH_TOKEN_PATH": str(token_file),
        }
        environment.pop("RAY_AUTH_MODE", None)
        return subprocess.run(
            [sys.executable, "-m", "orchestrator", *map(str, words), "--address", dashboard],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run


def test_a_cancelled_job_is_gone_on_with(ganorch: Ganorch, tmp_path: Path) -> None:
    write_points(tmp_path / "points.npz")
    spec = tmp_path / "spec.yaml"
    many = {"sampler": "random", "trials": 200}
    spec.write_text(yaml.safe_dump(TINY | {"backend": "ray", "search": many}))
    run = tmp_path / "run"
    submit = ("submit", spec, "--out", run, "--python", sys.executable)
    first = ganorch(*submit)
    assert first.returncode == 0, first.stderr
    job = first.stdout.strip()
    assert re.fullmatch("tiny-[0-9a-f]{8}", job)
    wait_until_finished(run / "journal.jsonl")

    cancelled = ganorch("cancel", job)
    assert cancelled.stdout.startswith(f"job '{job}' is stopped; submitted again with --out {run}")
    last = f"ganorch: interrupted by SIGTERM; `ganorch resume {run}` goes on"
    assert last in ganorch("logs", job).stdout
    assert not (run / "best").exists(), "it was not over"

    num_trials = len(re.findall('"event":"proposed"', journal(run))) + 1
    change_limits(RunPaths(run), [f"search.trials={num_trials}"])
    second = ganorch(*submit).stdout.strip()
    listed = [line.split() for line in ganorch("jobs").stdout.splitlines()[1:]]
    assert listed[1] == [job, "stopped", str(run)]
    assert listed[0][0] == second
    followed = ganorch("logs", second, "--follow")
    assert followed.returncode == 0, followed.stdout + followed.stderr
    assert (run / "best" / "metrics.json").is_file()
    finished = re.findall('"event":"finished".*?"trial_id":"([^"]*)"', journal(run))
    assert len(finished) == len({*finished}) == num_trials, "none was run again"


def wait_until_finished(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.is_file() or '"event":"finished"' not in path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def journal(run: Path) -> str:
    return (run / "journal.jsonl").read_text(encoding="utf-8")


def test_a_job_that_cannot_run_says_why_and_fails(ganorch: Ganorch, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(yaml.safe_dump(TINY | {"backend": "ray"}))  # whose data are nowhere
    job = ganorch("submit", spec, "--out", tmp_path / "run", "--python", sys.executable)
    followed = ganorch("logs", job.stdout.strip(), "--follow")
    assert followed.returncode == 1
    assert "points.npz" in followed.stdout
    assert "has failed" in followed.stderr


def test_a_wrong_token_and_an_unknown_job_are_named_within_seconds(
    ganorch: Ganorch, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("0" * 64)
    for words in (("jobs",), ("logs", "a"), ("cancel", "a")):
        refused = ganorch(*words, token_file=wrong, timeout_s=5)
        assert refused.returncode == 2
        assert "does not accept this token" in refused.stderr
        assert wrong.read_text() not in refused.stderr
    unknown = ganorch("logs", "nowhere", timeout_s=15)
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("ganorch: job 'nowhere': there is none on http://127.0.0.1:")

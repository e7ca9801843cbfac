import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ClusterError
from cluster.local import local_capacity, local_ray
from cluster.resources import Capacity

LEAVE_BY_AN_ERROR = """
import os, ray
from cluster.local import local_ray
from cluster.resources import Capacity

before = dict(os.environ)
try:
    with local_ray(Capacity(1)):
        print(ray.get_runtime_context().get_session_name())
        raise KeyError("as a sweep that fails")
except KeyError:
    pass
assert not ray.is_initialized()
assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())
"""


def test_the_capacity_of_this_machine_is_at_least_one_cpu() -> None:
    assert local_capacity().cpus >= 1
    assert local_capacity().nodes == ()


def test_a_second_ray_in_one_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: True)
    with pytest.raises(ClusterError, match="already uses a Ray"), local_ray(Capacity(1)):
        pass


def test_a_start_that_fails_is_one_clear_error(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: Any) -> None:
        raise RuntimeError("Failed to start GCS.\nLast 0 lines of error files:")

    monkeypatch.setattr("ray.init", fail)
    with (
        pytest.raises(ClusterError, match="started on this machine: Failed to start GCS.$"),
        local_ray(Capacity(1)),
    ):
        pass


@pytest.mark.ray
def test_it_offers_what_was_asked_for(running_ray: Any) -> None:
    assert running_ray.report["yielded"] == [2, 1]
    has = running_ray.report["resources"]
    assert (has["CPU"], has["GPU"]) == (2, 1)


@pytest.mark.ray
def test_workers_get_their_environment_and_the_token_by_file(running_ray: Any) -> None:
    seen = running_ray.report["worker_environment"]
    assert seen["TUNE_FUNCTION_THREAD_TIMEOUT_S"] == "120"
    assert seen["OMP_NUM_THREADS"] == "1"
    assert seen["RAY_AUTH_MODE"] == "token"
    assert seen["RAY_AUTH_TOKEN_PATH"] == str(running_ray.token_file)
    assert running_ray.token_file.read_text() not in seen.values()


@pytest.mark.ray
def test_its_token_is_its_owners_alone_and_on_no_command_line(running_ray: Any) -> None:
    assert stat.S_IMODE(running_ray.token_file.stat().st_mode) == 0o600
    token = running_ray.token_file.read_text()
    assert not [line for line in command_lines() if token in line]


@pytest.mark.ray
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_nothing_is_left_after_an_error(token_file: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", LEAVE_BY_AN_ERROR]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    session = result.stdout.strip()
    deadline = time.monotonic() + 10
    while (left := [line for line in command_lines() if session in line]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.1)
    assert session.startswith("session_")
    assert not left


def command_lines() -> list[str]:
    """Return the command line of every process that can be read."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has just ended
    return lines

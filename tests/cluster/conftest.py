"""One real Ray, in a process of its own, for all tests that need one: starting it takes seconds."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster.multinode import LocalCluster, local_cluster

HOST = """
import json, os, sys
import ray  # before cluster: Ray reads its environment when it is first imported
from cluster.local import local_ray
from cluster.resources import Capacity

worker_env = {"TUNE_FUNCTION_THREAD_TIMEOUT_S": "120", "OMP_NUM_THREADS": "1"}
with local_ray(Capacity(2, 1), worker_env=worker_env) as capacity:
    in_worker = ray.remote(num_cpus=1)(lambda: dict(os.environ))
    report = {
        "address": ray.get_runtime_context().gcs_address,
        "yielded": [capacity.cpus, capacity.gpus],
        "resources": ray.cluster_resources(),
        "worker_environment": ray.get(in_worker.remote()),
    }
    print(json.dumps(report), flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class RunningRay:
    """A private Ray with two CPUs and one pretended GPU."""

    address: str
    token_file: Path
    report: dict[str, Any]


@pytest.fixture
def token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point Ray to a token file that does not exist yet."""
    path = tmp_path / "new" / "token"
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(path))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    return path


@pytest.fixture(scope="session")
def running_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRay]:
    """Start Ray as a careless shell would: authentication switched off in the environment."""
    path = tmp_path_factory.mktemp("ray") / "token"
    environment = {**os.environ, "RAY_AUTH_TOKEN_PATH": str(path), "RAY_AUTH_MODE": "disabled"}
    environment.pop("RAY_AUTH_TOKEN", None)
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", HOST],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stdout is not None
        line = host.stdout.readline()
        assert line, "the host of the test's Ray has ended: see its standard error"
        report = json.loads(line)
        yield RunningRay(report["address"], path, report)
        host.communicate(timeout=30)  # closes its standard input, upon which it ends


@pytest.fixture(scope="session")
def three_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Start a head and three nodes of one CPU each; a test that loses one adds another."""
    folder = tmp_path_factory.mktemp("three-nodes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANORCH_HOME", str(folder / "home"))
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(folder / "token"))
        patch.delenv("RAY_AUTH_TOKEN", raising=False)
        patch.setenv("RAY_AUTH_MODE", "disabled")  # as a careless shell would have it
        with local_cluster(nodes=3, cpus_per_node=1, name="three") as cluster:
            patch.undo()
            yield cluster


@pytest.fixture
def joinable(three_nodes: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> LocalCluster:
    """Give the cluster with its token at hand, as a user has it."""
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(three_nodes.token_file))
    monkeypatch.setenv("GANORCH_HOME", str(three_nodes.state.folder.parents[1]))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    return three_nodes

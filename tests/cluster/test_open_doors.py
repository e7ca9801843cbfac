"""Every socket that a started cluster listens on, tried by somebody without a token."""

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest

from cluster.attached import attached_ray
from cluster.multinode import LocalCluster
from cluster.multinode.processes import marked_processes

pytestmark = pytest.mark.cluster
HEALTH = "/grpc.health.v1.Health/Check"  # says only that it is alive; refused nowhere
METHODS = (
    "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo",
    "/ray.rpc.NodeManagerService/GetSystemConfig",
    "/ray.rpc.ObjectManagerService/Pull",
    "/ray.rpc.CoreWorkerService/NumPendingTasks",
    "/ray.rpc.ReporterService/GetTraceback",
    "/ray.rpc.RayletDriver/ClusterInfo",
)
PATHS = ("/api/jobs/", "/api/version", "/nodes", "/logs", "/metrics", "/get_or_create_runtime_env")
SILENT = "silent"  # neither HTTP nor gRPC
ON_LOOPBACK_ONLY = {"dashboard.py"}


def test_every_door_refuses_a_stranger(joinable: LocalCluster) -> None:
    import ray

    with attached_ray(joinable.address):
        task: Any = ray.remote(num_cpus=1)(lambda: None)
        ray.get([task.remote() for _ in range(3)])
        doors = list(listening(joinable))
        answers = {door: what_a_stranger_gets(*door[1:]) for door in doors}
    assert len(doors) > 12
    unexpected = {door: found for door, found in answers.items() if found != {"refused"}}
    assert not unexpected, unexpected


def test_the_dashboard_listens_on_loopback(joinable: LocalCluster) -> None:
    host, port = joinable.dashboard.rsplit(":", 1)
    assert ip_address(host).is_loopback
    found = [address for _, address, number in listening(joinable) if number == int(port)]
    assert found == ["127.0.0.1"]


def test_the_token_is_on_no_command_line_and_in_no_file(joinable: LocalCluster) -> None:
    token = joinable.token_file.read_text()
    commands = [" ".join(command_line(process)) for process in psutil.process_iter()]
    assert not [command for command in commands if token in command]
    kept = (joinable.state.folder, Path(joinable.state.temp_dir))
    search = ["grep", "-rlF", "--devices=skip", token, *map(str, kept)]
    assert subprocess.run(search, capture_output=True, check=False, timeout=60).stdout == b""


def listening(cluster: LocalCluster) -> Iterator[tuple[str, str, int]]:
    """Yield program, address and port."""
    for process in marked_processes(cluster.state.mark):
        try:
            sockets = process.net_connections("tcp")
            program = process.name()
        except psutil.Error:
            continue
        for each in sockets:
            if each.status == psutil.CONN_LISTEN:
                address = each.laddr.ip.removeprefix("::ffff:")
                yield (
                    program,
                    "127.0.0.1" if address in ("::", "0.0.0.0") else address,
                    each.laddr.port,
                )


def what_a_stranger_gets(host: str, port: int) -> set[str]:
    """Return ``refused``, and whatever else a door answers; the health check is not asked."""
    found = {http_answer(f"http://{host}:{port}{path}") for path in PATHS}
    if found == {SILENT}:
        with grpc.insecure_channel(f"{host}:{port}") as channel:
            found = {grpc_answer(channel, method) for method in METHODS}
    return found - {SILENT}


def http_answer(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return f"{answer.status} {url}"
    except urllib.error.HTTPError as error:
        with error:
            return "refused" if error.code in (401, 403) else f"{error.code} {url}"
    except Exception:  # what is no HTTP breaks in many ways
        return SILENT


def grpc_answer(channel: grpc.Channel, method: str) -> str:
    try:
        channel.unary_unary(method)(b"", timeout=5)
    except grpc.RpcError as error:
        code = error.code()
        if code == grpc.StatusCode.UNAUTHENTICATED:
            return "refused"
        return SILENT if code == grpc.StatusCode.UNIMPLEMENTED else f"{code} {method}"
    return f"answered {method}"


def command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []

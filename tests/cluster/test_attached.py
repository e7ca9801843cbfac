import os
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from cluster.attached import attached_ray
from cluster.errors import ClusterError
from cluster.resources import Capacity
from cluster.token import ensure_token_file


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Something that listens, takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "address", ["", "10.0.0.5", ":6379", "host:0", "host:99999", "ray://host:10001"]
)
def test_an_address_is_a_host_and_a_port(token_file: Path, address: str) -> None:
    with (
        pytest.raises(ClusterError, match=f"address = '{address}': must be HOST:PORT"),
        attached_ray(address),
    ):
        pass


def test_a_dead_address_is_refused_at_once(token_file: Path) -> None:
    ensure_token_file()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    started = monotonic()
    with (
        pytest.raises(ClusterError, match=f"127.0.0.1:{port}: nothing listens there .*refused"),
        attached_ray(f"127.0.0.1:{port}"),
    ):
        pass
    assert monotonic() - started < 5


def test_a_host_without_an_address_is_refused(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*arguments: Any, **options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    ensure_token_file()
    monkeypatch.setattr(socket, "create_connection", unknown)
    with (
        pytest.raises(ClusterError, match="head:6379: nothing listens there .Name or service"),
        attached_ray("head:6379"),
    ):
        pass


def test_a_listener_that_is_no_ray_is_given_up_in_time(token_file: Path, silent_port: int) -> None:
    ensure_token_file()
    started = monotonic()
    with (
        pytest.raises(ClusterError, match="listens there, but no Ray cluster answered within 2 s"),
        attached_ray(f"127.0.0.1:{silent_port}", timeout_s=2),
    ):
        pass
    assert monotonic() - started < 15


def test_without_a_token_nothing_is_joined(token_file: Path, silent_port: int) -> None:
    with (
        pytest.raises(ClusterError, match="no token to join with: set RAY_AUTH_TOKEN_PATH to a"),
        attached_ray(f"127.0.0.1:{silent_port}"),
    ):
        pass
    assert not token_file.exists()


def test_an_open_cluster_is_joined_only_on_demand(
    token_file: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with (
        pytest.raises(ClusterError, match="no Ray cluster answered"),  # it asked without a token
        attached_ray(f"127.0.0.1:{silent_port}", timeout_s=1),
    ):
        pass


def test_a_process_that_uses_a_ray_joins_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: True)
    with pytest.raises(ClusterError, match="already uses a Ray"), attached_ray("10.0.0.5:6379"):
        pass


@pytest.mark.parametrize("host", ["10.0.0.5", "nowhere.invalid", "192.168.1.7"])
def test_an_open_cluster_beyond_this_machine_is_never_joined(
    token_file: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with (
        pytest.raises(ClusterError, match=f"{host}:6379: not joined without a token, since"),
        attached_ray(f"{host}:6379"),
    ):
        pass


@pytest.mark.ray
def test_a_cluster_is_joined_with_its_token_and_left_running(
    running_ray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(running_ray.token_file))
    before = ray_variables()
    read = ray.remote(lambda: os.environ["GANORCH_TEST"])
    for value in ("first", "second"):
        with attached_ray(running_ray.address, worker_env={"GANORCH_TEST": value}) as capacity:
            assert capacity == Capacity(2, 1, (Capacity(2, 1),))
            assert ray.get(read.remote()) == value
        assert not ray.is_initialized()
        assert ray_variables() == before


@pytest.mark.ray
def test_a_wrong_token_is_refused_in_seconds(running_ray: Any, token_file: Path) -> None:
    ensure_token_file()
    started = monotonic()
    with (
        pytest.raises(ClusterError, match=f"{running_ray.address}: .* not accept this token: set"),
        attached_ray(running_ray.address),
    ):
        pass
    assert monotonic() - started < 5


def ray_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("RAY_")}


def test_the_clusters_own_address_is_found_only_within_a_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(ClusterError, match="^address = 'auto': RAY_ADDRESS is not set"):
        attached_ray("auto").__enter__()
    monkeypatch.setenv("RAY_ADDRESS", "nowhere")
    with pytest.raises(ClusterError, match="^address = 'nowhere': must be HOST:PORT"):
        attached_ray("auto").__enter__()

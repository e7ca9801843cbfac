import socket
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from cluster.doctor.doors import (
    judge_dashboard,
    judge_head_door,
    judge_metrics_door,
    judge_ports,
)


class Door(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def door() -> Iterator[int]:
    """Something that answers every request with ``Door.status``."""
    with HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_metrics_that_anybody_may_read_are_a_warning(door: int) -> None:
    finding = judge_metrics_door("127.0.0.1", door)
    assert finding.level == "warn"
    assert "RAY_enable_metrics_collection=0" in finding.mend


@pytest.mark.parametrize("port", [0, -1])
def test_metrics_that_are_switched_off_are_well(port: int) -> None:
    assert judge_metrics_door("127.0.0.1", port).level == "ok"


def test_a_dashboard_that_answers_without_a_token_fails(
    door: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (finding,) = judge_dashboard(f"127.0.0.1:{door}")
    assert (finding.level, finding.mend) == ("fail", "start the head with RAY_AUTH_MODE=token")
    monkeypatch.setattr(Door, "status", 401)
    (finding,) = judge_dashboard(f"127.0.0.1:{door}")
    assert finding.level == "ok"


def test_a_dashboard_beyond_loopback_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.doctor.doors._http_status", lambda url: 401)
    assert [each.level for each in judge_dashboard("10.0.0.5:8265")] == ["warn", "ok"]
    assert [each.level for each in judge_dashboard("localhost:8265")] == ["ok"]
    assert list(judge_dashboard(None)) == []


def test_ports_that_cannot_be_reached_fail(door: int, closed_port: int) -> None:
    entry = {"NodeManagerPort": door, "ObjectManagerPort": door}
    assert judge_ports("127.0.0.1", entry).level == "ok"
    finding = judge_ports("127.0.0.1", {**entry, "ObjectManagerPort": closed_port})
    assert (finding.level, finding.seen) == (
        "fail",
        f"port {closed_port} cannot be reached from here",
    )


@pytest.mark.parametrize(("code", "level"), [(0, "fail"), (1, "ok")])
def test_a_head_that_answers_a_stranger_fails(
    monkeypatch: pytest.MonkeyPatch, code: int, level: str
) -> None:
    def answer(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        assert options["env"]["RAY_AUTH_MODE"] == "disabled"
        assert not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & options["env"].keys()
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/t")
    monkeypatch.setattr(subprocess, "run", answer)
    assert judge_head_door("10.0.0.5:6379").level == level


def test_a_head_that_says_nothing_to_a_stranger_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **options: Any) -> None:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    assert judge_head_door("10.0.0.5:6379").level == "ok"

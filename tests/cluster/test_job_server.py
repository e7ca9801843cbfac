import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import monotonic

import pytest

from cluster.errors import ClusterError
from cluster.job_server import JobServer, authentication_of, check_server, unproxied
from cluster.token import ensure_token_file


@contextmanager
def answering(status: int, body: str) -> Iterator[tuple[JobServer, list[str]]]:
    """Serve one answer to every question; gives the server, and the tokens that it was shown."""
    shown: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield JobServer.parse(f"127.0.0.1:{server.server_port}"), shown
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("address", "url", "is_here", "is_overheard"),
    [
        ("head", "http://head:8265", False, True),
        ("10.0.0.5:80", "http://10.0.0.5:80", False, True),
        ("http://127.0.0.1:8265/", "http://127.0.0.1:8265", True, False),
        ("localhost", "http://localhost:8265", True, False),
        ("http://[::1]:1", "http://[::1]:1", True, False),
        ("https://ray.example.org", "https://ray.example.org:443", False, False),
    ],
)
def test_an_address_is_read(address: str, url: str, is_here: bool, is_overheard: bool) -> None:
    server = JobServer.parse(address)
    assert (server.url, server.is_here, server.is_overheard) == (url, is_here, is_overheard)


@pytest.mark.parametrize(
    "address",
    ["", "http://", "ray://h:10001", "h:port", "h:99999", "http://u:p@h", "http://h/jobs", "h?a=b"],
)
def test_what_is_no_dashboards_address_is_refused(address: str) -> None:
    with pytest.raises(ClusterError, match="must be that of a head node's dashboard, such as"):
        JobServer.parse(address)


def test_a_dashboard_is_shown_the_token(token_file: Path) -> None:
    token = ensure_token_file().read_text()
    with answering(200, '{"ray_version": "2.60.0"}') as (server, shown):
        check_server(server)
    assert shown == [f"Bearer {token}"]


def test_no_token_is_shown_where_authentication_is_off(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_token_file()
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with answering(200, '{"ray_version": "2.60.0"}') as (server, shown):
        check_server(server)
    assert shown == [""]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_says_token(status: int, token_file: Path) -> None:
    ensure_token_file()
    with (
        answering(status, "") as (server, _),
        pytest.raises(ClusterError, match="does not accept this token: set RAY_AUTH_TOKEN_PATH"),
    ):
        check_server(server)


@pytest.mark.parametrize(
    ("status", "body"), [(404, ""), (500, ""), (200, "<html>"), (200, "[]"), (200, "{}")]
)
def test_something_else_is_no_dashboard(status: int, body: str, token_file: Path) -> None:
    with (
        answering(status, body) as (server, _),
        pytest.raises(ClusterError, match="what answers there is no Ray dashboard"),
    ):
        check_server(server)


def test_a_dead_address_is_refused_at_once(token_file: Path) -> None:
    with answering(200, "") as (server, _):
        pass
    started = monotonic()
    with pytest.raises(ClusterError, match=f"^{server.url}: no dashboard answers .*refused"):
        check_server(server)
    assert monotonic() - started < 5


def test_another_machine_is_not_spoken_to_without_a_token(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, tunnel = JobServer.parse("10.0.0.5"), JobServer.parse("127.0.0.1")
    with pytest.raises(ClusterError, match="^http://10.0.0.5:8265: no token"):
        authentication_of(away)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(ClusterError, match="no job goes to another machine without a token"):
        authentication_of(away)
    with authentication_of(tunnel):
        pass


def test_no_proxy_is_shown_a_token_that_is_not_encrypted(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_token_file()
    with answering(200, '{"ray_version": "2.60.0"}') as (server, shown):
        monkeypatch.setenv("http_proxy", server.url)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(ClusterError, match="no dashboard answers"):
            check_server(JobServer.parse("127.0.0.1:9"))
    assert not shown
    assert unproxied(JobServer.parse("h"))["NO_PROXY"] == "h"
    assert unproxied(JobServer.parse("https://h")) == {}

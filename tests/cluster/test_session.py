import signal
from typing import Any

import pytest

from cluster.errors import ClusterError
from cluster.session import ensure_unconnected, first_line, ray_session


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record what Ray is told instead of telling it."""
    recorded: list[Any] = []
    monkeypatch.setattr("ray.init", lambda **arguments: recorded.append(arguments))
    monkeypatch.setattr("ray.shutdown", lambda: recorded.append("shutdown"))
    return recorded


def test_it_connects_quietly_and_disconnects(calls: list[Any]) -> None:
    with ray_session("cannot", {"A": "1"}, address="h:1"):
        (arguments,) = calls
    assert arguments["address"] == "h:1"
    assert arguments["runtime_env"] == {"env_vars": {"A": "1"}}
    assert arguments["log_to_driver"] is False
    assert calls[1:] == ["shutdown"]


def test_it_disconnects_after_an_error_too(calls: list[Any]) -> None:
    with pytest.raises(KeyError, match="spoilt"), ray_session("cannot"):
        raise KeyError("spoilt")
    assert calls[1:] == ["shutdown"]


def test_a_failure_is_one_line_and_leaves_nothing_behind(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: Any) -> None:
        raise ConnectionError("\n  no such thing  \n  at all\n")

    monkeypatch.setattr("ray.init", fail)
    with pytest.raises(ClusterError, match="^h:1: no such thing$"), ray_session("h:1"):
        pass
    assert calls == ["shutdown"]


def test_one_connection_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_unconnected()
    monkeypatch.setattr("ray.is_initialized", lambda: True)
    with pytest.raises(ClusterError, match="already uses a Ray: leave it before using another"):
        ensure_unconnected()


def test_the_first_line_that_says_something() -> None:
    assert first_line("\n\n  one \n two") == "one"
    assert first_line(" \n") == "no reason was given"


def test_what_sigterm_does_outlives_the_connection(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("ray.init", lambda **_: signal.signal(signal.SIGTERM, signal.SIG_IGN))
    with ray_session("cannot"):
        assert signal.getsignal(signal.SIGTERM) is before


def test_what_raylets_report_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray._private import worker

    listeners: list[Any] = []
    monkeypatch.setattr("ray.init", lambda **_: listeners.append(worker.listen_error_messages))
    monkeypatch.setattr("ray.shutdown", lambda: None)
    rays_own = worker.listen_error_messages
    with ray_session("cannot"):
        assert worker.listen_error_messages is rays_own
    (listener,) = listeners
    assert listener is not rays_own
    assert listener(worker, None) is None

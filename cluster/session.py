"""This process's one connection to Ray, made quietly and always ended."""

import logging
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from cluster.errors import ClusterError


def ensure_unconnected() -> None:
    """Check that this process may connect: Ray allows one connection at a time.

    Raises:
        ClusterError: if it is connected already.
    """
    import ray

    if ray.is_initialized():
        raise ClusterError("this process already uses a Ray: leave it before using another")


@contextmanager
def ray_session(
    failure: str, worker_env: Mapping[str, str] | None = None, **arguments: Any
) -> Iterator[None]:
    """Connect with ``ray.init(**arguments)``; disconnect on leaving, whatever happened.

    Args:
        failure: begins the message where Ray cannot do it.
        worker_env: environment variables of every worker process of ours.
        arguments: what else ``ray.init`` is told.

    Raises:
        ClusterError: if Ray cannot connect, with its reason in one line.
    """
    import ray

    try:
        try:
            with _own_sigterm(), _no_notices():
                ray.init(
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    runtime_env={"env_vars": dict(worker_env or {})},
                    **arguments,
                )
        except Exception as error:  # Ray raises almost anything here
            raise ClusterError(f"{failure}: {first_line(str(error))}") from error
        yield
    finally:
        ray.shutdown()


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Keep what SIGTERM does in this process: ``ray.init`` replaces it."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _no_notices() -> Iterator[None]:
    """Keep Ray from printing what every raylet reports, a dead node's last log lines included.

    What that means for a trial is said in one line by the sweep, which hears of it elsewhere.
    """
    with patch("ray._private.worker.listen_error_messages", lambda *_: None):
        yield


def first_line(text: str) -> str:
    """Return the first line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "no reason was given"

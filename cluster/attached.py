"""An existing Ray cluster, joined by the address of its head node."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ipaddress import ip_address
from time import monotonic

from cluster.errors import ClusterError
from cluster.offer import offered_capacity
from cluster.resources import Capacity
from cluster.session import ensure_unconnected, first_line, ray_session
from cluster.token import MODE, TOKEN_PATH, has_token, token_mode

JOIN_TIMEOUT_S = 20.0
AUTO, ADDRESS = "auto", "RAY_ADDRESS"  # the address that a job on a cluster finds around it
_CONNECT_TIMEOUT_S = 3.0


@contextmanager
def attached_ray(
    address: str,
    *,
    worker_env: Mapping[str, str] | None = None,
    timeout_s: float = JOIN_TIMEOUT_S,
) -> Iterator[Capacity]:
    """Join a cluster and yield what it offers to trials; leave it, running, at the end.

    Args:
        address: ``HOST:PORT`` of the head node's GCS, as ``ray start --head`` prints it; or
            ``auto``, for what RAY_ADDRESS says within a job.
        worker_env: environment variables of every worker process of ours.
        timeout_s: how long the cluster may take to answer.

    Raises:
        ClusterError: if nothing answers there in time, or not to our token; names the address.
    """
    deadline = monotonic() + timeout_s
    address = _own_cluster() if address == AUTO else address
    host, port = _parse(address)
    ensure_unconnected()
    with _authentication(address, host):
        _check_port(address, host, port, min(timeout_s, _CONNECT_TIMEOUT_S))
        _check_answer(address, max(1.0, deadline - monotonic()))
        with ray_session(f"{address}: cannot be joined", worker_env, address=address):
            yield offered_capacity()


def _own_cluster() -> str:
    address = os.environ.get(ADDRESS)
    if not address:
        raise ClusterError(f"address = '{AUTO}': {ADDRESS} is not set, as it is within a job")
    return address


def _parse(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ClusterError(
            f"address = '{address}': must be HOST:PORT of a head node, such as 10.0.0.5:6379"
        )
    return host.strip("[]"), int(port)


def _authentication(address: str, host: str) -> AbstractContextManager[None]:
    if os.environ.get(MODE, "").lower() == "disabled":
        if not _is_loopback(host):
            raise ClusterError(
                f"{address}: not joined without a token, since it is not on this machine alone: "
                f"unset {MODE}, and set {TOKEN_PATH} to a copy of the head node's token file"
            )
        return nullcontext()
    if not has_token():
        raise ClusterError(
            f"{address}: no token to join with: set {TOKEN_PATH} to a copy of the head node's "
            "token file"
        )
    return token_mode()


def _is_loopback(host: str) -> bool:
    """Say whether only this machine can be meant by a host; one without an address is not."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ip_address(each).is_loopback for each in found)


def _check_port(address: str, host: str, port: int, timeout_s: float) -> None:
    """Ask first whether anything listens: ``ray.init`` waits for minutes for a dead address."""
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except OSError as error:
        raise ClusterError(
            f"{address}: nothing listens there ({error.strerror or error}): check the address, "
            "and that the head node runs and lets this machine in"
        ) from error


def _check_answer(address: str, timeout_s: float) -> None:
    """Let another process ask for the cluster's status, since that one can be killed in time."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", address]
    try:
        asked = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(
            f"{address}: something listens there, but no Ray cluster answered within "
            f"{timeout_s:.0f} s"
        ) from None
    if asked.returncode == 0:
        return
    if "AuthenticationError" in asked.stderr:
        raise ClusterError(
            f"{address}: the cluster does not accept this token: set {TOKEN_PATH} to a copy of "
            "the head node's token file"
        )
    raise ClusterError(f"{address}: cannot be joined: {first_line(asked.stderr)}")

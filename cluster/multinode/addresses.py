"""Loopback addresses and ports that no one uses."""

import secrets
import socket
from collections.abc import Iterable

import psutil

from cluster.errors import ClusterError

_FROM, _TO = 20_000, 32_000  # above Ray's own ranges, below what the system hands out
_TRIES = 200


def free_network(taken: Iterable[str] = ()) -> str:
    """Return the first three numbers of a block of loopback addresses, such as ``127.93.4``.

    Args:
        taken: addresses in use beside those that something listens on.
    """
    heard = {conn.laddr.ip for conn in psutil.net_connections("tcp") if conn.laddr}
    used = {address.rpartition(".")[0] for address in (*heard, *taken)}
    for _ in range(_TRIES):
        network = f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(255)}"
        if network not in used:
            return network
    raise ClusterError("no free loopback addresses were found on this machine")


def free_ports(count: int) -> list[int]:
    """Return different ports that nothing listens on, on any interface."""
    found: list[int] = []
    for _ in range(_TRIES):
        port = _FROM + secrets.randbelow(_TO - _FROM)
        if port not in found and _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise ClusterError("no free ports were found on this machine")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True

"""What a stranger could do who reaches a cluster's ports."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from cluster.doctor.finding import Finding, fail, ok, warn
from cluster.token import MODE, TOKEN, TOKEN_PATH

_TIMEOUT_S = 3.0
_ASK_TIMEOUT_S = 20.0


def judge_ports(node: str, entry: Mapping[str, Any]) -> Finding:
    """Try to reach the ports of a node that drivers and other nodes need.

    Args:
        node: its address.
        entry: of ``ray.nodes()``.
    """
    ports = [entry["NodeManagerPort"], entry["ObjectManagerPort"]]
    closed = [port for port in ports if not _is_reachable(node, port)]
    if closed:
        mend = "let the driver and all nodes reach each other on all TCP ports, and nobody else"
        return fail("ports", node, f"port {closed[0]} cannot be reached from here", mend)
    return ok("ports", node, f"{len(ports)} of {len(ports)} reached")


def judge_metrics_door(node: str, port: int) -> Finding:
    """Look whether a node's metrics can be read by everybody; a port of 0 or less is none."""
    if port <= 0 or _http_status(f"http://{node}:{port}/metrics") != 200:
        return ok("doors", node, "metrics are not shown to strangers")
    mend = "start it with RAY_enable_metrics_collection=0, or shut the port off from others"
    return warn("doors", node, f"metrics on port {port} are shown without a token", mend)


def judge_dashboard(url: str | None) -> Iterator[Finding]:
    """Look who reaches the dashboard, and whether it asks for the token."""
    if not url:
        return
    host = url.rsplit(":", 1)[0].strip("[]")
    if not _is_loopback(host):
        mend = "start the head with --dashboard-host=127.0.0.1 and reach it by an SSH tunnel"
        yield warn("doors", "dashboard", f"plain HTTP on {url}, not on loopback", mend)
    if _http_status(f"http://{url}/api/version") == 200:
        mend = "start the head with RAY_AUTH_MODE=token"
        yield fail("doors", "dashboard", f"{url} answers without a token", mend)
    else:
        yield ok("doors", "dashboard", f"{url} does not answer without a token")


def judge_head_door(address: str) -> Finding:
    """Ask the head for its status without a token: it must refuse."""
    secret = (TOKEN, TOKEN_PATH)
    stranger = {name: value for name, value in os.environ.items() if name not in secret}
    try:
        asked = subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", address],
            env={**stranger, MODE: "disabled"},
            capture_output=True,
            timeout=_ASK_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ok("doors", "head", f"{address} does not answer without a token")
    if asked.returncode == 0:
        mend = "start every node with RAY_AUTH_MODE=token: whoever reaches it runs code"
        return fail("doors", "head", f"{address} answers without a token", mend)
    return ok("doors", "head", f"{address} does not answer without a token")


def _is_reachable(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _http_status(url: str) -> int | None:
    """Return the status of a plain GET, None without answer; no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_TIMEOUT_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

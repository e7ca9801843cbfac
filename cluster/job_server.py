"""Who serves the jobs of a cluster, and whether it may be spoken to: checked before Ray's client.

That one waits without end for a machine that does not answer.
"""

import http.client
import ipaddress
import json
import urllib.error
import urllib.request
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from cluster.errors import ClusterError
from cluster.session import first_line
from cluster.token import MODE, TOKEN_PATH, has_token, is_switched_off, read_token, token_mode

DEFAULT_PORT = 8265
_TIMEOUT_S = 5.0
_REFUSED = (401, 403)


@dataclass(frozen=True)
class JobServer:
    """The dashboard of a head node."""

    url: str
    host: str
    is_encrypted: bool

    @classmethod
    def parse(cls, address: str) -> Self:
        """Read ``http://HOST:PORT``, ``https://HOST``, ``HOST:PORT`` or ``HOST``.

        Raises:
            ClusterError: if it is none of these.
        """
        with_scheme = address if "://" in address else f"http://{address}"
        try:
            parts = urlsplit(with_scheme)
            port = parts.port
        except ValueError:
            raise _not_an_address(address) from None
        is_web = parts.scheme in ("http", "https") and not parts.query and parts.path in ("", "/")
        if not is_web or not parts.hostname or "@" in parts.netloc:
            raise _not_an_address(address)
        is_encrypted = parts.scheme == "https"
        port = port or (443 if is_encrypted else DEFAULT_PORT)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(f"{parts.scheme}://{host}:{port}", parts.hostname, is_encrypted)

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, as through a tunnel."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def is_overheard(self) -> bool:
        """Whether the token crosses a network that others may listen to."""
        return not (self.is_here or self.is_encrypted)


def authentication_of(server: JobServer) -> AbstractContextManager[None]:
    """Show our token while within.

    Raises:
        ClusterError: if there is none, or another machine would be spoken to without.
    """
    if is_switched_off():
        if not server.is_here:
            raise ClusterError(
                f"{server.url}: no job goes to another machine without a token: unset {MODE}, and "
                f"set {TOKEN_PATH} to a copy of the head node's token file"
            )
        return nullcontext()
    if not has_token():
        raise ClusterError(
            f"{server.url}: no token to show: set {TOKEN_PATH} to a copy of the head node's token "
            "file"
        )
    return token_mode()


def check_server(server: JobServer) -> None:
    """Ask for the version: within seconds it is known whether there is a Ray, and of which kind.

    Raises:
        ClusterError: if nothing answers, it is no Ray's dashboard, or it refuses our token.
    """
    request = urllib.request.Request(f"{server.url}/api/version")
    if has_token() and not is_switched_off():
        request.add_header("Authorization", f"Bearer {read_token()}")
    try:
        with _opener(server).open(request, timeout=_TIMEOUT_S) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        raise _refusal(server, error.code) from None
    except http.client.HTTPException:  # other words than those of HTTP
        found = None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise ClusterError(
            f"{server.url}: no dashboard answers there ({first_line(str(reason))}): check the "
            "address, and that the head was started with its dashboard"
        ) from error
    except ValueError:
        found = None
    if not isinstance(found, dict) or "ray_version" not in found:
        raise ClusterError(f"{server.url}: what answers there is no Ray dashboard")


def unproxied(server: JobServer) -> dict[str, str]:
    """Return the environment in which no proxy is shown the token, where it is not encrypted."""
    return {} if server.is_encrypted else {"NO_PROXY": server.host, "no_proxy": server.host}


def _opener(server: JobServer) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(
        *([] if server.is_encrypted else [urllib.request.ProxyHandler({})])
    )


def _refusal(server: JobServer, code: int) -> ClusterError:
    if code in _REFUSED:
        return ClusterError(
            f"{server.url}: the cluster does not accept this token: set {TOKEN_PATH} to a copy of "
            "the head node's token file"
        )
    return ClusterError(f"{server.url}: what answers there is no Ray dashboard (HTTP {code})")


def _not_an_address(address: str) -> ClusterError:
    return ClusterError(
        f"address = '{address}': must be that of a head node's dashboard, such as "
        f"http://10.0.0.5:{DEFAULT_PORT}"
    )

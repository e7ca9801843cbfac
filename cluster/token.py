"""The shared secret of a Ray cluster: a file that only its owner can read, never an argument.

Whoever reaches a Ray port without needing a token runs code. Ray writes its own token file
readable by all, hence ours is there first.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cluster.environment import environment
from cluster.errors import ClusterError

MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
_TOKEN_BYTES = 32
_OTHERS = 0o077  # every permission of group and world


def token_path() -> Path:
    """Return where the token lies: RAY_AUTH_TOKEN_PATH, or Ray's default place."""
    return Path(os.environ.get(TOKEN_PATH) or Path.home() / ".ray" / "auth_token")


def has_token() -> bool:
    """Say whether there is a token to show to a cluster."""
    return bool(os.environ.get(TOKEN)) or token_path().is_file()


def is_switched_off() -> bool:
    """Say whether authentication is switched off on purpose."""
    return os.environ.get(MODE, "").lower() == "disabled"


def read_token() -> str:
    """Return the token itself, to be shown and never to be written.

    Raises:
        ClusterError: if there is none, or its file cannot be read; names the file.
    """
    if os.environ.get(TOKEN):
        return os.environ[TOKEN].strip()
    path = token_path()
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a token"
        raise ClusterError(f"{path}: the token cannot be read ({reason})") from error


def ensure_token_file() -> Path:
    """Return a token file that only its owner can read; creates it where there is none.

    Raises:
        ClusterError: if it cannot be created or protected; names the file.
    """
    path = token_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create(path)
        if path.stat().st_mode & _OTHERS:
            path.chmod(0o600)
    except OSError as error:
        raise ClusterError(
            f"{path}: the token of the cluster cannot be kept there ({error.strerror}): "
            f"set {TOKEN_PATH} to a file that you can write"
        ) from error
    return path


def demand_token_file() -> Path:
    """Return the token file that processes started now will share; the token has no other place.

    Raises:
        ClusterError: if the environment holds another token, or as of :func:`ensure_token_file`.
    """
    if os.environ.get(TOKEN):
        raise ClusterError(
            f"{TOKEN} is set, and every process would inherit the token itself: unset it; the "
            f"token belongs into a file, {token_path()} or where {TOKEN_PATH} says"
        )
    return ensure_token_file()


@contextmanager
def token_mode() -> Iterator[None]:
    """Make Ray in this process and its children show and demand the token; undone on leaving."""
    try:
        with environment({MODE: "token", TOKEN_PATH: str(token_path())}):
            _reread_environment()
            yield
    finally:
        _reread_environment()


def _create(path: Path) -> None:
    """Write a new token whole or not at all; leaves an old one alone."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(_TOKEN_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)


def _reread_environment() -> None:
    """Ray reads mode and token once, when it is first imported: make it look again."""
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()

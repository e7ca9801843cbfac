import os
import stat
from pathlib import Path

import pytest

from cluster.errors import ClusterError
from cluster.token import (
    ensure_token_file,
    has_token,
    is_switched_off,
    read_token,
    token_mode,
    token_path,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_token_is_long_and_its_owners_alone(token_file: Path) -> None:
    before = os.umask(0)  # the most careless one
    try:
        assert ensure_token_file() == token_file
    finally:
        os.umask(before)
    assert len(bytes.fromhex(token_file.read_text())) == 32
    assert mode(token_file) == 0o600
    assert mode(token_file.parent) == 0o700
    assert list(token_file.parent.iterdir()) == [token_file]


def test_two_tokens_differ(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ensure_token_file().read_text()
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token_file.with_name("other")))
    assert ensure_token_file().read_text() != first


def test_an_old_token_is_kept_and_closed_to_others(token_file: Path) -> None:
    token_file.parent.mkdir()
    token_file.write_text("old")
    token_file.chmod(0o644)
    assert ensure_token_file().read_text() == "old"
    assert mode(token_file) == 0o600


def test_a_place_that_cannot_be_written_is_named(token_file: Path) -> None:
    token_file.parent.write_text("a file where a folder should be")
    with pytest.raises(ClusterError, match=f"{token_file}: .* set RAY_AUTH_TOKEN_PATH to a file"):
        ensure_token_file()


def test_without_a_wish_the_token_lies_where_ray_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert token_path() == tmp_path / ".ray" / "auth_token"


def test_a_token_is_found_in_the_file_or_the_environment(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not has_token()
    monkeypatch.setenv("RAY_AUTH_TOKEN", "ab")
    assert has_token()
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    ensure_token_file()
    assert has_token()


def test_ray_sees_token_mode_even_where_it_was_imported_before(token_file: Path) -> None:
    from ray._raylet import (  # type: ignore[attr-defined]
        AuthenticationMode,
        get_authentication_mode,
    )

    ensure_token_file()
    before = get_authentication_mode()
    with token_mode():
        assert get_authentication_mode() == AuthenticationMode.TOKEN
        assert os.environ["RAY_AUTH_MODE"] == "token"
        assert os.environ["RAY_AUTH_TOKEN_PATH"] == str(token_file)
    assert get_authentication_mode() == before
    assert "RAY_AUTH_MODE" not in os.environ


def test_the_token_is_read_from_the_environment_or_from_its_file(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClusterError, match=f"^{token_file}: the token cannot be read"):
        read_token()
    ensure_token_file()
    assert read_token() == token_file.read_text()
    monkeypatch.setenv("RAY_AUTH_TOKEN", "other\n")
    assert read_token() == "other"


@pytest.mark.parametrize(
    ("mode", "is_off"), [("disabled", True), ("DISABLED", True), ("token", False), ("", False)]
)
def test_authentication_is_off_only_on_purpose(
    mode: str, is_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", mode)
    assert is_switched_off() is is_off

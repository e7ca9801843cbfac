from pathlib import Path

import pytest

from orchestrator.cli.target import check_target
from orchestrator.errors import UsageError


def check(path: Path, *, may_replace: bool = False) -> None:
    check_target(path, (".png", ".npz"), may_replace=may_replace)


def test_a_new_file_with_one_of_the_endings_may_be_written(tmp_path: Path) -> None:
    check(tmp_path / "a.png")
    check(tmp_path / "a.npz")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    for name in ("a.jpg", "a", "a.PNG"):
        with pytest.raises(UsageError, match=rf"{name}: the name must end in \.png or \.npz"):
            check(tmp_path / name, may_replace=True)


def test_a_folder_is_refused_even_by_force(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(UsageError, match=r"a\.png: is a folder; name a file"):
        check(tmp_path / "a.png", may_replace=True)


def test_a_file_that_exists_is_only_replaced_by_force(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(UsageError, match=r"a\.png: exists already; --force replaces a file"):
        check(tmp_path / "a.png")
    check(tmp_path / "a.png", may_replace=True)

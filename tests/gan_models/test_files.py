import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gan_models.errors import StorageError
from gan_models.files import (
    check_space,
    draft_of,
    file_sha256,
    put_aside,
    remove_drafts,
    storing,
    whole_file,
    whole_folder,
    write_json,
    write_text,
)


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.txt"

    with whole_file(path) as draft:
        draft.write_text("half")
        assert not path.exists()
        draft.write_text("whole")

    assert path.read_text() == "whole"
    assert names_in(path.parent) == ["a.txt"]


def fail_half_way(file: Path) -> None:
    file.write_text("half")
    raise ZeroDivisionError


def test_a_failure_leaves_the_former_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    with pytest.raises(ZeroDivisionError), whole_file(path) as draft:
        fail_half_way(draft)

    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "best"

    with whole_folder(path) as draft:
        (draft / "sub").mkdir()
        (draft / "sub" / "a.txt").write_text("whole")
        assert not path.exists()

    assert (path / "sub" / "a.txt").read_text() == "whole"
    assert names_in(path.parent) == ["best"]


def test_a_folder_takes_the_place_of_the_former_one(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with whole_folder(tmp_path / "best") as draft:
            (draft / name).touch()

    assert names_in(tmp_path / "best") == ["new"]
    assert names_in(tmp_path) == ["best"]


def test_a_failure_leaves_the_former_folder_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "best"
    with whole_folder(path) as draft:
        (draft / "old").touch()

    with pytest.raises(ZeroDivisionError), whole_folder(path) as draft:
        fail_half_way(draft / "new")

    assert names_in(path) == ["old"]
    assert names_in(tmp_path) == ["best"]


def test_a_former_folder_is_moved_aside_before_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best"
    with whole_folder(path) as draft:
        (draft / "old").touch()

    with monkeypatch.context() as patched:
        patched.setattr("gan_models.files.shutil.rmtree", lambda *_, **__: None)  # killed there
        with whole_folder(path) as draft:
            (draft / "new").touch()

    assert names_in(path) == ["new"]


@pytest.mark.parametrize("whole", ["whole_file", "whole_folder"])
def test_a_kill_in_the_middle_leaves_what_was_there(tmp_path: Path, whole: str) -> None:
    path = tmp_path / "it"
    code = f"""
import os, sys
from pathlib import Path
from gan_models.files import {whole}
with {whole}(Path(sys.argv[1])) as draft:
    (draft / "half" if draft.is_dir() else draft).write_text("half")
    os._exit(9)
"""

    killed = subprocess.run([sys.executable, "-c", code, str(path)], check=False)

    assert killed.returncode == 9
    assert not path.exists()


def test_content_is_on_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    replace, flush = Path.replace, os.fsync

    def named(self: Path, target: Path) -> Path:
        events.append("named")
        return replace(self, target)

    def flushed(handle: int) -> None:
        events.append("flushed")
        flush(handle)

    monkeypatch.setattr(Path, "replace", named)
    monkeypatch.setattr("gan_models.files.os.fsync", flushed)
    write_text(tmp_path / "a.txt", "text")
    with whole_folder(tmp_path / "folder") as draft:
        (draft / "b.txt").touch()

    assert events == ["flushed", "named", "flushed", "flushed", "flushed", "named", "flushed"]


def test_whoever_may_read_the_folder_may_read_what_is_written(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "text")
        with whole_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o755


def test_text_is_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "D(x) ≤ ½\n")

    assert (tmp_path / "a.txt").read_bytes().decode("utf-8") == "D(x) ≤ ½\n"


def test_json_is_readable_and_ends_its_last_line(tmp_path: Path) -> None:
    value = {"name": "ring8", "sizes": [1, 2.5], "none": None}

    write_json(tmp_path / "a.json", value)

    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == value
    assert text.startswith('{\n  "name"')
    assert text.endswith("}\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_no_json_are_refused_and_nothing_is_written(
    tmp_path: Path, number: float
) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"fid": number})

    assert names_in(tmp_path) == []


def test_the_checksum_is_sha_256(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "a").write_bytes(content)

    assert file_sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_disk_that_refuses_is_told_with_the_path_that_was_meant(
    tmp_path: Path, number: int
) -> None:
    draft = draft_of(tmp_path / "state")
    with pytest.raises(StorageError) as refused, storing(tmp_path):
        raise OSError(number, "refused", str(draft))
    assert str(refused.value) == f"{tmp_path / 'state'}: cannot be written ({os.strerror(number)})"


def test_a_folder_that_is_gone_is_told_from_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), storing(tmp_path):
        (tmp_path / "none").read_text()
    gone = tmp_path / "gone"
    with (
        pytest.raises(StorageError, match=r"gone: cannot be written \(it is gone\)"),
        storing(gone),
    ):
        (gone / "none").read_text()


def test_room_is_asked_for_before_it_is_needed(tmp_path: Path) -> None:
    check_space(tmp_path, 1)
    with pytest.raises(StorageError, match="No space left on device: 1e\\+12 MB are needed"):
        check_space(tmp_path, 10**18)


def test_what_is_put_aside_takes_the_place_of_what_was_put_aside_before(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / "it").mkdir()
        (tmp_path / "it" / name).touch()
        assert put_aside(tmp_path / "it") == tmp_path / "damaged-it"
    assert names_in(tmp_path / "damaged-it") == ["new"]


def test_only_drafts_are_cleared_away(tmp_path: Path) -> None:
    kept = [".lock", ".driver.json", "a.txt", ".a.0123"]
    for name in kept:
        (tmp_path / name).touch()
    draft_of(tmp_path / "a.txt").touch()
    draft_of(tmp_path / "folder").mkdir()
    remove_drafts(tmp_path)
    assert names_in(tmp_path) == sorted(kept)

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from orchestrator import driver as driver_module
from orchestrator.driver import Driver, has_died, present_driver, sole_driver, this_driver
from orchestrator.errors import RunFolderError
from orchestrator.paths import RunPaths

HOLD = """
import sys
from pathlib import Path
from orchestrator.driver import sole_driver
from orchestrator.paths import RunPaths

with sole_driver(RunPaths(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""
ELSEWHERE = Driver("other-host", "other-boot", 4711, "2026-01-01 00:00:00 UTC")


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path)


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "BEAT_S", 0.02)


def leave_note(paths: RunPaths, driver: Driver, beat: int = 0) -> None:
    driver_module._write_note(paths.driver, driver, beat)


def test_a_driver_leaves_a_note_while_it_drives_and_none_after(paths: RunPaths) -> None:
    with sole_driver(paths):
        present = present_driver(paths)
        assert present is not None
        assert (present.pid, present.host) == (os.getpid(), this_driver().host)
    assert present_driver(paths) is None
    assert {file.name for file in paths.root.iterdir()} <= {paths.lock.name}


def test_it_beats(paths: RunPaths) -> None:
    with sole_driver(paths):
        deadline = time.monotonic() + 10
        while json.loads(paths.driver.read_text())["beat"] < 2:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_the_second_is_told_who_drives_and_a_killed_one_can_be_followed(paths: RunPaths) -> None:
    command = [sys.executable, "-c", HOLD, str(paths.root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        who = rf"\(process {other.pid} on {this_driver().host}, since \d{{4}}-.* UTC\)"
        with (
            pytest.raises(RunFolderError, match=f"another process is running this sweep {who}"),
            sole_driver(paths),
        ):
            pass
        other.kill()
    assert present_driver(paths) is not None  # it could not take it away
    start_s = time.monotonic()
    with sole_driver(paths):
        assert time.monotonic() - start_s < 3 * 0.02 + 5  # no beats of the dead are awaited
        present = present_driver(paths)
        assert present is not None
        assert present.pid == os.getpid()


def test_a_driver_elsewhere_that_beats_is_not_followed(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_note(paths, ELSEWHERE)
    beats = iter(range(1, 100))
    monkeypatch.setattr(
        "orchestrator.driver.time.sleep", lambda _: leave_note(paths, ELSEWHERE, next(beats))
    )
    with (
        pytest.raises(RunFolderError, match="process 4711 on other-host, since 2026-01-01"),
        sole_driver(paths),
    ):
        pass
    with FileLock(paths.lock, timeout=0):  # it was given back
        assert present_driver(paths) == ELSEWHERE


def test_a_driver_elsewhere_that_is_silent_is_followed_after_some_beats(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    leave_note(paths, ELSEWHERE)
    monkeypatch.setattr("orchestrator.driver.time.sleep", waited.append)
    with sole_driver(paths):
        assert waited == [0.02] * 3
        assert present_driver(paths) != ELSEWHERE


def test_the_same_name_after_a_boot_is_another_machine(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    leave_note(paths, replace(this_driver(), boot="before"))
    monkeypatch.setattr("orchestrator.driver.time.sleep", waited.append)
    with sole_driver(paths):
        assert len(waited) == 3


def test_where_there_are_no_locks_the_beats_decide(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: FileLock) -> None:
        raise NotImplementedError

    leave_note(paths, this_driver())
    monkeypatch.setattr(FileLock, "acquire", refuse)
    monkeypatch.setattr(
        "orchestrator.driver.time.sleep", lambda _: leave_note(paths, this_driver(), beat=7)
    )
    with pytest.raises(RunFolderError, match="another process"), sole_driver(paths):
        pass


def test_a_driver_that_was_followed_leaves_the_note_of_the_other(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "BEAT_S", 60)
    with sole_driver(paths):
        leave_note(paths, ELSEWHERE)
    assert present_driver(paths) == ELSEWHERE


@pytest.mark.parametrize("note", ["", "[]", '{"beat": 1}', "\x00"])
def test_a_torn_note_is_none(paths: RunPaths, note: str) -> None:
    paths.driver.write_text(note)
    assert present_driver(paths) is None
    with sole_driver(paths):
        pass


def test_only_of_this_machine_is_it_known_that_a_driver_has_died() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert not has_died(this_driver())
    assert has_died(replace(this_driver(), pid=ended.pid))
    assert not has_died(replace(ELSEWHERE, pid=ended.pid))
    assert not has_died(replace(this_driver(), pid=1))  # lives, and may be somebody else's

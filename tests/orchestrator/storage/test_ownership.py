import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from orchestrator.errors import RunFolderError
from orchestrator.storage.objects import ObjectStore
from orchestrator.storage.ownership import OWNER, Owner, Ownership, Pulse

QUICK = Pulse(every_s=0.05, gone_after_s=3600, settling_s=0.0)
STRANGER = Owner(
    epoch=4,
    token="other",
    host="node7",
    machine="node7/boot",
    pid=123,
    workdir="/scratch",
    is_driving=True,
)


def claim(store: ObjectStore, workdir: Path, pulse: Pulse = QUICK) -> Ownership:
    return Ownership(store, store, workdir, pulse=pulse)


def write(store: ObjectStore, owner: Owner) -> None:
    store.write(OWNER, json.dumps(asdict(owner)).encode())


def owner_of(store: ObjectStore) -> Owner:
    return Owner(**json.loads(store.read(OWNER)))


def wait_until_lost(ownership: Ownership) -> None:
    ownership._heart.join(10)
    assert not ownership._heart.is_alive()


def test_each_driver_has_a_higher_epoch_than_the_one_before(
    store: ObjectStore, tmp_path: Path
) -> None:
    for epoch in range(3):
        ownership = claim(store, tmp_path)
        assert ownership.epoch == epoch
        assert owner_of(store).is_driving
        ownership.release()
        assert not owner_of(store).is_driving


def test_a_second_driver_is_told_who_drives_at_the_next_heartbeat(
    store: ObjectStore, tmp_path: Path
) -> None:
    write(store, STRANGER)

    def beat(seconds: float) -> None:
        time.sleep(seconds)
        write(store, STRANGER)

    with pytest.raises(RunFolderError, match=r"node7 \(process 123\) is driving this sweep"):
        Ownership(store, store, tmp_path, pulse=QUICK, sleep=beat)
    assert owner_of(store) == STRANGER
    assert store.list().keys() == {OWNER}


def test_an_owner_that_fell_silent_is_taken_over_after_a_wait(
    store: ObjectStore, tmp_path: Path
) -> None:
    write(store, STRANGER)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    pulse = replace(QUICK, gone_after_s=0.3)
    ownership = Ownership(store, store, tmp_path, pulse=pulse, sleep=sleep)
    assert ownership.epoch == STRANGER.epoch + 1
    assert len(waits) > 2
    ownership.release()


def test_the_lock_of_a_machine_tells_that_its_driver_is_dead(
    store: ObjectStore, tmp_path: Path
) -> None:
    dead = claim(store, tmp_path)
    dead._ended.set()  # as a kill leaves it
    dead._heart.join()
    assert owner_of(store).is_driving
    ownership = claim(store, tmp_path)
    assert ownership.epoch == 1
    ownership.release()


def test_a_driver_that_was_taken_over_learns_by_whom(store: ObjectStore, tmp_path: Path) -> None:
    ownership = claim(store, tmp_path)
    write(store, STRANGER)
    with pytest.raises(RunFolderError, match=r"node7 \(process 123\) has taken over"):
        ownership.check()
    wait_until_lost(ownership)
    with pytest.raises(RunFolderError, match="has taken over"):
        ownership.check_heart()
    ownership.release()
    assert owner_of(store) == STRANGER


def test_a_heart_beats(store: ObjectStore, tmp_path: Path) -> None:
    ownership = claim(store, tmp_path)
    store.delete(OWNER)
    end_s = time.monotonic() + 10
    while OWNER not in store.list() and time.monotonic() < end_s:
        time.sleep(0.02)
    assert owner_of(store).is_driving
    ownership.check_heart()
    ownership.release()


def test_two_claims_at_once_leave_one_driver(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="node7"):
        Ownership(store, store, tmp_path, pulse=QUICK, sleep=lambda seconds: write(store, STRANGER))
    assert owner_of(store) == STRANGER


def test_an_owner_file_that_is_none_is_named(store: ObjectStore, tmp_path: Path) -> None:
    store.write(OWNER, b"[]")
    with pytest.raises(RunFolderError, match=r"owner\.json: not what a driver writes"):
        claim(store, tmp_path)

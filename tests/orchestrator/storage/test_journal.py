import time
from pathlib import Path

import pytest

from orchestrator.errors import RunFolderError, StoreError
from orchestrator.journal import read_journal
from orchestrator.storage import journal as journal_module
from orchestrator.storage.journal import StoredJournal
from orchestrator.storage.objects import ObjectStore
from orchestrator.storage.segments import JournalShipment, join_segments


class Shipment(JournalShipment):
    """Counts, and fails when it is told to."""

    num_shipped = 0
    fails = False

    def ship(self) -> None:
        if self.fails:
            raise StoreError("s3://b/run: network connection")
        super().ship()
        self.num_shipped += 1


def open_journal(store: ObjectStore, path: Path) -> tuple[StoredJournal, Shipment]:
    shipment = Shipment(store, path, epoch=0)
    return StoredJournal(path, shipment, lambda: None), shipment


def stored_names(store: ObjectStore, tmp_path: Path) -> list[str]:
    joined = tmp_path / "joined.jsonl"
    pieces = {name: store.read(name) for name in store.list("journal")}
    joined.write_bytes(join_segments(pieces, uri="run"))
    return [event["event"] for event in read_journal(joined)]


@pytest.mark.parametrize("event", ["proposed", "paused", "judged", "finished", "selected"])
def test_an_event_that_decides_is_stored_before_it_counts(
    store: ObjectStore, tmp_path: Path, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SHIP_EVERY_S", 60.0)
    journal, _ = open_journal(store, tmp_path / "journal.jsonl")
    with journal:
        journal.append("evaluated")
        assert stored_names(store, tmp_path) == []
        journal.append(event)
        assert stored_names(store, tmp_path) == ["evaluated", event]


def test_an_evaluation_is_stored_soon(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SHIP_EVERY_S", 0.02)
    journal, _ = open_journal(store, tmp_path / "journal.jsonl")
    with journal:
        journal.append("evaluated")
        end_s = time.monotonic() + 10
        while not stored_names(store, tmp_path) and time.monotonic() < end_s:
            time.sleep(0.02)
        assert stored_names(store, tmp_path) == ["evaluated"]


def test_what_is_left_is_stored_at_the_end(store: ObjectStore, tmp_path: Path) -> None:
    journal, _ = open_journal(store, tmp_path / "journal.jsonl")
    with journal:
        journal.append("evaluated")
    assert stored_names(store, tmp_path) == ["evaluated"]


def test_an_event_that_cannot_be_stored_does_not_count(store: ObjectStore, tmp_path: Path) -> None:
    journal, shipment = open_journal(store, tmp_path / "journal.jsonl")
    shipment.fails = True
    with pytest.raises(StoreError, match="network connection"):
        journal.append("finished")
    shipment.fails = False
    journal.close()


def test_a_failure_behind_the_scenes_is_told_at_the_next_event(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SHIP_EVERY_S", 0.01)
    journal, shipment = open_journal(store, tmp_path / "journal.jsonl")
    shipment.fails = True
    journal._shipper.join(10)
    with pytest.raises(StoreError, match="network connection"):
        journal.append("evaluated")
    journal.close()


def test_a_driver_that_was_taken_over_writes_no_more(store: ObjectStore, tmp_path: Path) -> None:
    def taken_over() -> None:
        raise RunFolderError("taken over")

    path = tmp_path / "journal.jsonl"
    with (
        StoredJournal(path, JournalShipment(store, path, 0), taken_over) as journal,
        pytest.raises(RunFolderError, match="taken over"),
    ):
        journal.append("finished")
    assert read_journal(path) == []

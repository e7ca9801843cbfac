from pathlib import Path

import pytest

from orchestrator.errors import JournalError
from orchestrator.storage.objects import ObjectStore
from orchestrator.storage.segments import JournalShipment, join_segments, segment_name


def lines(*numbers: int, by: str = "") -> bytes:
    return b"".join(f"{number}{by}\n".encode() for number in numbers)


def test_pieces_are_joined_in_the_order_of_events() -> None:
    pieces = {segment_name(2, 0): lines(2), segment_name(0, 0): lines(0, 1)}
    assert join_segments(pieces, uri="s3://b/run") == lines(0, 1, 2)
    assert join_segments({}, uri="s3://b/run") == b""


def test_what_a_driver_wrote_after_it_was_taken_over_is_not_read() -> None:
    pieces = {
        segment_name(0, 0): lines(0, 1),
        segment_name(2, 1): lines(2, 3, by="new"),
        segment_name(2, 0): lines(2, by="old"),
        segment_name(3, 0): lines(3, 4, 5, by="old"),
    }
    assert join_segments(pieces, uri="s3://b/run") == lines(0, 1) + lines(2, 3, by="new")


def test_a_missing_piece_is_named() -> None:
    pieces = {segment_name(0, 0): lines(0), segment_name(3, 0): lines(3)}
    with pytest.raises(JournalError, match=r"s3://b/run: .*events 1 to 2 are missing before 0*3-"):
        join_segments(pieces, uri="s3://b/run")


def test_a_piece_that_repeats_another_is_named() -> None:
    pieces = {segment_name(0, 0): lines(0, 1), segment_name(1, 0): lines(1)}
    with pytest.raises(JournalError, match=r"journal/0*1-0+\.jsonl: repeats event 1"):
        join_segments(pieces, uri="s3://b/run")


def test_a_foreign_file_among_the_pieces_is_named() -> None:
    with pytest.raises(JournalError, match=r"journal/notes\.txt: no piece of a journal"):
        join_segments({"journal/notes.txt": b""}, uri="s3://b/run")


def test_whole_lines_are_shipped_once(store: ObjectStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(lines(0))
    shipment = JournalShipment(store, journal, epoch=3)
    shipment.ship()
    assert store.list() == {}
    with journal.open("ab") as file:
        file.write(lines(1, 2) + b"half a li")
    shipment.ship()
    shipment.ship()
    assert store.list().keys() == {segment_name(1, 3)}
    assert store.read(segment_name(1, 3)) == lines(1, 2)
    with journal.open("ab") as file:
        file.write(b"ne\n")
    shipment.ship()
    assert store.read(segment_name(3, 3)) == b"half a line\n"

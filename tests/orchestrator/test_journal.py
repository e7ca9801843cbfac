import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gan_models.errors import StorageError
from orchestrator.errors import JournalError, RunFolderError
from orchestrator.journal import Journal, open_events, read_journal
from orchestrator.paths import RunPaths
from tests.orchestrator.scripted import rewrite_journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal.jsonl"


def write(path: Path, *names: str) -> None:
    with Journal(path) as journal:
        for name in names:
            journal.append(name)


def names(path: Path) -> list[str]:
    return [event["event"] for event in read_journal(path)]


def test_events_are_read_back_in_order_with_their_number(path: Path) -> None:
    with Journal(path, clock=lambda: 12.34567) as journal:
        first = journal.append("proposed", trial_id="a", params={"d_lr": 1e-4})
        journal.append("started")
    assert first == {
        "seq": 0,
        "event": "proposed",
        "time_s": 12.346,
        "epoch": 1,
        "trial_id": "a",
        "params": {"d_lr": 1e-4},
    }
    assert read_journal(path) == [
        first,
        {"seq": 1, "event": "started", "time_s": 12.346, "epoch": 1},
    ]


def test_an_event_can_be_read_before_the_journal_is_closed(path: Path) -> None:
    with Journal(path) as journal:
        journal.append("proposed")
        assert names(path) == ["proposed"]


def test_a_journal_that_is_opened_again_goes_on(path: Path) -> None:
    write(path, "proposed", "started")
    with Journal(path) as journal:
        assert [event["event"] for event in journal.recalled] == ["proposed", "started"]
        assert [event["seq"] for event in journal.take_recalled()] == [0, 1]
        assert journal.recalled == []
        journal.append("finished")
    assert [event["seq"] for event in read_journal(path)] == [0, 1, 2]


def test_there_are_no_events_without_a_file(path: Path) -> None:
    assert read_journal(path) == []


@pytest.mark.parametrize("num_kept", range(25))
def test_a_line_torn_at_any_byte_is_cut_off_and_the_rest_kept(path: Path, num_kept: int) -> None:
    write(path, "proposed")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq":1,"event":"started"}'[:num_kept])
    assert names(path) == ["proposed"]
    write(path, "finished")
    assert names(path) == ["proposed", "finished"]


def test_a_journal_whose_only_line_is_torn_starts_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"seq":0,"ev')
    write(path, "proposed")
    assert names(path) == ["proposed"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{}", "line 2: not event 1 of this journal"),
        (b'{"seq":2,"event":"started"}', "line 2: not event 1"),
        (b'{"seq":1}', "line 2: not event 1"),
        (b"[1]", "line 2: not event 1"),
        (b"{torn", "line 2: not a JSON event"),
        (b"\xff\xfe", "line 2: not a JSON event"),
        (b"", "line 2: not a JSON event"),
    ],
)
def test_a_damaged_line_is_named_whether_reading_or_writing(
    path: Path, line: bytes, message: str
) -> None:
    write(path, "proposed", "started", "finished")
    lines = path.read_bytes().split(b"\n")
    lines[1] = line
    path.write_bytes(b"\n".join(lines))
    for open_journal in (read_journal, Journal):
        with pytest.raises(JournalError, match=f"journal.jsonl, {message}"):
            open_journal(path)


def test_a_number_that_is_not_finite_is_refused_and_leaves_no_trace(path: Path) -> None:
    with Journal(path) as journal:
        with pytest.raises(ValueError, match="not JSON compliant"):
            journal.append("evaluated", fid=float("nan"))
        journal.append("finished")
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [0]


def flipped(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("events", "num_bits"), [(["proposed"], 8), (["proposed", "started", "finished"], 1)]
)
def test_no_bit_can_flip_unseen(path: Path, events: list[str], num_bits: int) -> None:
    write(path, *events)
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(num_bits):
            path.write_bytes(flipped(whole, place, (place + bit) % 8))
            with pytest.raises(JournalError, match=r"journal\.jsonl, line \d"):
                read_journal(path)


def test_a_cut_anywhere_leaves_the_events_before_it_and_another_can_follow(path: Path) -> None:
    write(path, "proposed", "started", "finished")
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        kept = ["proposed", "started", "finished"][: whole[:length].count(b"\n")]
        assert names(path) == kept
        write(path, "opened")
        assert names(path) == [*kept, "opened"]


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda lines: [lines[0], lines[2], lines[3]], 2),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], 2),
        (lambda lines: [lines[0], lines[0], lines[1], lines[2], lines[3]], 2),
        (lambda lines: lines[1:], 1),
    ],
    ids=["missing", "swapped", "put in", "first one missing"],
)
def test_a_line_out_of_place_is_named(path: Path, change: Any, number: int) -> None:
    write(path, "proposed", "started", "finished", "selected")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))
    with pytest.raises(JournalError, match=f"line {number}: not event {number - 1}"):
        read_journal(path)


def test_a_line_of_another_journal_does_not_fit(path: Path, tmp_path: Path) -> None:
    write(path, "proposed", "started")
    write(tmp_path / "other.jsonl", "finished", "started")
    ours, others = path.read_bytes().splitlines(True), (tmp_path / "other.jsonl").read_bytes()
    path.write_bytes(ours[0] + others.splitlines(True)[1])
    with pytest.raises(JournalError, match="line 2: its checksum does not match"):
        read_journal(path)


def test_a_journal_of_before_there_were_checksums_is_read_and_goes_on_with_them(
    path: Path,
) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"seq":0,"event":"proposed"}\n{"seq":1, "event":"started"}\n')
    assert names(path) == ["proposed", "started"]
    write(path, "finished")
    assert names(path) == ["proposed", "started", "finished"]
    changed = path.read_bytes().replace(b"proposed", b"reopened")
    path.write_bytes(changed)
    with pytest.raises(JournalError, match="line 3: its checksum does not match"):
        read_journal(path)


def test_a_line_that_lost_its_checksum_is_damaged(path: Path) -> None:
    write(path, "proposed", "started")
    first, second = path.read_bytes().splitlines(True)
    path.write_bytes(first + second.split(b',"crc"')[0] + b"}\n")
    with pytest.raises(JournalError, match="line 2: its checksum is missing"):
        read_journal(path)


def test_each_driver_writes_under_an_epoch_of_its_own(path: Path) -> None:
    write(path, "opened", "proposed")
    write(path, "opened")
    assert [event["epoch"] for event in read_journal(path)] == [1, 1, 2]


def test_a_driver_that_was_taken_over_stops_before_it_writes(path: Path) -> None:
    frozen = Journal(path)
    frozen.append("opened")
    write(path, "opened", "proposed")
    content = path.read_bytes()
    with pytest.raises(RunFolderError, match=r"\(epoch 1\) left it: another one \(epoch 2\)"):
        frozen.append("finished")
    assert path.read_bytes() == content


def test_of_two_drivers_that_open_at_once_one_goes_on(path: Path) -> None:
    first, second = Journal(path), Journal(path)
    second.append("opened")
    with pytest.raises(RunFolderError, match="has taken the sweep over"):
        first.append("opened")
    second.append("proposed")
    assert names(path) == ["opened", "proposed"]


def test_a_line_that_a_driver_wrote_after_it_was_taken_over_is_named(path: Path) -> None:
    event = {"seq": 0, "event": "opened", "epoch": 2}
    late = {"seq": 1, "event": "finished", "epoch": 1}
    path.parent.mkdir()
    rewrite_journal(path, [event, late])
    with pytest.raises(JournalError, match="line 2: written by a driver after another"):
        read_journal(path)


def test_a_journal_that_was_replaced_or_removed_is_not_written(path: Path) -> None:
    journal = Journal(path)
    journal.append("opened")
    content = path.read_bytes()
    path.rename(path.with_name("moved"))
    with pytest.raises(StorageError, match=r"journal\.jsonl: cannot be written \(it is gone\)"):
        journal.append("proposed")
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match="no longer as this driver"):
        journal.append("proposed")


@pytest.mark.parametrize("is_cut_back", [True, False])
def test_a_full_disk_leaves_no_half_line_and_a_later_append_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch, is_cut_back: bool
) -> None:
    write_whole, journal = os.write, Journal(path)
    journal.append("opened")

    def write_half(handle: int, content: bytes) -> int:
        if len(content) < 60:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_whole(handle, content[:20])

    def refuse(handle: int, length: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.journal.os.write", write_half)
        if not is_cut_back:
            patch.setattr("orchestrator.journal.os.ftruncate", refuse)
        with pytest.raises(StorageError, match="No space left on device"):
            journal.append("proposed", note="long enough to be torn")
    assert names(path) == ["opened"]
    assert path.read_bytes().endswith(b"\n") == is_cut_back
    journal.append("proposed")
    assert names(path) == ["opened", "proposed"]


def test_an_empty_journal_beside_trials_is_no_new_beginning(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    assert open_events(paths) == []
    paths.trial("bafun-fuhah").folder.mkdir(parents=True)
    for content in (None, b"", b'{"seq":0,"ev'):
        if content is not None:
            paths.journal.write_bytes(content)
        with pytest.raises(JournalError, match=r"missing or empty, though trials hold"):
            open_events(paths)
    paths.journal.unlink()
    with Journal(paths.journal) as journal:
        journal.append("proposed", trial_id="bafun-fuhah")
    assert len(open_events(paths)) == 1

import json
from pathlib import Path

import pytest

from orchestrator.errors import JournalError
from orchestrator.journal import Journal, read_journal


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

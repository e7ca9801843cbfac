import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from tests.orchestrator.scripted import rewrite_journal

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def with_another_reason(paths: RunPaths) -> int:
    """Change the reason of the last verdict in a journal, and return where it stands."""
    events = read_journal(paths.journal)
    last = max(seq for seq, event in enumerate(events) if event["event"] == "evaluated")
    events[last]["verdict"]["reason"] = "[it] seemed so"
    rewrite_journal(paths.journal, events)
    return last


def test_decisions_that_follow_from_the_journal_are_counted(
    ganorch: Ganorch, own_run: RunPaths
) -> None:
    result = ganorch("audit", own_run.root)
    assert (result.exit_code, result.stdout) == (0, "8 decisions made anew, 0 differ\n")
    printed = json.loads(ganorch("audit", own_run.root, "--json").stdout)
    assert printed == {"num_decisions": 8, "differences": []}


def test_one_that_does_not_is_shown_and_the_command_fails(
    ganorch: Ganorch, own_run: RunPaths
) -> None:
    seq = with_another_reason(own_run)
    result = ganorch("audit", own_run.root)
    assert result.exit_code == 1
    heading, shown, *_, summary = result.stdout.splitlines()
    assert heading.split() == ["at", "event", "trial", "recorded", "from", "the", "record"]
    assert shown.split()[:2] == [str(seq), "evaluated"]
    assert "[it] seemed so" in shown
    assert summary == "8 decisions made anew, 2 differ"  # the reason of the end is the verdict's
    printed = json.loads(ganorch("audit", own_run.root, "--json").stdout)
    assert [each["seq"] for each in printed["differences"]][0] == seq


def test_what_has_no_record_or_no_measure_is_refused(
    refused: Refused, own_run: RunPaths, tmp_path: Path
) -> None:
    assert "not a run folder" in refused("audit", tmp_path)
    own_run.protocol.write_text('{"data": "points"}')
    assert "protocol.json: not a protocol" in refused("audit", own_run.root)
    own_run.protocol.unlink()
    line = refused("audit", own_run.root)
    assert "protocol.json: no such file: `ganorch resume " in line

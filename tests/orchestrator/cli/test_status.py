import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result

from orchestrator.driver import sole_driver
from orchestrator.journal import Journal, read_journal
from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_a_finished_sweep_has_nothing_left(ganorch: Ganorch, run: RunPaths) -> None:
    result = ganorch("status", run.root, "--json")
    found = json.loads(result.stdout)
    winner = json.loads((run.best / "metrics.json").read_text())["trial_id"]
    assert result.stderr == ""
    assert found["name"] == "tiny"
    assert found["trials"] == {
        "planned": 2,
        "pending": 0,
        "running": 0,
        "paused": 0,
        "completed": 2,
        "stopped": 0,
        "failed": 0,
    }
    assert found["seen_kimg"] == pytest.approx(0.8, abs=0.05)
    assert found["left_kimg"] == 0
    assert (found["running"], found["selected"], found["best"]["trial_id"]) == ([], winner, winner)


def test_what_runs_is_told_apart_from_what_is_done(ganorch: Ganorch, halted_run: RunPaths) -> None:
    found = json.loads(ganorch("status", halted_run.root, "--json").stdout)
    assert (found["trials"]["running"], found["trials"]["completed"]) == (1, 1)
    assert found["left_kimg"] == pytest.approx(0.4)
    assert found["selected"] is None
    (running,) = found["running"]
    assert running["status"] == "running"
    text = ganorch("status", halted_run.root).stdout
    assert "1 running, 1 completed; 2 planned" in text
    assert "not yet" in text
    assert running["trial_id"] in text


def test_paused_trials_are_counted_and_shown_with_their_reason(
    ganorch: Ganorch, halted_run: RunPaths
) -> None:
    events = read_journal(halted_run.journal)
    (halted,) = {event["trial_id"] for event in events if event["event"] == "started"} - {
        event["trial_id"] for event in events if event["event"] == "finished"
    }
    reason = "rung 0 at 0.2 kimg: worse than the best half"
    with Journal(halted_run.journal) as journal:
        journal.append("paused", trial_id=halted, by="scheduler", rung=0, reason=reason)
    found = json.loads(ganorch("status", halted_run.root, "--json").stdout)
    assert (found["trials"]["running"], found["trials"]["paused"]) == (0, 1)
    assert [(row["trial_id"], row["reason"]) for row in found["paused"]] == [(halted, reason)]
    text = ganorch("status", halted_run.root).stdout
    assert "1 paused, 1 completed; 2 planned" in text
    assert "rung 0 at 0.2" in text
    assert "paused" in ganorch("results", halted_run.root).stdout


def test_the_time_since_the_last_event_is_told(
    ganorch: Ganorch, run: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    last_s = json.loads(run.journal.read_text().splitlines()[-1])["time_s"]
    monkeypatch.setattr("time.time", lambda: last_s + 125)
    assert "last event  2:05 min ago" in ganorch("status", run.root).stdout
    assert json.loads(ganorch("status", run.root, "--json").stdout)["silent_s"] == 125


def test_what_was_spent_stands_beside_what_is_expected_and_allowed(
    ganorch: Ganorch, halted_run: RunPaths
) -> None:
    spec = halted_run.sweep.read_text()
    halted_run.sweep.write_text(spec.replace("max_hours: null", "max_hours: 0.00001"))
    asked = datetime.now().astimezone().replace(microsecond=0)  # the answer is in whole seconds
    found = json.loads(ganorch("status", halted_run.root, "--json").stdout)
    spent, expected = found["spent"], found["expected"]
    assert found["caps"] == {"max_hours": 0.00001, "max_gpu_hours": None, "max_trials": None}
    assert spent["hours"] == pytest.approx(found["used_s"] / 3600, abs=1e-6)
    share_left = found["left_kimg"] / found["seen_kimg"]
    assert expected["hours"] == pytest.approx(spent["hours"] * (1 + share_left))
    assert expected["gpu_hours"] == 0
    assert datetime.fromisoformat(expected["ends_at"]) >= asked
    (warning,) = found["warnings"]
    assert warning.startswith("budget.max_hours = 1e-05 will cut the sweep short")
    text = ganorch("status", halted_run.root).stdout
    assert " h of at most 1e-05; at this pace it ends " in text


def test_nothing_more_is_expected_of_a_finished_sweep(ganorch: Ganorch, run: RunPaths) -> None:
    found = json.loads(ganorch("status", run.root, "--json").stdout)
    assert found["expected"]["hours"] == found["spent"]["hours"]
    assert (found["expected"]["ends_at"], found["warnings"]) == (None, [])
    assert "at this pace" not in ganorch("status", run.root).stdout


def test_why_proposing_ended_is_told(ganorch: Ganorch, own_run: RunPaths) -> None:
    with Journal(own_run.journal) as journal:
        journal.append("proposing_ended", cause="max_hours", reason="2.1 h are spent")
    found = json.loads(ganorch("status", own_run.root, "--json").stdout)
    assert found["proposing_end"] == {"cause": "max_hours", "reason": "2.1 h are spent"}
    assert "ended: 2.1 h are spent" in ganorch("status", own_run.root).stdout
    told = "no more trials were proposed: 2.1 h are spent"
    assert told in ganorch("results", own_run.root).stdout


def test_a_sweep_that_has_not_begun_has_no_best(ganorch: Ganorch, own_run: RunPaths) -> None:
    own_run.journal.unlink()
    shutil.rmtree(own_run.trials)
    shutil.rmtree(own_run.best)
    found = json.loads(ganorch("status", own_run.root, "--json").stdout)
    assert (found["best"], found["silent_s"], found["trials"]["planned"]) == (None, None, 2)
    assert "none begun; 2 planned" in ganorch("status", own_run.root).stdout


def test_looking_changes_nothing(ganorch: Ganorch, own_run: RunPaths) -> None:
    before = {file: file.stat().st_mtime_ns for file in own_run.root.rglob("*")}
    ganorch("status", own_run.root)
    ganorch("results", own_run.root)
    assert {file: file.stat().st_mtime_ns for file in own_run.root.rglob("*")} == before


def test_a_folder_without_a_sweep_is_refused(refused: Refused, tmp_path: Path) -> None:
    assert "not a run folder" in refused("status", tmp_path)


def test_lost_attempts_are_counted_by_class_where_people_look(
    ganorch: Ganorch, own_run: RunPaths
) -> None:
    assert "faults" not in ganorch("status", own_run.root).stdout
    assert "faults" not in ganorch("results", own_run.root).stdout
    lose_an_attempt(own_run)
    for command in ("status", "results"):
        found = json.loads(ganorch(command, own_run.root, "--json").stdout)
        assert found["faults"] == {"hung": 1}
        assert "hung 1" in ganorch(command, own_run.root).stdout
    (lost,) = (trial for trial in found["trials"] if trial["lost_attempts"])
    assert (lost["faults"], lost["lost_attempts"][0]["host"]) == ("hung 1", "10.0.0.5")
    assert ganorch("report", own_run.root).exit_code == 0
    page = own_run.report.read_text()
    assert "<dt>Attempts lost</dt><dd>1 <small>hung 1</small></dd>" in page
    assert "Attempt 1: hung after 0 kimg on 10.0.0.5, begun again elsewhere (once)" in page


def lose_an_attempt(run: RunPaths) -> None:
    """Let the journal end with a lost attempt at its first trial."""
    name = read_journal(run.journal)[1]["trial_id"]
    attempt = {"attempt": 1, "fault": "hung", "reason": "silence", "retry": "elsewhere"}
    with Journal(run.journal) as journal:
        attempt |= {"why": "once", "host": "10.0.0.5"}
        journal.append("attempt_lost", trial_id=name, attempt=attempt)


def test_who_drives_a_sweep_is_told_and_how_to_go_on_where_nobody_does(
    ganorch: Ganorch, halted_run: RunPaths
) -> None:
    def told() -> str:
        return str(json.loads(ganorch("status", halted_run.root, "--json").stdout)["driver"])

    remedy = f"`ganorch resume {halted_run.root}` goes on"
    assert told() == f"none: {remedy}"
    with sole_driver(halted_run):
        assert told().startswith(f"process {os.getpid()} on ")
        note = json.loads(halted_run.driver.read_text())
        assert remedy not in ganorch("status", halted_run.root).stdout.replace("\n", " ")
    with subprocess.Popen([sys.executable, "-c", ""]) as killed:
        pass
    note_of_killed = json.dumps(note).replace(str(os.getpid()), str(killed.pid))
    halted_run.driver.write_text(note_of_killed)
    assert told().startswith(f"process {killed.pid} on ")
    assert told().endswith(f", has died: {remedy}")


def test_a_sweep_that_is_done_needs_no_driver(ganorch: Ganorch, run: RunPaths) -> None:
    assert json.loads(ganorch("status", run.root, "--json").stdout)["driver"] is None
    assert "driver" not in ganorch("status", run.root).stdout

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from orchestrator.driver import sole_driver
from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from orchestrator.records import StoppedBy
from orchestrator.run_folder import open_config

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_only_what_is_not_finished_runs_again_and_the_end_is_the_same(
    ganorch: Ganorch, run: RunPaths, halted_run: RunPaths
) -> None:
    result = ganorch("resume", halted_run.root)
    assert result.exit_code == 0
    attempts = [record.num_attempts for record in replayed(halted_run).records]
    assert attempts == [1, 2]
    before, after = replayed(run), replayed(halted_run)
    assert dict(after.selection or {}) == dict(before.selection or {})
    assert dict(after.certificate or {}) == dict(before.certificate or {})
    assert halted_run.report.is_file()


def test_a_finished_sweep_is_summed_up_again(ganorch: Ganorch, own_run: RunPaths) -> None:
    num_trained = len(events(own_run, "started"))
    result = ganorch("resume", own_run.root, "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("winner ")
    assert len(events(own_run, "started")) == num_trained


def test_a_sweep_that_a_cap_cut_short_goes_on_to_the_end_of_an_undisturbed_one(
    ganorch: Ganorch, run: RunPaths, tmp_path: Path
) -> None:
    paths = RunPaths(tmp_path / "capped")
    options = ("--out", paths.root, "--set", "budget.max_hours=1e-6", "--quiet")
    ganorch("run", run.root.parents[1] / "spec.yaml", *options)  # nothing has learnt: it may fail
    (cut,) = replayed(paths).records
    assert (cut.stopped_by, cut.nimg) == (StoppedBy.CAP, 0)
    cap = "budget.max_hours=1"
    assert ganorch("resume", paths.root, "--set", cap, "--quiet").exit_code == 0
    before, after = replayed(run), replayed(paths)
    assert [dict(record.params) for record in after.records] == [
        dict(record.params) for record in before.records
    ]
    assert [row.fid for row in after.evaluations] == [row.fid for row in before.evaluations]
    assert dict(after.certificate or {}) == dict(before.certificate or {})
    assert open_config(paths).budget.max_hours == 1


def test_only_limits_can_be_changed(refused: Refused, own_run: RunPaths) -> None:
    spec = own_run.sweep.read_bytes()
    line = refused("resume", own_run.root, "--set", "fixed.batch_size=32")
    assert line == (
        "--set fixed.batch_size=32: of a sweep that has begun, only these can be changed: "
        "budget.max_hours, budget.max_gpu_hours, budget.max_trials, search.trials, "
        "search.stop_when_settled"
    )
    line = refused("resume", own_run.root, "--set", "budget.max_hours=soon")
    assert "budget.max_hours = 'soon': must be a valid number" in line
    assert own_run.sweep.read_bytes() == spec


def test_more_trials_can_be_asked_for(ganorch: Ganorch, own_run: RunPaths) -> None:
    result = ganorch("resume", own_run.root, "--set", "search.trials=3", "--quiet")
    assert result.exit_code == 0
    assert " of 3 trials" in result.stdout
    assert len(replayed(own_run).records) == 3


def test_a_folder_without_a_sweep_is_refused(refused: Refused, tmp_path: Path) -> None:
    expected = f"{tmp_path}: not a run folder (it has no sweep.yaml)"
    assert refused("resume", tmp_path) == expected


def test_a_sweep_that_runs_is_not_driven_twice(refused: Refused, halted_run: RunPaths) -> None:
    journal = halted_run.journal.read_bytes()
    with sole_driver(halted_run):
        assert "another process is running this sweep" in refused("resume", halted_run.root)
    assert halted_run.journal.read_bytes() == journal


def test_a_damaged_journal_is_refused_and_stays_as_it_is(
    ganorch: Ganorch, own_run: RunPaths
) -> None:
    content = b"{}\n" + own_run.journal.read_bytes()
    own_run.journal.write_bytes(content)
    result = ganorch("resume", own_run.root)
    assert result.exit_code == 2
    assert "journal.jsonl, line 1: not event 0 of this journal" in result.stderr
    assert own_run.journal.read_bytes() == content


def replayed(paths: RunPaths) -> SweepHistory:
    return SweepHistory.replay(read_journal(paths.journal))


def events(paths: RunPaths, name: str) -> list[str]:
    lines = map(json.loads, paths.journal.read_text().splitlines())
    return [event["trial_id"] for event in lines if event["event"] == name]

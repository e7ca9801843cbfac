import json
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
import yaml

from orchestrator.errors import JournalError, RunFolderError
from orchestrator.history import SweepHistory
from orchestrator.journal import Journal, read_journal
from orchestrator.paths import RunPaths
from orchestrator.records import TrialStatus
from orchestrator.report.view import RunView, build_view, load_view
from tests.orchestrator.scripted import rewrite_journal

SPEC = {"name": "fresh", "search": {"trials": 3}, "budget": {"kimg_per_trial": 100}}


def cut_journal(paths: RunPaths, name: str, *, after: int) -> None:
    """Keep the journal up to and with the ``after``-th event of a name."""
    lines = paths.journal.read_text().splitlines(keepends=True)
    found = [index for index, line in enumerate(lines) if json.loads(line)["event"] == name]
    paths.journal.write_text("".join(lines[: found[after - 1] + 1]))


def test_trials_are_counted_by_what_happened_to_them(demo_view: RunView) -> None:
    assert dict(demo_view.num_by_status) == {"completed": 3, "stopped": 10, "failed": 1}
    assert (demo_view.num_done, demo_view.num_planned) == (14, 14)
    assert (demo_view.name, demo_view.data) == ("digits-demo", "digits")


def test_what_early_stops_saved_is_the_budget_left_over(demo_view: RunView) -> None:
    stopped_at = [90, 30, 140, 60, 200, 30, 50, 180, 90, 30]
    assert demo_view.saved_kimg == sum(250 - kimg for kimg in stopped_at)
    assert demo_view.spent_kimg == sum(stopped_at) + 3 * 250 + 20


def test_trials_stand_in_the_order_of_the_leaderboard(demo_view: RunView) -> None:
    assert demo_view.trials[0].row.trial_id == "fir-07de"
    assert demo_view.trials[0].row.is_selected
    scores = [trial.row.smoothed_fid for trial in demo_view.trials]
    assert scores == sorted(scores)


def test_the_ratio_to_real_is_taken_at_equal_counts(demo_view: RunView) -> None:
    assert demo_view.ratio_to_real == pytest.approx(3.66 / 3.02)


@pytest.mark.parametrize(
    "certificate", [None, {}, {"real_fid": 0.0, "fid_at_real_n": 2.0}, {"real_fid": None}]
)
def test_the_ratio_is_not_known_without_both_sides(
    demo_view: RunView, certificate: dict[str, float | None] | None
) -> None:
    assert isnan(replace(demo_view, certificate=certificate).ratio_to_real)


def test_the_floor_is_brought_to_the_count_of_the_fakes(demo_view: RunView) -> None:
    of_180_others, of_2000_fakes = 1 / 180 + 1 / 360, 1 / 2000 + 1 / 360
    assert demo_view.floor_fid == pytest.approx(3.02 * of_2000_fakes / of_180_others)


@pytest.mark.parametrize("certificate", [None, {}, {"real_fid": 3.0}])
def test_the_floor_is_not_known_without_counts(
    demo_view: RunView, certificate: dict[str, float | None] | None
) -> None:
    assert isnan(replace(demo_view, certificate=certificate).floor_fid)


def test_parameters_that_all_trials_share_are_told_apart(demo_view: RunView) -> None:
    assert demo_view.shared_params == {"latent_dim": 64, "batch_size": 64, "beta1": 0.5}
    assert replace(demo_view, trials=()).shared_params == {}


def test_a_trial_shows_its_latest_grid(demo_run: RunPaths) -> None:
    samples = demo_run.trial("fir-07de").samples
    later = (samples / "000250000.png").read_bytes()
    (samples / "000010000.png").write_bytes(demo_run.best.joinpath("samples.png").read_bytes())
    assert load_view(demo_run).trials[0].grid_png == later


def test_the_winner_is_shown_by_what_was_exported_or_by_what_is_left(demo_run: RunPaths) -> None:
    exported = demo_run.best / "samples.png"
    assert load_view(demo_run).winner_png == exported.read_bytes()
    exported.unlink()
    latest = demo_run.trial("fir-07de").sample_grid(250_000)
    assert load_view(demo_run).winner_png == latest.read_bytes()
    latest.unlink()
    assert load_view(demo_run).winner_png is None


def test_a_torn_picture_is_left_out(demo_run: RunPaths) -> None:
    path = demo_run.real_samples
    path.write_bytes(path.read_bytes()[:-20])
    assert load_view(demo_run).real_png is None


def test_a_sweep_that_goes_on_is_not_finished(demo_run: RunPaths) -> None:
    cut_journal(demo_run, "evaluated", after=40)
    view = load_view(demo_run)
    assert not view.is_finished
    assert view.num_done < view.num_planned == 14
    assert view.num_by_status[TrialStatus.RUNNING] == 1
    assert view.winner_png is None
    assert isnan(view.real_fid)


def test_budget_that_a_cap_left_unused_was_not_saved(demo_run: RunPaths) -> None:
    before = load_view(demo_run)
    events = read_journal(demo_run.journal)
    (flat,) = [each for each in events if each.get("reason") == "flat, coverage 0.92"]
    flat |= {"stopped_by": "cap", "reason": "budget.max_hours = 2: 2.1 h are spent"}
    rewrite_journal(demo_run.journal, events)
    assert load_view(demo_run).saved_kimg == before.saved_kimg - 70


def test_the_view_holds_why_proposing_ended_and_expects_no_more(demo_run: RunPaths) -> None:
    spec = demo_run.sweep.read_text().replace("trials: 14", "trials: 30")
    demo_run.sweep.write_text(spec)
    before = load_view(demo_run)
    assert (before.proposing_end, before.num_planned) == (None, 30)
    with Journal(demo_run.journal) as journal:
        journal.append("proposing_ended", cause="max_hours", reason="2.1 h are spent")
    after = load_view(demo_run)
    assert (after.proposing_end, after.num_planned) == ("2.1 h are spent", 14)


def test_the_cap_on_trials_is_what_is_planned(tmp_path: Path) -> None:
    spec = {"search": {"trials": 30}, "budget": {"max_trials": 20}}
    assert build_view(spec, SweepHistory(), RunPaths(tmp_path)).num_planned == 20


def test_a_sweep_without_a_journal_has_no_trials(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    paths.sweep.write_text(yaml.safe_dump(SPEC))
    view = load_view(paths)
    assert (view.trials, view.num_planned, view.spent_kimg) == ((), 3, 0)


def test_a_spec_that_says_little_is_enough(tmp_path: Path) -> None:
    view = build_view({"data": {"path": "images/"}}, SweepHistory(), RunPaths(tmp_path))
    assert (view.data, view.num_planned, view.saved_kimg) == ("images/", 0, 0)
    assert view.budget_kimg != view.budget_kimg


def test_scores_of_two_protocols_are_noticed(demo_run: RunPaths) -> None:
    events = read_journal(demo_run.journal)
    row = next(event["evaluation"] for event in events if event["event"] == "evaluated")
    row["protocol"] = "000000000000"
    rewrite_journal(demo_run.journal, events)
    assert load_view(demo_run).num_protocols == 2


def test_a_folder_that_holds_no_sweep_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"not a run folder \(it holds no sweep\.yaml\)"):
        load_view(RunPaths(tmp_path))


@pytest.mark.parametrize(
    ("text", "problem"),
    [("a: [", "not readable as YAML"), ("- 1", "must be a mapping, is list")],
)
def test_a_spec_that_cannot_be_read_is_named(demo_run: RunPaths, text: str, problem: str) -> None:
    demo_run.sweep.write_text(text)
    with pytest.raises(RunFolderError, match=problem):
        load_view(demo_run)


def test_a_damaged_journal_is_an_error_and_no_empty_report(demo_run: RunPaths) -> None:
    demo_run.journal.write_text("{}\n")
    with pytest.raises(JournalError, match="line 1"):
        load_view(demo_run)


def test_the_winners_classes_are_those_of_what_is_shipped_else_of_its_snapshot(
    demo_run: RunPaths,
) -> None:
    assert load_view(demo_run).classes_png is None
    picture = (demo_run.best / "samples.png").read_bytes()
    drawn = demo_run.trial("fir-07de").class_grid(220_000)
    drawn.parent.mkdir()
    drawn.write_bytes(picture)
    assert load_view(demo_run).classes_png == picture
    (demo_run.best / "classes.png").write_bytes(b"torn")
    assert load_view(demo_run).classes_png == picture
    other = demo_run.real_samples.read_bytes()
    (demo_run.best / "classes.png").write_bytes(other)
    assert load_view(demo_run).classes_png == other

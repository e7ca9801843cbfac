import io
import json
from collections.abc import Sequence
from dataclasses import replace
from math import isnan, nan
from typing import Any

import pytest
from rich.console import Console

from orchestrator.history import SweepHistory
from orchestrator.leaderboard import leaderboard, results_mapping, results_table, trial_losses
from orchestrator.records import Action, Adjustment, Evaluation, TrialRecord, Verdict, VerdictKind
from orchestrator.trial_history import TrialHistory
from tests.orchestrator.exploits import make_exploit


def trial(name: str, index: int, fids: Sequence[float], **params: Any) -> TrialHistory:
    history = TrialHistory(TrialRecord(trial_id=name, index=index, params=params))
    for step, fid in enumerate(fids):
        row = Evaluation(
            run=name, step=step, nimg=1500 * step, fid=fid, coverage=0.1 * step, modes=step
        )
        verdict = Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason=f"{name} gains")
        history.add(row, verdict)
    return history


@pytest.fixture
def history() -> SweepHistory:
    """Three trials: ``lucky`` has the lowest single FID, ``steady`` the lowest smoothed one."""
    trials = [
        trial("lucky", 0, [9, 9, 1, 9], network="mlp", d_loss="hinge", g_loss="hinge"),
        trial("steady", 1, [9, 9, 4, 4], network="dcgan", d_loss="hinge", g_loss="minimax"),
        trial("unseen", 2, []),
    ]
    return SweepHistory(trials={each.record.trial_id: each for each in trials})


def test_trials_are_ranked_by_their_smoothed_score(history: SweepHistory) -> None:
    rows = leaderboard(history)
    assert [(row.rank, row.trial_id) for row in rows] == [
        (1, "steady"),
        (2, "lucky"),
        (3, "unseen"),
    ]
    assert rows[0].smoothed_fid == pytest.approx(4.0)
    assert rows[1].smoothed_fid == pytest.approx(9.0)
    assert rows[1].best_fid == 1


def test_the_selected_trial_comes_first(history: SweepHistory) -> None:
    history.selection = {"trial_id": "lucky"}
    rows = leaderboard(history)
    assert [row.trial_id for row in rows] == ["lucky", "steady", "unseen"]
    assert [row.is_selected for row in rows] == [True, False, False]


def test_scores_by_class_are_those_at_the_best_distance(history: SweepHistory) -> None:
    for trial in history.trials.values():
        trial.evaluations[:] = [
            replace(row, label_consistency=0.1 * row.step, intra_fid=row.fid)
            for row in trial.evaluations
        ]
    rows = [row for row in leaderboard(history) if row.best_fid == row.best_fid]
    assert rows
    for row in rows:
        assert row.intra_fid == row.best_fid
        assert row.label_consistency == pytest.approx(0.1 * row.modes)  # here equal to the step
        assert row.to_mapping()["class_coverage"] is None


def test_coverage_and_modes_are_those_at_the_best_distance(history: SweepHistory) -> None:
    lucky = leaderboard(history)[1]
    assert lucky.coverage == pytest.approx(0.2)
    assert (lucky.modes, lucky.kimg) == (2, 4.5)


def test_the_front_holds_whom_no_other_trial_beats_in_both(history: SweepHistory) -> None:
    """``steady`` has the lower FID, and coverage at its best, 0.2, equal to that of ``lucky``."""
    assert {row.trial_id: row.on_front for row in leaderboard(history)} == {
        "steady": True,
        "lucky": False,
        "unseen": False,
    }
    diverse = trial("diverse", 3, [30, 30, 30, 29], network="mlp")
    history.trials["diverse"] = diverse
    assert {row.trial_id for row in leaderboard(history) if row.on_front} == {"steady", "diverse"}
    assert [line.count("•") for line in render(history)[1:]] == [1, 0, 1, 0]


def test_a_trial_that_was_rejected_is_not_on_the_front(history: SweepHistory) -> None:
    collapsed = Verdict(kind=VerdictKind.COLLAPSED, action=Action.STOP_REJECT, reason="no modes")
    history.trials["steady"].verdicts[-1] = collapsed
    assert [row.trial_id for row in leaderboard(history) if row.on_front] == ["lucky"]


def test_results_say_why_no_more_trials_were_proposed(history: SweepHistory) -> None:
    assert results_mapping(history)["proposing_end"] is None
    history.proposing_end = {"cause": "max_hours", "reason": "2.1 h are spent"}
    assert results_mapping(history)["proposing_end"] == history.proposing_end


def test_a_trial_that_was_never_evaluated_has_a_row_without_numbers(history: SweepHistory) -> None:
    row = leaderboard(history)[2]
    assert all(isnan(value) for value in (row.smoothed_fid, row.best_fid, row.coverage, row.modes))
    assert (row.network, row.losses, row.verdict, row.kimg) == ("—", "—", None, 0.0)


def test_results_are_strict_json(history: SweepHistory) -> None:
    history.selection, history.certificate = {"trial_id": "steady"}, {"fid": 4.2}
    results = json.loads(json.dumps(results_mapping(history), allow_nan=False))
    assert [row["trial_id"] for row in results["trials"]] == ["steady", "lucky", "unseen"]
    assert results["trials"][2]["best_fid"] is None
    assert results["certificate"] == {"fid": 4.2}


def test_results_of_an_unfinished_sweep_have_no_certificate(history: SweepHistory) -> None:
    assert results_mapping(history)["certificate"] is None


def test_the_table_shows_every_trial_and_a_star_at_the_selected_one(history: SweepHistory) -> None:
    history.selection = {"trial_id": "lucky"}
    lines = render(history)
    assert "★ 1" in lines[1]
    assert "lucky" in lines[1]
    assert "hinge / minimax" in lines[2]
    assert "—" in lines[3]


def test_a_narrow_terminal_cuts_words_but_no_number_and_no_name() -> None:
    long = trial("kasug-tukil", 0, [9.25, 9.25], network="dcgan", d_loss="non-saturating")
    _, *lines = render(SweepHistory(trials={"x": long}), width=80)
    assert len(lines[-1]) <= 80
    assert lines[-1].split()[:8] == ["1", "9.25", "9.25", "0.000", "0", "1.5", "•", "kasug-tukil"]


def test_names_are_not_read_as_markup() -> None:
    hostile = trial("[red]x[/red]", 0, [nan], network="[/]")
    lines = render(SweepHistory(trials={"x": hostile}))
    assert "[red]x[/red]" in lines[1]
    assert "[/]" in lines[1]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"d_loss": "hinge", "g_loss": "hinge"}, "hinge"),
        ({"g_loss": "hinge"}, "hinge"),
        ({}, "—"),
    ],
)
def test_equal_losses_are_named_once(params: dict[str, str], text: str) -> None:
    assert trial_losses(params) == text


def render(history: SweepHistory, width: int = 200) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width).print(results_table(history))
    return stream.getvalue().splitlines()


def test_what_was_adjusted_is_told_with_its_reason(history: SweepHistory) -> None:
    adjustment = Adjustment(
        step=1, nimg=1500, d_steps=2, g_steps=1, lr_factor=1.0, num_rollbacks=0, reason="D is blind"
    )
    history.trials["steady"].adjust(adjustment)
    steady, lucky, _ = results_mapping(history)["trials"]
    assert [each["reason"] for each in steady["adjustments"]] == ["D is blind"]
    assert lucky["adjustments"] == []
    json.dumps(steady, allow_nan=False)
    stream = io.StringIO()
    Console(file=stream, width=300).print(results_table(history))
    assert "now D:G 2:1; steady gains" in stream.getvalue()


def test_what_was_taken_over_is_told_before_the_reason(history: SweepHistory) -> None:
    history.trials["steady"].exploits.append(make_exploit())
    steady, lucky, _ = results_mapping(history)["trials"]
    assert [each["donor"] for each in steady["exploits"]] == ["ash"]
    assert lucky["exploits"] == []
    json.dumps(steady, allow_nan=False)
    stream = io.StringIO()
    Console(file=stream, width=400).print(results_table(history))
    assert "has weights of ash at 2 kimg, d_lr 0.0001 to 0.0008" in stream.getvalue()

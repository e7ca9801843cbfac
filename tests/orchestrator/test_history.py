from math import isnan, log, nan
from typing import Any

import pytest

from orchestrator.errors import JournalError
from orchestrator.history import SweepHistory
from orchestrator.records import (
    Action,
    Adjustment,
    Evaluation,
    StoppedBy,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from tests.orchestrator.exploits import make_exploit

GO_ON = Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason="so far so good")


def proposed(trial_id: str = "a", index: int = 0) -> dict[str, Any]:
    return {
        "event": "proposed",
        "trial_id": trial_id,
        "index": index,
        "params": {"d_lr": 1e-4},
        "seed": 7,
    }


def started(trial_id: str = "a") -> dict[str, Any]:
    return {"event": "started", "trial_id": trial_id}


def evaluated(
    step: int, fid: float, trial_id: str = "a", verdict: Verdict = GO_ON, coverage: float = 0.5
) -> dict[str, Any]:
    row = Evaluation(
        run=trial_id, step=step, nimg=64 * step, fid=fid, coverage=coverage, seconds=step / 10
    )
    return {
        "event": "evaluated",
        "trial_id": trial_id,
        "evaluation": row.to_mapping(),
        "verdict": verdict.to_mapping(),
    }


def adjusted(
    step: int, num_rollbacks: int = 0, died_nimg: int | None = None, trial_id: str = "a"
) -> dict[str, Any]:
    adjustment = Adjustment(
        step=step,
        nimg=64 * step,
        d_steps=2,
        g_steps=1,
        lr_factor=0.5**num_rollbacks,
        num_rollbacks=num_rollbacks,
        reason="so decided",
        died_nimg=died_nimg,
    )
    return {"event": "adjusted", "trial_id": trial_id, "adjustment": adjustment.to_mapping()}


def finished(trial_id: str = "a", **values: Any) -> dict[str, Any]:
    ending = {"status": "stopped", "stopped_by": "scheduler", "reason": "rung 1", "verdict": None}
    return {"event": "finished", "trial_id": trial_id} | ending | values


def replay(*events: dict[str, Any]) -> SweepHistory:
    return SweepHistory.replay({"seq": number, **event} for number, event in enumerate(events))


def test_a_trial_is_told_from_its_proposal_to_its_end() -> None:
    history = replay(proposed(), started(), evaluated(10, 9.0), evaluated(20, 4.0), finished())
    (record,) = history.records
    assert (record.trial_id, record.seed, dict(record.params)) == ("a", 7, {"d_lr": 1e-4})
    assert (record.status, record.stopped_by) == (TrialStatus.STOPPED, StoppedBy.SCHEDULER)
    assert (record.verdict, record.reason) == (VerdictKind.IMPROVING, "rung 1")
    assert (record.best_fid, record.best_coverage, record.best_step) == (4.0, 0.5, 20)
    assert (record.best_nimg, record.nimg, record.seconds) == (1280, 1280, 2.0)
    assert (record.num_evaluations, record.num_attempts) == (2, 1)
    assert record.score == pytest.approx(log(6.0))  # the geometric mean of the only two


def test_a_trial_is_pending_until_it_starts_and_each_start_is_an_attempt() -> None:
    assert replay(proposed()).records[0].status is TrialStatus.PENDING
    record = replay(proposed(), started(), started()).records[0]
    assert (record.status, record.num_attempts) == (TrialStatus.RUNNING, 2)


def test_evaluations_that_a_resumed_trial_sends_again_change_nothing() -> None:
    once = replay(proposed(), evaluated(10, 9.0), evaluated(20, 4.0))
    again = replay(
        proposed(), evaluated(10, 9.0), evaluated(20, 4.0), evaluated(10, 1.0), evaluated(20, 1.0)
    )
    assert again.evaluations == once.evaluations
    assert again.records == once.records
    assert len(again.trials["a"].verdicts) == 2


def test_a_proposal_that_is_made_again_keeps_what_is_known() -> None:
    history = replay(proposed(), started(), evaluated(10, 9.0), proposed())
    assert history.records[0].num_evaluations == 1


def test_an_evaluation_after_the_end_does_not_overrule_why_it_ended() -> None:
    history = replay(proposed(), evaluated(10, 9.0), finished(), evaluated(20, 4.0))
    record = history.records[0]
    assert (record.status, record.reason) == (TrialStatus.STOPPED, "rung 1")
    assert record.best_fid == 4.0


def test_a_paused_trial_waits_until_it_is_resumed_and_starts_again() -> None:
    pause = {"event": "paused", "trial_id": "a", "by": "verdict", "rung": None, "reason": "suspect"}
    events = [proposed(), started(), evaluated(10, 9.0), pause]
    history = replay(*events)
    record = history.records[0]
    assert (record.status, record.reason) == (TrialStatus.PAUSED, "suspect")
    assert not record.status.is_finished
    assert history.trials["a"].paused_by is StoppedBy.VERDICT
    resume = {"event": "resumed", "trial_id": "a", "reason": "nothing else is to be done"}
    resumed = replay(*events, resume).records[0]
    assert (resumed.status, resumed.reason) == (TrialStatus.PENDING, "nothing else is to be done")
    again = replay(*events, resume, started()).records[0]
    assert (again.status, again.num_attempts) == (TrialStatus.RUNNING, 2)


def test_the_last_verdict_may_come_with_the_end() -> None:
    event = finished(status="failed", stopped_by="error", verdict="dead", reason="worker lost")
    record = replay(proposed(), evaluated(10, 9.0), event).records[0]
    assert (record.verdict, record.status) == (VerdictKind.DEAD, TrialStatus.FAILED)


def test_a_trial_without_a_finite_score_has_none() -> None:
    record = replay(proposed(), evaluated(10, nan)).records[0]
    assert isnan(record.score)
    assert isnan(record.best_fid)
    assert record.best_step is None


def test_trials_are_ranked_by_smoothed_score_and_the_unscored_come_last() -> None:
    history = replay(
        *(proposed(name, index) for index, name in enumerate("abcd")),
        evaluated(10, nan, "a"),
        *(evaluated(step, fid, "b") for step, fid in ((10, 9.0), (20, 9.0), (30, 1.0))),
        *(evaluated(step, 5.0, "c") for step in (10, 20, 30)),
    )
    assert [trial.record.trial_id for trial in history.ranked] == ["c", "b", "a", "d"]
    assert history.trials["b"].record.best_fid == 1.0  # a lucky one, which the median forgives


def test_rows_and_records_stand_in_the_order_of_proposal() -> None:
    history = replay(
        proposed("b", 0), proposed("a", 1), evaluated(10, 2.0, "a"), evaluated(10, 1.0, "b")
    )
    assert [record.trial_id for record in history.records] == ["b", "a"]
    assert [row.run for row in history.evaluations] == ["b", "a"]


def test_time_counts_while_a_driver_was_alive() -> None:
    times = {"opened": 100.0, "proposed": 105.0}
    first = [{"event": name, "time_s": time_s} for name, time_s in times.items()]
    resumed = [{"event": "opened", "time_s": 900.0}, {"event": "later", "time_s": 903.0}]
    assert replay(*({**proposed(), **event} for event in (*first, *resumed))).used_s == 8.0


def test_a_clock_that_was_set_back_takes_no_time_away() -> None:
    events = [{"event": "later", "time_s": time_s} for time_s in (100.0, 50.0, 51.0)]
    assert replay(*events).used_s == 1.0


def test_what_was_selected_is_kept() -> None:
    event = {"event": "selected", "selection": {"trial_id": "a"}, "certificate": {"fid": 3.0}}
    history = replay(proposed(), event)
    assert history.selection == {"trial_id": "a"}
    assert history.certificate == {"fid": 3.0}


def test_the_finals_are_known_while_they_last() -> None:
    retesting = {"event": "retesting", "reason": "2 trials, on fresh fakes"}
    assert replay(retesting).retesting == "2 trials, on fresh fakes"
    selected = {"event": "selected", "selection": {}, "certificate": {}}
    assert replay(retesting, selected).retesting is None
    assert replay(retesting, {"event": "opened"}).retesting is None  # its driver is gone


def test_a_trial_that_ends_after_the_selection_makes_it_obsolete() -> None:
    selected = {"event": "selected", "selection": {"trial_id": "a"}, "certificate": {"fid": 3.0}}
    history = replay(proposed("a", 0), finished("a"), proposed("b", 1), selected, finished("b"))
    assert history.selection is None
    assert history.certificate is None


def test_events_of_a_later_version_are_passed_over() -> None:
    assert replay({"event": "rebalanced", "trial_id": "a"}, proposed()).records


@pytest.mark.parametrize(
    "event",
    [started(), evaluated(10, 9.0), finished(), {"event": "paused", "trial_id": "a"}],
)
def test_an_event_of_an_unknown_trial_contradicts_the_journal(event: dict[str, Any]) -> None:
    with pytest.raises(JournalError, match=f"event 0 .{event['event']}.: trial a was never"):
        replay(event)


def test_a_trial_that_is_reopened_stands_as_before_its_end() -> None:
    capped = finished(stopped_by="cap", reason="budget.max_hours = 1: 1.1 h are spent")
    selected = {"event": "selected", "selection": {"trial_id": "a"}, "certificate": {}}
    before = replay(proposed(), evaluated(10, 9.0), capped, selected)
    assert before.records[0].stopped_by is StoppedBy.CAP
    assert before.records[0].status.is_finished
    history = replay(
        proposed(), evaluated(10, 9.0), capped, selected, {"event": "reopened", "trial_id": "a"}
    )
    (record,) = history.records
    assert (record.status, record.stopped_by) == (TrialStatus.PENDING, None)
    assert (record.verdict, record.reason) == (VerdictKind.IMPROVING, "so far so good")
    assert (history.selection, history.certificate) == (None, None)
    history.apply({"seq": 9, **evaluated(20, 4.0)})
    assert history.records[0].num_evaluations == 2


def test_a_trial_that_was_cut_before_its_first_evaluation_can_be_reopened() -> None:
    events = [proposed(), finished(stopped_by="cap"), {"event": "reopened", "trial_id": "a"}]
    assert replay(*events).records[0].reason == ""


def test_why_proposing_ended_holds_until_it_begins_again() -> None:
    end = {"event": "proposing_ended", "cause": "max_hours", "reason": "2.1 h are spent"}
    history = replay(proposed(), end, finished())
    assert history.proposing_end == {"cause": "max_hours", "reason": "2.1 h are spent"}
    assert replay(proposed(), end, proposed("b", 1)).proposing_end is None


def test_what_trials_spend_counts_training_and_evaluation_once() -> None:
    def row(step: int, seconds: float, trial_id: str = "a") -> dict[str, Any]:
        values = Evaluation(run=trial_id, step=step, fid=1.0, seconds=seconds, eval_seconds=2.0)
        return evaluated(step, 1.0, trial_id) | {"evaluation": values.to_mapping()}

    events = [proposed(), proposed("b", 1), row(0, nan), row(5, 30.0), row(5, 30.0)]
    history = replay(*events, row(9, 70.0), row(4, 10.0, "b"), row(9, 71.0))
    assert history.trial_s == 70.0 + 10.0 + 4 * 2.0


DEAD = Verdict(kind=VerdictKind.DEAD, action=Action.ROLL_BACK, reason="FID is nan")
ROLLED_BACK = (
    proposed(),
    evaluated(10, 9.0),
    evaluated(20, 8.0),
    evaluated(30, 20.0),
    evaluated(40, nan, verdict=DEAD),
    adjusted(20, num_rollbacks=1, died_nimg=64 * 40),
)


def test_a_roll_back_takes_what_came_after_its_place_out_of_the_curve() -> None:
    trial = replay(*ROLLED_BACK).trials["a"]
    assert [row.step for row in trial.evaluations] == [10, 20]
    assert [row.step for row in trial.abandoned] == [30, 40]
    assert len(trial.verdicts) == 2
    record = trial.record
    assert (record.verdict, record.nimg, record.num_evaluations) == (
        VerdictKind.IMPROVING,
        64 * 20,
        2,
    )
    assert record.seconds == 4.0  # what was abandoned took its time, too


def test_after_a_roll_back_the_same_steps_come_again() -> None:
    second = evaluated(30, 7.0) | {"num_rollbacks": 1}
    history = replay(*ROLLED_BACK, second, second)
    trial = history.trials["a"]
    assert [(row.step, row.fid) for row in trial.evaluations] == [(10, 9.0), (20, 8.0), (30, 7.0)]
    assert [row.step for row in history.abandoned] == [30, 40]
    assert trial.num_rollbacks == 1


def test_what_a_resumed_trial_repeats_from_before_a_roll_back_changes_nothing() -> None:
    """Nor does what it repeats of the stretch that was abandoned, had its folder been lost."""
    once = replay(*ROLLED_BACK)
    again = replay(*ROLLED_BACK, *ROLLED_BACK[1:])
    assert again.evaluations == once.evaluations
    assert [row.step for row in again.abandoned] == [30, 40]
    assert again.trials["a"].adjustments == once.trials["a"].adjustments


def test_changes_of_the_ratio_are_on_record_once_each() -> None:
    changes = [adjusted(10), adjusted(20), adjusted(10), adjusted(20)]
    trial = replay(proposed(), evaluated(10, 9.0), evaluated(20, 8.0), *changes).trials["a"]
    assert [each.step for each in trial.adjustments] == [10, 20]
    assert len(trial.evaluations) == 2
    described = trial.to_mapping()
    assert [each["d_steps"] for each in described["adjustments"]] == [2, 2]
    assert described["trial_id"] == "a"


def test_a_roll_back_to_before_the_first_row_leaves_an_empty_curve() -> None:
    gone = adjusted(-1, num_rollbacks=1, died_nimg=640)
    trial = replay(proposed(), evaluated(10, nan, verdict=DEAD), gone).trials["a"]
    assert trial.evaluations == []
    assert len(trial.abandoned) == 1


def test_an_adjustment_of_a_trial_that_was_never_proposed_is_damage() -> None:
    with pytest.raises(JournalError, match="event 0 .adjusted.: trial a was never proposed"):
        replay(adjusted(10))


def exploited(nimg: int, *, old: float, new: float) -> dict[str, Any]:
    exploit = make_exploit(nimg, old_params={"d_lr": old}, params={"d_lr": new})
    return {"event": "exploited", "trial_id": "a", "exploit": exploit.to_mapping()}


def test_a_trial_that_exploits_waits_to_go_on() -> None:
    first = exploited(64 * 10, old=1e-4, new=2e-4)
    trial = replay(proposed(), evaluated(10, 9.0), first).trials["a"]
    assert (trial.record.status, trial.paused_by) == (TrialStatus.PAUSED, StoppedBy.SCHEDULER)
    assert (trial.record.inherited_from, trial.record.reason) == ("ash", "worse by 1.8")
    assert trial.has_new_weights
    assert trial.is_of_its_proposal  # so far


def test_it_trains_by_other_parameters_from_there_on() -> None:
    trial = replay(
        proposed(),
        evaluated(10, 9.0),
        exploited(64 * 10, old=1e-4, new=2e-4),
        {"event": "resumed", "trial_id": "a", "reason": "on"},
        evaluated(20, 5.0),
        exploited(64 * 20, old=2e-4, new=3e-4),
        evaluated(30, 4.0),
    ).trials["a"]
    assert not trial.has_new_weights
    assert not trial.is_of_its_proposal
    assert [row.step for row in trial.evaluations] == [10, 20, 30]
    rates = [trial.params_until(64 * step)["d_lr"] for step in (5, 10, 11, 20, 21, 30)]
    assert rates == [1e-4, 1e-4, 2e-4, 2e-4, 3e-4, 3e-4]
    assert trial.params == {"d_lr": 3e-4}
    assert trial.record.params == {"d_lr": 1e-4}  # as it was proposed
    assert [each["nimg"] for each in trial.to_mapping()["exploits"]] == [640, 1280]

from math import isnan, nan

import pytest

from orchestrator.records import (
    Action,
    Adjustment,
    Evaluation,
    StoppedBy,
    TrialRecord,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.trial_history import TrialHistory


def verdict(reason: str) -> Verdict:
    return Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason=reason)


def row(step: int, fid: float, seconds: float = nan) -> Evaluation:
    return Evaluation(run="a", step=step, nimg=64 * step, fid=fid, seconds=seconds)


def roll_back(step: int, died_nimg: int) -> Adjustment:
    return Adjustment(
        step=step,
        nimg=64 * step,
        d_steps=1,
        g_steps=1,
        lr_factor=0.5,
        num_rollbacks=1,
        reason="it died",
        died_nimg=died_nimg,
    )


@pytest.fixture
def trial() -> TrialHistory:
    return TrialHistory(TrialRecord(trial_id="a", index=0))


@pytest.mark.parametrize("kept_step", [20, 5], ids=["to a row", "to before the first row"])
def test_a_record_is_the_same_whether_every_row_is_looked_at_or_the_last_alone(
    trial: TrialHistory, kept_step: int
) -> None:
    looked_at = TrialHistory(trial.record)
    for step, fid in ((10, 9.0), (20, 7.0), (30, 40.0)):
        for each in (trial, looked_at):
            each.add(row(step, fid, seconds=step / 10), verdict(f"step {step}"))
        assert looked_at.record.nimg == looked_at.nimg == 64 * step
    for each in (trial, looked_at):
        each.adjust(roll_back(kept_step, died_nimg=64 * 30))
    assert repr(trial.record) == repr(looked_at.record)  # which holds for NaN, too


def test_what_a_row_said_stays_when_the_trial_ends_and_a_late_row_does_not_overrule_it(
    trial: TrialHistory,
) -> None:
    trial.add(row(10, 9.0), verdict("better"))
    trial.record = TrialRecord(
        **{**vars(trial.record), "status": TrialStatus.STOPPED, "stopped_by": StoppedBy.CAP}
    )
    assert (trial.record.reason, trial.record.best_fid) == ("better", 9.0)
    trial.add(row(20, 5.0), verdict("late"))
    assert (trial.record.reason, trial.record.best_fid) == ("better", 5.0)
    assert trial.status is TrialStatus.STOPPED


def test_a_trial_that_went_back_has_trained_as_long_as_it_had(trial: TrialHistory) -> None:
    assert isnan(trial.seconds)
    assert trial.nimg == 0
    for step in (10, 20, 30):
        trial.add(row(step, 9.0, seconds=step / 10), verdict("so far"))
    trial.adjust(roll_back(10, died_nimg=64 * 30))
    assert (trial.seconds, trial.nimg) == (3.0, 640)
    assert trial.record.seconds == 3.0

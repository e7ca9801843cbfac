from math import nan

import pytest

from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.labels import Label
from benchmarks.decision.scoring import (
    confusion,
    first_alarm,
    first_stop,
    macro_f1,
    regret,
    score_alarms,
    score_stops,
    true_gain_after,
)
from orchestrator.records import Action, Evaluation, Verdict, VerdictKind


def run_of(
    fids: list[float], truth: list[float], *, kind: str = "improving", viable: bool = True
) -> LabelledRun:
    rows = [Evaluation(run="a", step=step, fid=fid) for step, fid in enumerate(fids)]
    return LabelledRun(
        run=f"{kind}-{fids[-1]:g}",
        family="family",
        scenario="good",
        for_testing=False,
        label=Label(kind, viable),
        reference_coverage=0.97,
        budget_nimg=100,
        untrained=10.0,
        family_best=0.0,
        evaluations=rows,
        true_distance=truth,
        true_mode_mass=[1.0] * len(truth),
    )


IMPROVING = run_of([9, 5, 6, 3], [8, 4, 5, 2])
COLLAPSING = run_of([9, 5, 20, 30], [8, 4, 9, 9], kind="collapsed")
HOPELESS = run_of([9, 9, 9, 9], [9, 9, 9, 9], kind="plateaued", viable=False)


def verdicts(*kinds: str) -> list[Verdict]:
    return [
        Verdict(
            kind=VerdictKind(kind.rstrip("!")),
            action=Action.STOP_KEEP_BEST if kind.endswith("!") else Action.GO_ON,
            reason="",
        )
        for kind in kinds
    ]


def test_what_is_delivered_is_the_best_measured_row_up_to_the_stop() -> None:
    assert regret(IMPROVING, 4) == 0.0
    assert regret(IMPROVING, 3) == pytest.approx((4 - 2) / 10)
    assert regret(run_of([9, nan, 5], [8, 1, 4]), 3) == pytest.approx((4 - 1) / 10)


def test_stops_are_scored_by_rows_used_and_by_the_regret_of_viable_runs() -> None:
    runs = [IMPROVING, COLLAPSING, HOPELESS]
    stops = {IMPROVING.run: 1, COLLAPSING.run: None, HOPELESS.run: 0}
    score = score_stops(runs, stops)
    assert score.used_frac == pytest.approx((2 + 4 + 1) / 12)
    assert score.regret == pytest.approx(((4 - 2) / 10 + 0.0) / 2)
    assert score.wrong_frac == 0.5  # the first would have halved its distance


def test_gain_after_is_what_was_still_ahead() -> None:
    assert true_gain_after(IMPROVING, 1) == pytest.approx(0.5)
    assert true_gain_after(COLLAPSING, 1) == 0.0
    assert true_gain_after(IMPROVING, None) == 0.0
    assert true_gain_after(IMPROVING, 3) == 0.0


def test_alarms_are_right_on_failed_runs_and_on_hopeless_ones() -> None:
    runs = [IMPROVING, COLLAPSING, HOPELESS]
    said = {
        IMPROVING.run: verdicts("improving", "degraded!", "improving", "improving"),
        COLLAPSING.run: verdicts("improving", "improving", "collapsed!", "collapsed!"),
        HOPELESS.run: verdicts("improving", "plateaued!", "plateaued!", "plateaued!"),
    }
    score = score_alarms(runs, said)
    assert (score.sensitivity, score.precision, score.num_alarms) == (1.0, 0.5, 2)
    assert score.wrong_frac == 0.5
    assert [first_alarm(said[run.run]) for run in runs] == [1, 2, None]
    assert [first_stop(said[run.run]) for run in runs] == [1, 2, 1]


def test_f1_is_that_of_the_last_verdicts_in_the_words_of_the_labels() -> None:
    runs = [IMPROVING, COLLAPSING, HOPELESS]
    said = {
        IMPROVING.run: verdicts("warming_up"),
        COLLAPSING.run: verdicts("junk_feedback!"),
        HOPELESS.run: verdicts("discriminator_overpowered!"),
    }
    counts = confusion(runs, said)
    assert counts == {
        ("improving", "improving"): 1,
        ("collapsed", "degraded"): 1,
        ("plateaued", "plateaued"): 1,
    }
    assert macro_f1(counts) == pytest.approx(2 / 3)

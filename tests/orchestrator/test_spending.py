from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any

import pytest

from orchestrator.history import SweepHistory
from orchestrator.records import Evaluation, StoppedBy, TrialRecord, TrialStatus
from orchestrator.spending import (
    EndCause,
    end_of_proposing,
    has_trials_left,
    num_to_propose,
    passed_cap,
    reopenable,
    spent,
    trials_cap,
)
from orchestrator.trial_history import TrialHistory
from tests.orchestrator.scripted import make_config

GPU = {"gpus_per_trial": 0.5}


def trial(index: int, score: float, **values: Any) -> TrialHistory:
    ended = {"status": TrialStatus.COMPLETED, "stopped_by": StoppedBy.BUDGET}
    record = TrialRecord(trial_id=str(index), index=index, score=score, **{**ended, **values})
    return TrialHistory(record)


def history(
    trials: Sequence[TrialHistory] = (), *, used_s: float = 0.0, trial_s: float = 0.0
) -> SweepHistory:
    by_name = {each.record.trial_id: each for each in trials}
    return SweepHistory(trials=by_name, used_s=used_s, trial_s=trial_s)


def test_hours_are_those_of_drivers_and_gpu_hours_those_of_trials() -> None:
    used = spent(make_config(resources=GPU), history(used_s=7200.0, trial_s=36000.0))
    assert (used.hours, used.gpu_hours) == (2.0, 5.0)


def test_without_caps_nothing_is_passed() -> None:
    assert passed_cap(make_config(resources=GPU), history(used_s=1e9, trial_s=1e9)) is None


@pytest.mark.parametrize(
    ("caps", "cause", "reason"),
    [
        ({"max_hours": 2}, EndCause.MAX_HOURS, "budget.max_hours = 2: 2 h are spent"),
        (
            {"max_gpu_hours": 4.5},
            EndCause.MAX_GPU_HOURS,
            "budget.max_gpu_hours = 4.5: 5 GPU hours are spent",
        ),
    ],
)
def test_a_cap_is_passed_when_it_is_reached(
    caps: dict[str, float], cause: EndCause, reason: str
) -> None:
    now = history(used_s=7200.0, trial_s=36000.0)
    passed = passed_cap(make_config(resources=GPU, budget=caps), now)
    assert passed is not None
    assert (passed.cause, passed.reason) == (cause, reason)
    higher = {name: 1.2 * value for name, value in caps.items()}
    assert passed_cap(make_config(resources=GPU, budget=higher), now) is None


def test_the_cap_on_trials_needs_a_plan_that_goes_beyond() -> None:
    four = history([trial(index, 1.0) for index in range(4)])
    for cap, planned, is_capped in [(4, 9, True), (3, 9, True), (5, 9, False), (4, 4, False)]:
        config = make_config(search={"trials": planned}, budget={"max_trials": cap})
        assert (trials_cap(config, four) is not None) is is_capped
        assert config.num_trials == min(cap, planned)


def settling(**search: Any) -> Any:
    return make_config(search={"trials": 30, "stop_when_settled": True} | search)


def test_a_search_settles_only_where_the_spec_asks() -> None:
    flat = history([trial(index, 1.0) for index in range(20)])
    end = end_of_proposing(settling(), flat)
    assert end is not None
    assert end.cause is EndCause.SETTLED
    assert end_of_proposing(settling(stop_when_settled=False), flat) is None


@pytest.mark.parametrize(
    "unfinished",
    [
        {"status": TrialStatus.RUNNING, "stopped_by": None},
        {"status": TrialStatus.STOPPED, "stopped_by": StoppedBy.CAP},
    ],
)
def test_a_trial_that_may_go_on_is_no_evidence(unfinished: dict[str, Any]) -> None:
    trials = [trial(index, 1.0) for index in range(11)]
    assert end_of_proposing(settling(), history([*trials, trial(11, 1.0, **unfinished)])) is None
    assert end_of_proposing(settling(), history([*trials, trial(11, 1.0)])) is not None


def test_a_trial_that_waits_is_evidence_for_few_of_them_ever_go_on() -> None:
    waiting = {"status": TrialStatus.PAUSED, "stopped_by": None}
    trials = [trial(index, 1.0, **waiting) for index in range(12)]
    assert end_of_proposing(settling(), history(trials)) is not None


def test_failures_are_evidence_without_a_score() -> None:
    failed = [trial(index, nan, status=TrialStatus.FAILED) for index in range(12)]
    assert end_of_proposing(settling(), history(failed)) is None
    flat = [trial(index, 1.0) for index in range(12, 18)]
    assert end_of_proposing(settling(), history(failed + flat[:5])) is None
    assert end_of_proposing(settling(), history(failed + flat)) is not None


def test_the_error_is_that_of_the_best_trial() -> None:
    """Noise of 20 % in the halves of the best hides a gain; in another trial it does not."""

    def noisy(each: TrialHistory) -> TrialHistory:
        for step in range(9):
            row = Evaluation(run="a", step=step, fid=2.0, fid_a=2.4, fid_b=1.6)
            each.evaluations.append(row)
        return each

    scores = [1.0 + 0.013 * (index % 7) for index in range(20)]
    trials = [trial(index, score) for index, score in enumerate(scores)]
    assert end_of_proposing(settling(), history(trials)) is None
    noisy(trials[3])
    assert end_of_proposing(settling(), history(trials)) is None
    noisy(trials[0])
    assert end_of_proposing(settling(), history(trials)) is not None


def test_what_was_decided_holds() -> None:
    varied = history([trial(index, float(index % 7)) for index in range(20)])
    assert end_of_proposing(settling(), varied) is None
    varied.proposing_end = {"cause": "settled", "reason": "as decided"}
    end = end_of_proposing(settling(), varied)
    assert end is not None
    assert end.reason == "as decided"
    assert end_of_proposing(settling(stop_when_settled=False), varied) is None


IN_VAIN = {"status": TrialStatus.STOPPED, "stopped_by": StoppedBy.SCHEDULER}
CAPPED = {"status": TrialStatus.STOPPED, "stopped_by": StoppedBy.CAP}


def in_vain(index: int, **values: Any) -> TrialHistory:
    """Return a trial that ended while it waited."""
    return replace(trial(index, 1.0, **IN_VAIN | values), paused_by=StoppedBy.SCHEDULER)


@pytest.mark.parametrize(
    ("num_trials", "used_s", "expected"),
    [
        (4, 0.0, ["1"]),  # all is proposed, but there is room again
        (5, 0.0, ["1", "2"]),
        (5, 7200.0, []),
    ],
)
def test_what_the_end_had_cut_short_is_reopened_where_it_has_a_chance(
    num_trials: int, used_s: float, expected: list[str]
) -> None:
    config = make_config(search={"trials": num_trials}, budget={"max_hours": 2})
    outclassed = trial(3, 1.0, **IN_VAIN)
    trials = [trial(0, 1.0), trial(1, 1.0, **CAPPED), in_vain(2), outclassed]
    assert reopenable(config, history(trials, used_s=used_s)) == expected


def test_who_waited_when_a_cap_came_waits_on_whether_or_not_more_trials_come() -> None:
    waited = history([in_vain(0, **CAPPED)])
    assert reopenable(make_config(search={"trials": 1}), waited) == ["0"]


def test_once_the_finals_have_begun_nothing_more_is_proposed() -> None:
    begun = [in_vain(0), trial(1, 1.0, replicate_of="0")]
    assert num_to_propose(make_config(search={"trials": 9}), history(begun)) == 0
    assert reopenable(make_config(search={"trials": 9}), history(begun)) == []


@pytest.mark.parametrize(
    ("trials", "sections", "is_left"),
    [
        ([trial(0, 1.0)], {"search": {"trials": 1}}, False),
        ([in_vain(0)], {"search": {"trials": 1}}, False),
        ([trial(0, 1.0)], {"search": {"trials": 2}}, True),
        ([trial(0, 1.0)], {"search": {"trials": 2}, "budget": {"max_trials": 1}}, False),
        ([trial(0, 1.0, **CAPPED)], {"search": {"trials": 1}}, True),
        ([trial(0, 1.0, status=TrialStatus.PAUSED)], {"search": {"trials": 1}}, True),
        ([trial(0, 1.0)], {"search": {"trials": 1}, "selection": {"retrain_seeds": 1}}, True),
    ],
)
def test_trials_are_left_while_any_may_run(
    trials: list[TrialHistory], sections: dict[str, Any], is_left: bool
) -> None:
    assert has_trials_left(make_config(**sections), history(trials)) is is_left


def test_finalists_are_not_trained_anew_for_a_choice_that_is_made() -> None:
    config = make_config(search={"trials": 1}, selection={"retrain_seeds": 1})
    chosen = history([trial(0, 1.0)])
    chosen.selection = {"trial_id": "0"}
    assert not has_trials_left(config, chosen)

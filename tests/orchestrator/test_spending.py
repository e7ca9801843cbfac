from collections.abc import Sequence
from math import nan
from typing import Any

import pytest

from orchestrator.history import SweepHistory, TrialHistory
from orchestrator.records import Evaluation, StoppedBy, TrialRecord, TrialStatus
from orchestrator.spending import EndCause, end_of_proposing, passed_cap, spent, trials_cap
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

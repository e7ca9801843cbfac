from math import nan
from typing import Any

import pytest

from orchestrator.config.model import SweepConfig
from orchestrator.decision.full import FullScheduler
from orchestrator.history import SweepHistory
from orchestrator.pace import Pace, describe_hours, hours_of, is_of_one_pace, pace_of_run
from orchestrator.plan import SweepPlan, plan_sweep
from orchestrator.records import Evaluation
from tests.orchestrator.scripted import make_config

PACE = Pace(kimg_s=36.0, evaluation_s=9.0, source="runs/earlier")


def sized(**sections: Any) -> SweepConfig:
    """Return ten trials of 100 kimg in eleven evaluations each, and three finalists."""
    given = {
        "search": {"trials": 10},
        "budget": {"kimg_per_trial": 100},
        "evaluation": {"every_kimg": 10},
    }
    return make_config(
        **{name: given.get(name, {}) | sections.get(name, {}) for name in (*given, *sections)}
    )


def planned(config: SweepConfig, *, concurrent: int = 2) -> SweepPlan:
    return plan_sweep(config, FullScheduler(), concurrent=concurrent)


def test_trials_share_the_clock_and_the_finals_come_on_top() -> None:
    config = sized(resources={"gpus_per_trial": 0.5})
    plan = planned(config)
    hours = hours_of(plan.full, plan, PACE, gpus_per_trial=0.5)
    trial_h = (1000 * 36.0 + 110 * 9.0) / 3600
    assert hours.hours == pytest.approx(trial_h / 2 + 97 * 9.0 / 3600)
    assert hours.gpu_hours == pytest.approx(trial_h * 0.5)


def test_more_places_than_trials_save_nothing_more() -> None:
    config = sized()
    few, many = planned(config, concurrent=10), planned(config, concurrent=50)
    assert hours_of(few.full, few, PACE, gpus_per_trial=0) == hours_of(
        many.full, many, PACE, gpus_per_trial=0
    )


def test_hours_are_said_with_the_pace_that_they_rest_on() -> None:
    config = sized(resources={"gpus_per_trial": 0.5})
    assert describe_hours(planned(config), PACE, config) == [
        "about 5.38 h, of at most 5.38, 5.14 GPU h of 5.14 "
        "(36 s a kimg, 9 s an evaluation: runs/earlier)",
        "caps: none",
    ]


def test_without_a_gpu_no_gpu_hours_are_said() -> None:
    assert "GPU" not in describe_hours(planned(sized()), PACE, sized())[0]


def test_without_a_pace_the_caps_are_said_all_the_same() -> None:
    config = sized(budget={"max_hours": 2, "max_trials": 8})
    assert describe_hours(planned(config), None, config) == [
        "hours: not known without a measured pace; --time takes seconds to measure one",
        "budget.max_trials = 8 caps search.trials",
        "caps: budget.max_hours = 2, budget.max_trials = 8",
    ]


def test_a_cap_that_is_too_low_is_told_before_anything_is_spent() -> None:
    caps = {"max_hours": 5.2, "max_gpu_hours": 5.1}
    config = sized(budget=caps, resources={"gpus_per_trial": 0.5})
    lines = describe_hours(planned(config), PACE, config)
    assert "budget.max_hours = 5.2 would cut the sweep short" in lines
    assert "budget.max_gpu_hours = 5.1 would cut the sweep short" in lines
    enough = sized(budget={"max_hours": 5.4}, resources={"gpus_per_trial": 0.5})
    assert not [line for line in describe_hours(planned(enough), PACE, enough) if "cut" in line]


def history_of(*rows: Evaluation) -> SweepHistory:
    verdict = {"kind": "improving", "action": "go_on", "reason": ""}
    events: list[dict[str, Any]] = []
    for name in dict.fromkeys(row.run for row in rows):
        event = {"event": "proposed", "trial_id": name, "index": 0, "params": {}, "seed": 0}
        events.append(event)
    for row in rows:
        values = {"evaluation": row.to_mapping(), "verdict": verdict}
        events.append({"event": "evaluated", "trial_id": row.run, **values})
    return SweepHistory.replay(events)


def row(run: str, step: int, *, kimg: int, seconds: float, eval_seconds: float) -> Evaluation:
    return Evaluation(
        run=run, step=step, fid=1.0, nimg=1000 * kimg, seconds=seconds, eval_seconds=eval_seconds
    )


def test_the_pace_of_a_run_is_the_mean_over_its_images_and_its_evaluations() -> None:
    history = history_of(
        row("a", 0, kimg=0, seconds=0.0, eval_seconds=4.0),
        row("a", 1, kimg=30, seconds=60.0, eval_seconds=2.0),
        row("b", 0, kimg=10, seconds=60.0, eval_seconds=nan),
    )
    pace = pace_of_run(history, "runs/a")
    assert pace == Pace(kimg_s=120 / 40, evaluation_s=3.0, source="runs/a")


def test_a_run_that_has_not_trained_has_no_pace() -> None:
    assert pace_of_run(SweepHistory(), "runs/a") is None
    untrained = history_of(row("a", 0, kimg=0, seconds=0.0, eval_seconds=4.0))
    assert pace_of_run(untrained, "runs/a") is None


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({"search": {"trials": 99, "seed": 5}, "budget": {"max_hours": 2}}, True),
        ({"budget": {"kimg_per_trial": 900}, "evaluation": {"every_kimg": 30}}, True),
        ({"evaluation": {"samples": 128}}, False),
        ({"fixed": {"batch_size": 8}}, False),
        ({"data": {"name": "grid25"}}, False),
        ({"resources": {"cpus_per_trial": 2}}, False),
    ],
)
def test_what_changes_the_work_of_a_trial_changes_its_pace(
    change: dict[str, Any], is_same: bool
) -> None:
    assert is_of_one_pace(make_config(), make_config(**change)) is is_same

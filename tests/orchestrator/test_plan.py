from random import Random
from typing import Any

import pytest

from orchestrator.config.load import build_config
from orchestrator.config.model import SweepConfig
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.full import FullScheduler
from orchestrator.decision.scheduler import Scheduler
from orchestrator.plan import PlannedBracket, SweepPlan, describe_plan, plan_sweep
from orchestrator.records import Evaluation
from orchestrator.sweep import make_scheduler
from tests.orchestrator.decision.cohorts import carry_out


def config(**sections: Any) -> SweepConfig:
    values = {
        "name": "a",
        "data": {"name": "ring8"},
        "space": "ring8",
        "search": {"trials": 27},
        "budget": {"kimg_per_trial": 100},
        "evaluation": {"every_kimg": 10},
        "scheduler": {"reduction": 3, "grace_kimg": 10},
    }
    return build_config(values | sections)


def asha(config: SweepConfig) -> AshaScheduler:
    return AshaScheduler(
        grace_nimg=round(1000 * config.scheduler.grace_kimg),
        reduction=config.scheduler.reduction,
        budget_nimg=config.budget.nimg_per_trial,
    )


def plan(config: SweepConfig, scheduler: Scheduler | None = None) -> SweepPlan:
    return plan_sweep(config, scheduler or asha(config), concurrent=2)


def test_each_rung_keeps_one_in_reduction() -> None:
    (bracket,) = plan(config()).brackets
    rungs = bracket.rungs
    assert [rung.kimg for rung in rungs] == [10, 30, 90]
    assert [rung.trials_in for rung in rungs] == [27, 9, 3]
    assert [rung.trials_out for rung in rungs] == [9, 3, 1]


def test_the_cost_adds_up_what_trials_spend_between_rungs() -> None:
    planned = plan(config())
    # 27 to 10 kimg, 9 for 20 more, 3 for 60 more, 1 for the last 10
    assert planned.expected.kimg == pytest.approx(270 + 180 + 180 + 10)
    assert planned.full.kimg == 2700


def test_without_rungs_every_trial_costs_its_budget() -> None:
    planned = plan(config(), FullScheduler())
    assert planned.brackets == (PlannedBracket(num_trials=27),)
    assert planned.expected.kimg == planned.full.kimg


def test_a_rung_is_decided_at_the_next_evaluation() -> None:
    coarse = plan(config(evaluation={"every_kimg": 40}))
    assert [rung.kimg for rung in coarse.brackets[0].rungs] == [40, 40, 100]
    assert coarse.expected.kimg == pytest.approx(27 * 40 + 3 * 60)


def test_evaluations_add_up_as_images_do() -> None:
    planned = plan(config())
    # 27 trials up to and with that at 10 kimg, 9 two more, 3 six more, 1 the last
    assert planned.expected.evaluations == 27 * 2 + 9 * 2 + 3 * 6 + 1
    assert planned.full.evaluations == 27 * 11
    assert plan(config(), FullScheduler()).expected == planned.full


def test_the_finals_halve_the_ring_of_every_finalist_and_of_its_replicates() -> None:
    rule = {"finalists": 4, "snapshots": 5, "seeds": 3}  # all six on one draw, three on two more
    assert plan(config(selection=rule)).finals_evaluations == 4 * 12 + 1
    assert plan(config(selection=rule | {"retrain_seeds": 2})).finals_evaluations == 12 * 12 + 1
    few = config(selection=rule, search={"trials": 2})
    assert plan(few).finals_evaluations == 2 * 12 + 1
    coarse = config(selection=rule, evaluation={"every_kimg": 50})
    assert plan(coarse).finals_evaluations == 4 * 2 * 3 + 1


def test_a_cap_on_trials_counts_before_the_plan() -> None:
    assert plan(config(budget={"kimg_per_trial": 100, "max_trials": 9})).num_trials == 9


@pytest.mark.parametrize(("every_kimg", "expected"), [(10, 11), (30, 5), (100, 2), (33.3, 5)])
def test_evaluations_are_counted_as_a_trial_makes_them(every_kimg: float, expected: int) -> None:
    sweep = config(evaluation={"every_kimg": every_kimg})
    every, budget = sweep.evaluation.every_nimg, sweep.budget.nimg_per_trial
    assert len({*range(0, budget, every), budget}) == expected
    assert plan(sweep).evaluations_per_trial == expected


def flat(fid: float) -> list[Evaluation]:
    return [Evaluation(run="t", step=kimg, nimg=kimg * 1000, fid=fid) for kimg in range(0, 101, 10)]


def spent_kimg(scheduler: Scheduler, *, num_trials: int) -> float:
    """Carry out a cohort in random order; return what it saw beyond the untrained states."""
    fids = [1.0 + trial for trial in range(num_trials)]
    Random(0).shuffle(fids)
    rows = carry_out(scheduler, {str(fid): flat(fid) for fid in fids}).num_rows
    return sum(10.0 * (num_rows - 1) for num_rows in rows.values())


def test_the_expectation_is_what_a_large_cohort_in_random_order_spends() -> None:
    sweep = config(search={"trials": 600})
    spent = spent_kimg(asha(sweep), num_trials=600)
    assert spent == pytest.approx(plan(sweep).expected.kimg, rel=0.1)


def test_the_expectation_counts_every_bracket() -> None:
    sweep = config(search={"trials": 600}, scheduler={"kind": "hyperband", "grace_kimg": 10})
    planned = plan(sweep, make_scheduler(sweep))
    assert [bracket.num_trials for bracket in planned.brackets] == pytest.approx(
        [600 * weight / 49 for weight in (27, 12, 6, 4)]
    )
    spent = spent_kimg(make_scheduler(sweep), num_trials=600)
    assert spent == pytest.approx(planned.expected.kimg, rel=0.1)


def test_a_plan_is_said_in_a_few_lines() -> None:
    assert describe_plan(plan(config())) == [
        "27 trials of up to 100 kimg, 11 evaluations each, 2 at once",
        "rung at 10 kimg: about 27 trials come, 9 go on",
        "rung at 30 kimg: about 9 trials come, 3 go on",
        "rung at 90 kimg: about 3 trials come, 1 go on",
        "about 640 kimg, 24% of the full 2,700; where scores tie, up to half as many more go on; "
        "trials that prove broken or flat cost less",
        "about 91 evaluations, of at most 297; the finals make 97 more at most",
    ]


def test_a_plan_without_rungs_says_so() -> None:
    lines = describe_plan(plan(config(scheduler={"grace_kimg": 100})))
    assert lines[1] == "no rung below the budget: no trial is stopped for being worse than others"
    assert "100% of the full 2,700" in lines[2]


def test_a_plan_with_brackets_names_them() -> None:
    sweep = config(scheduler={"kind": "hyperband", "grace_kimg": 30}, search={"trials": 17})
    assert describe_plan(plan(sweep, make_scheduler(sweep))) == [
        "17 trials of up to 100 kimg, 11 evaluations each, 2 at once",
        "bracket 0, rung at 30 kimg: about 9 trials come, 3 go on",
        "bracket 0, rung at 90 kimg: about 3 trials come, 1 go on",
        "bracket 1, rung at 90 kimg: about 5 trials come, 1.67 go on",
        "bracket 2, about 3 trials spend their whole budget",
        "about 1,227 kimg, 72% of the full 1,700; where scores tie, up to half as many more go on; "
        "trials that prove broken or flat cost less",
        "about 140 evaluations, of at most 187; the finals make 97 more at most",
    ]


def test_a_plan_by_the_median_promises_no_saving() -> None:
    sweep = config(scheduler={"kind": "median", "grace_kimg": 30})
    lines = describe_plan(plan(sweep, make_scheduler(sweep)))
    assert lines[1] == (
        "from 30 kimg on, trials worse than the median are stopped; how many is not known"
    )
    assert "100% of the full 2,700" in lines[2]


def test_a_plan_of_a_population_counts_every_trial_whole() -> None:
    sweep = config(scheduler={"kind": "pbt", "interval_kimg": 20})
    lines = describe_plan(plan(sweep, make_scheduler(sweep)))
    assert lines[1] == (
        "every 20 kimg, trials significantly worse than the best go on from the weights of these; "
        "none is stopped for it"
    )
    assert "100% of the full 2,700" in lines[2]


def test_fresh_trainings_of_the_finalists_are_planned_beside_the_search() -> None:
    *_, line = describe_plan(plan(config(selection={"finalists": 3, "retrain_seeds": 5})))
    expected = "then the finalists are trained anew: 15 trainings, up to 1,500 kimg more"
    assert line == expected
    assert "trained anew" not in describe_plan(plan(config()))[-1]

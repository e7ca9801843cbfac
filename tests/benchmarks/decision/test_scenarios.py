from collections import Counter

from benchmarks.decision.scenarios import FAMILIES, SCENARIOS, all_plans, plan_run
from gan_models.config import GanConfig


def test_every_plan_is_a_run_of_its_own_that_training_accepts() -> None:
    plans = all_plans()
    assert len({plan.run for plan in plans}) == len(plans) > 300
    for plan in plans:
        for change in plan.changes:
            assert 0 < change.at_nimg < plan.data.budget_nimg
            GanConfig.from_params({**plan.params, **change.params})
        GanConfig.from_params(plan.params)


def test_every_family_has_every_scenario_and_half_of_them_are_kept_for_testing() -> None:
    seen = {(plan.family.name, plan.scenario) for plan in all_plans()}
    names = {family.name for family in FAMILIES}
    assert seen == {(name, scenario) for name in names for scenario in (*SCENARIOS, "random")}
    assert Counter(family.for_testing for family in FAMILIES) == {True: 6, False: 6}


def test_equal_arguments_plan_the_equal_run() -> None:
    assert plan_run(FAMILIES[0], "frozen-d", 1) == plan_run(FAMILIES[0], "frozen-d", 1)
    assert plan_run(FAMILIES[0], "frozen-d", 1).seed != plan_run(FAMILIES[0], "frozen-d", 0).seed

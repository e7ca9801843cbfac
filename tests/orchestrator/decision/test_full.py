from math import nan

from orchestrator.decision.full import FullScheduler
from orchestrator.decision.scheduler import CohortAction
from orchestrator.records import Evaluation


def test_even_a_hopeless_trial_spends_its_budget() -> None:
    scheduler = FullScheduler()
    scheduler.report("good", [Evaluation(run="good", step=1, nimg=10**6, fid=1.0)])
    decision = scheduler.report("dead", [Evaluation(run="dead", step=1, nimg=10**6, fid=nan)])
    assert decision.action is CohortAction.GO_ON
    assert decision.rung is None

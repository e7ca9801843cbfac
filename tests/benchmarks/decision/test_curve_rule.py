from benchmarks.decision.baselines import patience
from benchmarks.decision.curve_rule import CurveRuleScheduler
from orchestrator.decision.scheduler import CohortAction
from orchestrator.records import Evaluation


def test_each_run_ends_where_the_rule_stops_its_own_curve() -> None:
    scheduler = CurveRuleScheduler(patience(2))
    fids = [5.0, 4.0, 6.0, 6.0, 3.0]
    rows = [Evaluation(run="a", step=step, fid=fid) for step, fid in enumerate(fids)]
    actions = [scheduler.report("a", rows[:end]).action for end in range(1, 5)]
    assert actions == [*3 * [CohortAction.GO_ON], CohortAction.STOP]
    assert scheduler.report("b", rows[:3]).action is CohortAction.GO_ON
    assert scheduler.next_to_resume({"a"}) is None

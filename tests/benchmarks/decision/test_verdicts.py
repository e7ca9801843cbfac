from collections.abc import Callable
from math import nan

from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.scoring import first_stop
from benchmarks.decision.verdicts import RememberedVerdicts, replay_run, stop_of, sweep_rules
from orchestrator.decision.scheduler import CohortAction

MakeRun = Callable[..., LabelledRun]


def flat_after(make_run: MakeRun, rows: int) -> LabelledRun:
    return make_run("a", [5.0 + 40.0 * max(0.0, 1 - row / rows) for row in range(61)])


def test_rules_are_those_of_a_sweep_with_the_runs_budget(make_run: MakeRun) -> None:
    rules = sweep_rules(make_run("a", 31 * [9.0]))
    assert (rules.warm_up_evaluations, rules.plateau_window) == (4, 10)
    assert sweep_rules(make_run("a", 31 * [9.0]), 0.3).min_gain_frac == 0.3


def test_a_run_is_stopped_where_its_replay_first_is(make_run: MakeRun) -> None:
    for run in (flat_after(make_run, 10), make_run("b", [9.0, 8.0, nan, nan])):
        stop = stop_of(run)
        assert stop is not None
        assert stop == first_stop(replay_run(run))
    assert stop_of(make_run("c", [9.0 * 0.95**row for row in range(61)])) is None


def test_who_asks_for_more_gain_stops_sooner(make_run: MakeRun) -> None:
    slowing = make_run("a", [5.0 + 40.0 / (1 + row) for row in range(61)])
    eager, patient = (stop_of(slowing, gain) or 61 for gain in (0.5, 0.001))
    assert eager < patient


def test_a_remembered_verdict_is_the_verdict(make_run: MakeRun) -> None:
    run = flat_after(make_run, 10)
    stop = stop_of(run)
    assert stop is not None
    scheduler = RememberedVerdicts({"a": run})
    for _ in range(2):
        for num_rows, action in ((stop, CohortAction.GO_ON), (stop + 1, CohortAction.STOP)):
            assert scheduler.report("a", run.evaluations[:num_rows]).action is action

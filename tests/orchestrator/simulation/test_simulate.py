from collections.abc import Callable, Container, Sequence
from math import nan

import pytest

from orchestrator.decision.full import FullScheduler
from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.records import Evaluation
from orchestrator.simulation.cohort import Cohort
from orchestrator.simulation.simulate import simulate

MakeCurve = Callable[..., list[Evaluation]]


class Scripted:
    """Does to a run at a row what the script says, and resumes whom it is told to."""

    def __init__(
        self,
        script: dict[tuple[str, int], CohortAction],
        resumed: dict[ToCome, Sequence[str]] | None = None,
    ) -> None:
        self.script = script
        self.resumed = resumed or {}
        self.heard: list[tuple[str, int]] = []
        self.ends: list[str] = []

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        self.heard.append((trial_id, len(evaluations)))
        action = self.script.get(self.heard[-1], CohortAction.GO_ON)
        return CohortDecision(action=action, reason=f"row {len(evaluations)}")

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        self.ends.append(trial_id)

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        return next((run for run in self.resumed.get(to_come, ()) if run in paused), None)


@pytest.fixture
def cohort(make_curve: MakeCurve) -> Cohort:
    """Two runs of equal cost and one of twice that; the last is the best by far."""
    return Cohort.of(
        {
            "a": make_curve("a", [9, 8, 7, 6]),
            "b": make_curve("b", [9, 9, 9, 9]),
            "c": make_curve("c", [9, 5, 4, 3], every=200),
        }
    )


def test_full_budget_has_no_regret_and_uses_everything(cohort: Cohort) -> None:
    played = simulate(cohort, "full", FullScheduler(), concurrent=2)
    assert played.compute_used_frac == 1.0
    assert played.winner.name == "c"
    assert played.regret_frac == 0.0


def test_what_is_stopped_costs_what_it_had_spent_and_delivers_what_it_had_reached(
    cohort: Cohort,
) -> None:
    stop = CohortAction.STOP
    policy = Scripted({("a", 1): stop, ("b", 1): stop, ("c", 3): stop})
    played = simulate(cohort, "scripted", policy, concurrent=3)
    assert played.used == 100 + 100 + 600
    assert played.compute_used_frac == pytest.approx(800 / 1600)
    assert played.delivered_fid == 4
    assert played.regret_frac == pytest.approx((4 - 3) / 3)
    assert sorted(policy.ends) == ["a", "b", "c"]


def test_the_winner_is_the_best_of_what_was_trained(cohort: Cohort) -> None:
    policy = Scripted({("c", 1): CohortAction.STOP})
    played = simulate(cohort, "scripted", policy, concurrent=3)
    assert played.winner.name == "a"
    mapping = played.to_mapping()
    assert mapping["winner_is_true_best"] is False
    assert (mapping["true_best"], mapping["best_fid"]) == ("c", 3)
    assert mapping["regret_frac"] == pytest.approx((6 - 3) / 3)


def test_workers_take_turns_by_what_rows_cost(cohort: Cohort) -> None:
    policy = Scripted({})
    simulate(cohort, "scripted", policy, concurrent=3)
    assert policy.heard[:6] == [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("a", 3)]


def test_one_worker_runs_one_after_the_other(cohort: Cohort) -> None:
    policy = Scripted({})
    simulate(cohort, "scripted", policy, concurrent=1)
    assert [run for run, _ in policy.heard] == ["a"] * 4 + ["b"] * 4 + ["c"] * 4


def test_a_paused_run_frees_its_worker_and_goes_on_where_it_was(cohort: Cohort) -> None:
    pause = {("a", 2): CohortAction.PAUSE}
    policy = Scripted(pause, {ToCome.NOTHING: ["a"]})
    played = simulate(cohort, "scripted", policy, concurrent=1)
    runs = [run for run, _ in policy.heard]
    assert runs == ["a", "a", *["b"] * 4, *["c"] * 4, "a", "a"]
    assert played.compute_used_frac == 1.0


def test_a_promoted_run_goes_before_new_ones(cohort: Cohort) -> None:
    policy = Scripted({("a", 2): CohortAction.PAUSE}, {ToCome.NEW_TRIALS: ["a"]})
    simulate(cohort, "scripted", policy, concurrent=1)
    assert [run for run, _ in policy.heard][:5] == ["a"] * 4 + ["b"]


def test_a_run_that_nobody_resumes_stays_where_it_was_paused(cohort: Cohort) -> None:
    policy = Scripted({("a", 2): CohortAction.PAUSE})
    played = simulate(cohort, "scripted", policy, concurrent=1)
    assert played.num_rows["a"] == 2
    assert "a" not in policy.ends
    (entry, *_) = played.to_mapping()["runs"]
    assert entry == {"run": "a", "last_step": 200, "used_frac": 0.5, "reason": "row 2"}


def test_what_cannot_be_delivered_or_compared_is_no_number() -> None:
    unmeasured = [Evaluation(run="a", step=step, fid=fid) for step, fid in ((1, nan), (2, 5.0))]
    cohort = Cohort.of({"a": unmeasured})
    stop = Scripted({("a", 1): CohortAction.STOP})
    told = simulate(cohort, "scripted", stop, concurrent=1).to_mapping()
    assert (told["delivered_fid"], told["regret_frac"]) == (None, None)
    perfect = Cohort.of({"a": [Evaluation(run="a", step=1, fid=0.0)]})
    full = simulate(perfect, "full", FullScheduler(), concurrent=1).to_mapping()
    assert (full["delivered_fid"], full["regret_frac"]) == (0.0, None)

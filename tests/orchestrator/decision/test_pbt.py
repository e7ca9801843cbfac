from collections.abc import Callable, Sequence
from math import exp, nan

import numpy as np
import pytest

from orchestrator.decision.pbt import PbtScheduler
from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]
GO_ON, EXPLOIT = CohortAction.GO_ON, CohortAction.EXPLOIT


def scheduler(**settings: float) -> PbtScheduler:
    """Return a scheduler with places at 30, 60 and 90 of 100 kimg."""
    values = {"interval_nimg": 30_000, "budget_nimg": 100_000} | settings
    return PbtScheduler(**values)  # type: ignore[arg-type]


def flat(log_fid: float, num_rows: int = 4, *, noise: float = 0.1) -> list[Evaluation]:
    """Return rows every 10 kimg whose half-samples have just this noise of ln(FID)."""
    half = noise / 1.4826
    return [
        Evaluation(
            run="t",
            step=row,
            nimg=10_000 * row,
            fid=exp(log_fid),
            fid_a=exp(log_fid + half),
            fid_b=exp(log_fid - half),
        )
        for row in range(num_rows)
    ]


def meet(found: PbtScheduler, log_fids: Sequence[float], num_rows: int = 4) -> CohortDecision:
    """Let trials come to a place in this order; return the decision on the last."""
    decisions = [
        found.report(f"t{index}", flat(each, num_rows)) for index, each in enumerate(log_fids)
    ]
    return decisions[-1]


class TestPlaces:
    def test_they_lie_at_each_interval_below_the_budget(self) -> None:
        assert list(scheduler().places_nimg) == [30_000, 60_000, 90_000]
        assert list(scheduler(budget_nimg=90_000).places_nimg) == [30_000, 60_000]

    def test_nothing_is_decided_before_the_first(self) -> None:
        found = scheduler()
        for index in range(8):
            decision = found.report(f"t{index}", flat(float(index), num_rows=3))
            assert (decision.action, decision.rung) == (GO_ON, None)
            assert decision.reason == "below the first place at 30 kimg"

    def test_without_one_nothing_ever_is(self) -> None:
        found = scheduler(interval_nimg=100_000)
        assert found.report("t", flat(0.0, 11)).reason == "no place of comparison below the budget"


class TestExploit:
    def test_the_worst_goes_on_from_the_weights_of_the_best(self) -> None:
        decision = meet(scheduler(), [1.0, 0.2, 1.0, 2.0])
        assert decision.action is EXPLOIT
        assert decision.donor == ("t1", 30_000)
        assert decision.rung == 0
        assert decision.reason == (
            "place 0 at 30 kimg: log FID 2.00 beside 0.20 of t1: worse by 1.8, more than 2 x 0.14, "
            "the noise of both"
        )

    @pytest.mark.parametrize(("gap", "action"), [(0.28, GO_ON), (0.29, EXPLOIT)])
    def test_only_a_difference_beyond_the_noise_counts(
        self, gap: float, action: CohortAction
    ) -> None:
        # two scores of noise 0.1 each: 2 x sqrt(0.02) = 0.283
        decision = meet(scheduler(), [0.0, 0.1, 0.1, gap])
        assert decision.action is action
        if action is GO_ON:
            assert decision.reason == (
                "place 0 at 30 kimg: log FID 0.28 beside 0.00 of t0: worse by 0.28, within 2 x "
                "0.14, the noise of both"
            )

    def test_the_donor_is_named_with_its_own_count_of_images(self) -> None:
        found = scheduler()
        found.report("early", [*flat(0.0, 3), *flat(0.0, 5)[4:]])  # no row at 30 kimg: 40
        assert meet(found, [1.0, 1.0, 3.0]).donor == ("early", 40_000)

    def test_nobody_is_moved_before_there_are_enough_for_a_best_and_a_worst(self) -> None:
        decision = meet(scheduler(), [0.0, 0.0, 9.0])
        assert decision.reason == "place 0 at 30 kimg: 3 of the 4 trials to compare"
        assert meet(scheduler(quantile=0.5), [0.0, 9.0]).action is EXPLOIT

    def test_who_is_not_among_the_worst_stays_as_it_is(self) -> None:
        decision = meet(scheduler(), [0.0, 9.0, 5.0, 8.0])
        reason = "place 0 at 30 kimg: log FID 8.00, not among the worst 1 of 4 trials"
        assert (decision.action, decision.reason) == (GO_ON, reason)

    def test_as_many_are_compared_as_the_quantile_says(self) -> None:
        ranks = [meet(scheduler(quantile=0.3), [*range(9), own]) for own in (5.5, 6.5)]
        assert [each.action for each in ranks] == [GO_ON, EXPLOIT]  # the worst 3 of 10

    def test_donors_are_drawn_among_all_of_the_best_and_alike_for_one_seed(self) -> None:
        def drawn(seed: int) -> str:
            donor = meet(scheduler(quantile=0.5, seed=seed), [0.0, 0.1, 5.0, 9.0]).donor
            assert donor is not None
            return donor.trial_id

        assert {drawn(seed) for seed in range(20)} == {"t0", "t1"}
        assert drawn(7) == drawn(7)

    def test_a_trial_that_broke_since_is_copied_by_nobody(self) -> None:
        found = scheduler()
        meet(found, [0.0, 1.0, 2.0])
        found.ended("t0", is_failure=True)
        assert found.report("late", flat(9.0)).donor == ("t1", 30_000)  # the next best

    def test_where_all_others_broke_a_trial_is_left_alone(self) -> None:
        found = scheduler()
        meet(found, [0.0, 1.0, nan])
        for name in ("t0", "t1"):
            found.ended(name, is_failure=True)
        decision = found.report("late", flat(9.0))
        assert decision.action is GO_ON  # the worst but one, and itself the best
        decision = found.report("later", flat(nan))
        assert decision.donor == ("late", 30_000)
        assert meet(scheduler(), [nan, nan, nan, nan]).reason == (
            "place 0 at 30 kimg: none of 4 trials is fit to be copied"
        )

    def test_a_trial_that_merely_ended_is(self) -> None:
        found = scheduler()
        meet(found, [0.0, 1.0, 1.0])
        found.ended("t0")
        assert found.report("late", flat(9.0)).donor == ("t0", 30_000)

    def test_a_trial_without_a_finite_fid_takes_any_other(self) -> None:
        found = scheduler()
        meet(found, [0.0, 1.0, 1.0])
        decision = found.report("lost", flat(nan))
        reason = "place 0 at 30 kimg: no finite FID beside log FID 0.00 of t0"
        assert (decision.action, decision.reason) == (EXPLOIT, reason)

    def test_where_noise_is_not_known_nobody_is_moved(self) -> None:
        found = scheduler(interval_nimg=10_000)
        decision = meet(found, [0.0, 0.0, 0.0, 9.0], num_rows=2)
        assert decision.action is GO_ON
        assert decision.reason.endswith("the noise of so few evaluations is not known")

    def test_what_counts_are_the_weights_at_hand_not_the_best_there_ever_were(self) -> None:
        found = scheduler()
        meet(found, [1.0, 1.0, 1.0])
        fallen = [*flat(0.0, 1), *flat(5.0)[1:]]
        assert found.report("fallen", fallen).action is EXPLOIT

    def test_a_lucky_or_unlucky_row_is_smoothed_away(self) -> None:
        found = scheduler()
        meet(found, [0.0, 0.0, 0.0])
        assert found.report("unlucky", [*flat(0.0, 3), *flat(9.0)[3:]]).action is GO_ON


class TestGoingOn:
    def test_it_is_resumed_before_anything_is_waited_for(self) -> None:
        found = scheduler()
        meet(found, [0.0, 1.0, 1.0, 9.0])
        for to_come in ToCome:
            assert found.next_to_resume({"t0", "t3"}, to_come=to_come) == "t3"

    def test_then_it_goes_on_and_is_compared_at_the_next_place_by_its_new_rows_alone(self) -> None:
        found = scheduler()
        meet(found, [0.0, 1.0, 1.0, 9.0])
        for index in range(3):
            found.report(f"t{index}", flat(0.0, 7))
        rows = flat(9.0, 4) + flat(0.1, 7)[4:]
        decision = found.report("t3", rows[:5])
        assert (decision.action, decision.reason) == (GO_ON, "goes on from the weights of t0")
        assert found.next_to_resume({"t3"}) is None
        assert found.report("t3", rows[:6]).action is GO_ON
        # the median over the last three rows at 60 kimg holds none of before
        assert "log FID 0.10" in found.report("t3", rows).reason

    def test_a_row_of_former_weights_is_not_smoothed_into_the_score_of_the_new_ones(self) -> None:
        found = scheduler(interval_nimg=40_000, budget_nimg=100_000)
        for name in ("a", "b", "c"):
            found.report(name, flat(0.0, 9))
        rows = flat(9.0, 7)
        assert found.report("x", rows).action is EXPLOIT  # at 40 kimg, but heard of at 60
        new = [*rows, *flat(0.1, 9)[7:]]
        reason = found.report("x", new).reason
        assert reason.startswith("place 1 at 80 kimg: log FID 0.10 beside 0.00")

    def test_a_row_past_two_places_moves_a_trial_once(self) -> None:
        found = scheduler(interval_nimg=10_000)
        for name in ("a", "b", "c"):
            found.report(name, flat(0.0, 9))
        rows = [*flat(9.0, 3), *flat(9.0, 6)[5:]]  # at 0, 10, 20 and 50 kimg
        assert found.report("x", rows[:3]).rung == 1
        assert found.report("x", rows).rung == 2
        after = found.report("x", [*rows, *flat(0.0, 7)[6:]])
        assert after.rung == 5  # what it was at 40 and 50 kimg are weights that it gave up

    def test_two_in_a_row_go_on_in_the_order_of_their_decisions(self) -> None:
        found = scheduler(quantile=0.5)
        meet(found, [0.0, 9.0, 0.0, 8.0])
        assert found.next_to_resume({"t1", "t3"}) == "t1"
        found.ended("t1")
        assert found.next_to_resume({"t1", "t3"}) == "t3"


def test_equal_trials_hardly_ever_copy_each_other() -> None:
    """Twenty trials of one level: what the ranking picks from its ends is noise alone."""
    rng = np.random.default_rng(0)
    num_exploits = num_compared = 0
    for sweep in range(20):
        found = scheduler(budget_nimg=31_000, seed=sweep)
        for trial in range(20):
            rows = []
            for row, halves in enumerate(rng.normal(0.0, 0.1, (4, 2))):
                a, b = map(float, halves)
                fid = exp((a + b) / 2)
                nimg = 10_000 * row
                rows.append(
                    Evaluation(run="t", step=row, nimg=nimg, fid=fid, fid_a=exp(a), fid_b=exp(b))
                )
            decision = found.report(f"t{trial}", rows)
            num_compared += 1
            num_exploits += decision.action is EXPLOIT
    assert num_exploits / num_compared < 0.05


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"interval_nimg": 0}, "interval of 0 images: must be at least 1"),
        ({"quantile": 0.0}, "quantile 0: must be above 0 and at most 0.5"),
        ({"quantile": 0.6}, "quantile 0.6: must be above 0 and at most 0.5"),
        ({"quantile": nan}, "quantile nan: must be above 0 and at most 0.5"),
        ({"significant_sds": -1.0}, "significant from -1 sds: must be 0 or more"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        scheduler(**settings)
    assert str(error.value) == message

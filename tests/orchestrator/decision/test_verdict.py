from collections.abc import Callable
from dataclasses import replace
from math import inf, log, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.decision.finalists import choose_finalists
from orchestrator.decision.rules import VerdictRules, rules_for
from orchestrator.decision.score import best_evaluation
from orchestrator.decision.verdict import judge
from orchestrator.records import Action, Evaluation, TrialRecord, Verdict, VerdictKind
from orchestrator.trial_history import TrialHistory

MakeRows = Callable[..., list[Evaluation]]

NUM_ROWS = 31
BUDGET_NIMG = 300_000
RULES = rules_for(NUM_ROWS - 1)

TIME = np.arange(NUM_ROWS)
HEALTHY = 10.0 + 190.0 * np.exp(-TIME / 2.0)
DIVERSE = np.minimum(0.9, 0.1 + 0.2 * TIME)
SLOW = 200.0 / (1.0 + TIME) ** 0.8
STUCK = 80.0 + 120.0 * np.exp(-TIME / 2.0)


def verdict_on(rows: list[Evaluation], rules: VerdictRules = RULES) -> Verdict:
    return judge(rows, rules, budget_nimg=BUDGET_NIMG, reference_coverage=0.97)


def from_row(start: int, after: float, before: np.ndarray, until: int = NUM_ROWS) -> np.ndarray:
    """Return a curve that jumps to a value at row ``start``, and back at row ``until``."""
    return np.where((start <= TIME) & (until > TIME), after, before)


CAUSES = {
    "healthy": (HEALTHY, DIVERSE, VerdictKind.CONVERGED, Action.STOP_KEEP_BEST),
    "slow": (SLOW, DIVERSE, VerdictKind.IMPROVING, Action.GO_ON),
    "stuck": (STUCK, 0.3 * DIVERSE, VerdictKind.PLATEAUED, Action.STOP_KEEP_BEST),
    "late collapse": (
        from_row(20, 60.0, SLOW),
        from_row(20, 0.2, DIVERSE),
        VerdictKind.COLLAPSED,
        Action.STOP_KEEP_BEST,
    ),
    "early collapse": (
        from_row(5, 150.0, HEALTHY),
        from_row(5, 0.02, 0.3 * DIVERSE),
        VerdictKind.COLLAPSED,
        Action.STOP_REJECT,
    ),
    "recovery": (
        from_row(18, 60.0, SLOW, until=22),
        from_row(18, 0.2, DIVERSE, until=22),
        VerdictKind.IMPROVING,
        Action.GO_ON,
    ),
    "degradation": (
        HEALTHY * np.exp(np.maximum(0, TIME - 8) * 0.1),
        DIVERSE,
        VerdictKind.DEGRADED,
        Action.STOP_KEEP_BEST,
    ),
    "divergence": (
        200.0 * np.exp(0.2 * TIME),
        np.zeros(NUM_ROWS),
        VerdictKind.DIVERGED,
        Action.STOP_REJECT,
    ),
    "nan": (from_row(30, nan, HEALTHY), DIVERSE, VerdictKind.DEAD, Action.STOP_REJECT),
    "infinity": (from_row(30, inf, HEALTHY), DIVERSE, VerdictKind.DEAD, Action.STOP_REJECT),
}


@pytest.mark.parametrize("log_noise", [0.0, 0.04])
@pytest.mark.parametrize("cause", CAUSES)
def test_a_known_cause_is_recognised(make_rows: MakeRows, cause: str, log_noise: float) -> None:
    fids, coverages, kind, action = CAUSES[cause]
    verdict = verdict_on(make_rows(fids, coverages, log_noise=log_noise))
    assert (verdict.kind, verdict.action) == (kind, action), verdict.reason


@pytest.mark.parametrize("seed", range(20))
def test_a_noisy_flat_curve_raises_no_alarm(make_rows: MakeRows, seed: int) -> None:
    rows = make_rows([50.0] * NUM_ROWS, [0.5] * NUM_ROWS, log_noise=0.1, seed=seed)
    kinds = {verdict_on(rows[:end]).kind for end in range(1, NUM_ROWS + 1)}
    assert kinds <= {VerdictKind.WARMING_UP, VerdictKind.IMPROVING, VerdictKind.PLATEAUED}


def test_the_first_evaluations_are_not_judged(make_rows: MakeRows) -> None:
    assert verdict_on([]).kind is VerdictKind.WARMING_UP
    assert verdict_on(make_rows(HEALTHY[:2])).kind is VerdictKind.WARMING_UP
    assert verdict_on(make_rows(HEALTHY[:5])).kind is VerdictKind.IMPROVING


def test_warm_up_lasts_for_a_share_of_the_budget(make_rows: MakeRows) -> None:
    rows = make_rows([50.0] * 20, every_nimg=700)
    assert verdict_on(rows).kind is VerdictKind.WARMING_UP  # 13 of 300 kimg
    unbounded = judge(rows, RULES, budget_nimg=None, reference_coverage=None)
    assert unbounded.kind is VerdictKind.PLATEAUED


def test_training_that_is_not_finite_is_dead_whatever_fid_says(make_rows: MakeRows) -> None:
    rows = make_rows([50.0, 40.0])
    verdict = verdict_on([rows[0], replace(rows[1], finite=False)])
    assert verdict.kind is VerdictKind.DEAD
    assert verdict.reason == "training is no longer finite at 10 kimg"
    assert verdict.keep_step == 0


@pytest.mark.parametrize(
    ("num_bad", "kind", "action"),
    [
        (1, VerdictKind.IMPROVING, Action.GO_ON),
        (2, VerdictKind.PLATEAUED, Action.PAUSE),
        (3, VerdictKind.PLATEAUED, Action.GO_ON),
        (4, VerdictKind.COLLAPSED, Action.STOP_KEEP_BEST),
    ],
)
def test_collapse_is_watched_then_suspect_then_confirmed(
    make_rows: MakeRows, num_bad: int, kind: VerdictKind, action: Action
) -> None:
    rows = make_rows(from_row(12, 70.0, SLOW), from_row(12, 0.31, DIVERSE))[: 12 + num_bad]
    verdict = verdict_on(rows)
    assert (verdict.kind, verdict.action) == (kind, action)
    tier = {1: "watched: ", 2: "suspect: ", 3: "suspect: ", 4: ""}[num_bad]
    assert f"{tier}coverage 0.31, was 0.90 at 40 kimg; FID 2.56x its best" in verdict.reason
    assert f"for {num_bad} evaluation{'s' if num_bad > 1 else ''} in a row" in verdict.reason


def test_peaceful_endings_wait_while_an_alarm_is_counting(make_rows: MakeRows) -> None:
    flat = make_rows([20.0] * 20, [0.9] * 20)
    assert verdict_on(flat).kind is VerdictKind.CONVERGED
    dying = make_rows([20.0] * 29 + [25.5], [0.9] * 30)
    calm = replace(RULES, degraded_ratio=2.0)
    assert verdict_on(dying, calm).kind is VerdictKind.CONVERGED
    verdict = verdict_on(dying)
    assert (verdict.kind, verdict.action) == (VerdictKind.PLATEAUED, Action.GO_ON)
    assert "watched: FID 1.27x its best" in verdict.reason


def test_a_collapse_is_not_closed_as_degradation(make_rows: MakeRows) -> None:
    fids = from_row(10, 30.0, from_row(13, 60.0, np.full(NUM_ROWS, 20.0)), until=13)
    fids[0] = 200.0
    rows = make_rows(fids, from_row(13, 0.1, DIVERSE))
    first_stop = next(
        verdict
        for end in range(9, NUM_ROWS)
        if (verdict := verdict_on(rows[:end], replace(RULES, plateau_window=99))).action.is_stop
    )
    assert first_stop.kind is VerdictKind.COLLAPSED


def with_discriminator(rows: list[Evaluation], **columns: Any) -> list[Evaluation]:
    """Return the rows with D's health, the same in each but for G's gradient in the first eight."""
    healthy = [replace(row, g_grad_norm=1.0, d_heldout_acc=0.8, d_fake_acc=0.8) for row in rows[:8]]
    return healthy + [replace(row, **columns) for row in rows[8:]]


def test_degrading_while_d_guesses_is_learning_from_junk(make_rows: MakeRows) -> None:
    fids, coverages, *_ = CAUSES["degradation"]
    rows = make_rows(fids, coverages)
    guessing = with_discriminator(rows, d_heldout_acc=0.9, d_fake_acc=0.1, g_grad_norm=1.0)
    verdict = verdict_on(guessing)
    assert (verdict.kind, verdict.action) == (VerdictKind.JUNK_FEEDBACK, Action.STOP_KEEP_BEST)
    assert "D right on 0.50 of held-out reals and fakes: G has been learning" in verdict.reason
    knowing = with_discriminator(rows, d_heldout_acc=0.9, d_fake_acc=0.9, g_grad_norm=1.0)
    assert verdict_on(knowing).kind is VerdictKind.DEGRADED


def test_a_d_that_guesses_does_not_end_a_trial_that_improves(make_rows: MakeRows) -> None:
    rows = with_discriminator(make_rows(SLOW, DIVERSE), d_heldout_acc=0.5, d_fake_acc=0.5)
    assert verdict_on(rows).kind is VerdictKind.IMPROVING


def test_a_d_that_is_always_right_ends_a_trial_whose_g_gets_no_gradient(
    make_rows: MakeRows,
) -> None:
    rows = make_rows(from_row(8, 80.0, STUCK), 0.3 * DIVERSE)
    mighty = {"d_heldout_acc": 0.99, "d_fake_acc": 1.0}
    verdict = verdict_on(with_discriminator(rows[:17], **mighty, g_grad_norm=0.01))
    kind, action = VerdictKind.DISCRIMINATOR_OVERPOWERED, Action.STOP_REJECT
    assert (verdict.kind, verdict.action) == (kind, action)
    assert "G's gradient 1.0% of what it was early" in verdict.reason
    fed = verdict_on(with_discriminator(rows[:17], **mighty, g_grad_norm=0.5))
    assert fed.kind is VerdictKind.PLATEAUED


def test_overfitting_is_told_where_a_trial_ends(make_rows: MakeRows) -> None:
    rows = make_rows(STUCK, 0.3 * DIVERSE)
    rows = with_discriminator(rows, d_real_acc=0.98, d_heldout_acc=0.55, d_fake_acc=0.9)
    assert "D overfits: right on 0.98 of the reals it learnt" in verdict_on(rows).reason


def test_a_trial_that_swings_to_and_fro_oscillates(make_rows: MakeRows) -> None:
    swinging = HEALTHY * np.exp(0.7 * np.sin(TIME))
    verdict = verdict_on(make_rows(swinging, DIVERSE, log_noise=0.02))
    assert (verdict.kind, verdict.action) == (VerdictKind.OSCILLATING, Action.STOP_KEEP_BEST)
    assert "around its level and turned" in verdict.reason


def test_a_diverged_trial_that_had_been_good_keeps_its_best(make_rows: MakeRows) -> None:
    rows = make_rows([100, 60, 30, 300, 300, 300], [0.1, 0.5, 0.9, 0.0, 0.0, 0.0])
    verdict = verdict_on(rows)
    assert (verdict.kind, verdict.action) == (VerdictKind.DIVERGED, Action.STOP_KEEP_BEST)
    assert verdict.reason == "FID 3x its first value (100), for 3 evaluations in a row"
    assert verdict.keep_step == 200


@pytest.mark.parametrize(
    ("fids", "drop_at", "kind", "is_finalist"),
    [
        (CAUSES["degradation"][0], NUM_ROWS, VerdictKind.DEGRADED, True),
        (HEALTHY * np.exp(0.7 * np.sin(TIME)), NUM_ROWS, VerdictKind.OSCILLATING, True),
        (CAUSES["late collapse"][0], 20, VerdictKind.COLLAPSED, False),
        (from_row(20, 900.0, SLOW), 20, VerdictKind.DIVERGED, False),
    ],
)
def test_a_best_of_middling_diversity_is_lost_only_where_it_may_have_been_going_already(
    make_rows: MakeRows, fids: np.ndarray, drop_at: int, kind: VerdictKind, is_finalist: bool
) -> None:
    """Converged would need 0.78; the user asks for 0.6."""
    rows = make_rows(fids, from_row(drop_at, 0.1, np.full(NUM_ROWS, 0.7)), log_noise=0.01)
    verdict = verdict_on(rows)
    assert verdict.kind is kind
    best = best_evaluation(rows)
    assert best is not None
    record = TrialRecord(
        trial_id="a", index=0, verdict=kind, score=1.0, best_coverage=best.coverage, nimg=300_000
    )
    better = replace(record, trial_id="b", index=1, score=2.0, best_coverage=0.65)
    trials = [TrialHistory(record, verdicts=[verdict]), TrialHistory(better)]
    finalists = choose_finalists(trials, count=2, min_coverage=0.6)
    assert [each.trial_id for each in finalists] == (["a", "b"] if is_finalist else ["b"])


def test_what_is_far_off_and_the_same_over_and_over_has_collapsed(make_rows: MakeRows) -> None:
    far = make_rows([100, 60, 30, 300, 300, 300], [0.1, 0.5, 0.9, 0.0, 0.0, 0.0])
    same, varied = ([replace(row, vendi=vendi) for row in far] for vendi in (1.01, 9.0))
    assert verdict_on(same).kind is VerdictKind.COLLAPSED
    told = "coverage 0.00, was 0.90 at 20 kimg; fakes as varied as 1.01 different samples; "
    assert verdict_on(same).reason.startswith(f"{told}FID 3x its first value (100)")
    assert verdict_on(varied).kind is VerdictKind.DIVERGED
    fids, _, *_ = CAUSES["degradation"]
    lost = [replace(row, vendi=1.01) for row in make_rows(fids, np.full(NUM_ROWS, 0.01))]
    assert verdict_on(lost).kind is VerdictKind.COLLAPSED


def test_runaway_logits_are_named(make_rows: MakeRows) -> None:
    rows = [replace(row, d_real_logit=4e3, d_fake_logit=-5.0) for row in make_rows([9] * 4)]
    verdict = verdict_on(rows)
    assert verdict.kind is VerdictKind.DIVERGED
    assert verdict.reason.startswith("D's mean logits 4e+03 (real), -5 (fake)")


def test_a_plateau_says_what_it_lacks_to_have_converged(make_rows: MakeRows) -> None:
    poor = verdict_on(make_rows([20.0] * 20, [0.5] * 20)).reason
    assert "coverage 0.50 is below 0.78" in poor
    unknown = verdict_on(make_rows([20.0] * 20)).reason
    assert "its diversity was not measured" in unknown


@pytest.mark.parametrize(
    ("coverage", "budget_kimg", "action"),
    [
        (0.5, 310, Action.STOP_KEEP_BEST),  # 190 kimg are more than six tenths
        (0.5, 330, Action.GO_ON),
        (0.5, None, Action.STOP_KEEP_BEST),
        (0.9, 330, Action.STOP_KEEP_BEST),
    ],
)
def test_a_plateau_ends_no_trial_early_in_a_known_budget_unless_it_is_diverse(
    make_rows: MakeRows, coverage: float, budget_kimg: int | None, action: Action
) -> None:
    rows = make_rows([100.0] + [20.0] * 19, [coverage] * 20)
    budget_nimg = None if budget_kimg is None else 1000 * budget_kimg
    verdict = judge(rows, RULES, budget_nimg=budget_nimg, reference_coverage=None)
    assert verdict.action is action
    assert verdict.reason.endswith("; too early to stop for that") is (action is Action.GO_ON)


def test_a_collapsed_generator_that_is_frozen_is_no_plateau(make_rows: MakeRows) -> None:
    verdict = verdict_on(make_rows([300.0] * 3 + [250.0] * 28, [0.02] * 31))
    assert (verdict.kind, verdict.action) == (VerdictKind.COLLAPSED, Action.STOP_REJECT)
    assert "coverage 0.02: next to no diversity" in verdict.reason


def test_what_looks_flat_but_is_not_proved_goes_on(make_rows: MakeRows) -> None:
    rows = make_rows([100.0, 60.0] + [20.0] * 29, [0.9] * 31, log_noise=0.2, seed=3)
    verdict = verdict_on(rows)
    assert (verdict.kind, verdict.action) == (VerdictKind.CONVERGED, Action.GO_ON)
    assert "lower to be expected after 1.5x as long, but up to" in verdict.reason


def test_a_plateau_says_what_is_left_to_gain(make_rows: MakeRows) -> None:
    falling = [60.0, *(20.0 * (2 + index) ** -0.1 for index in range(20))]
    reason = verdict_on(make_rows(falling, [0.9] * 21)).reason
    assert "at best 4.0 % lower after 1.5x as long" in reason  # 1 - 1.5 ** -0.1


@pytest.mark.parametrize(("gain", "action"), [(0.06, Action.STOP_KEEP_BEST), (0.07, Action.GO_ON)])
def test_a_fifteenth_more_to_gain_is_worth_going_on(
    make_rows: MakeRows, gain: float, action: Action
) -> None:
    power = log(1.0 - gain) / log(1.5)
    falling = [60.0, *(20.0 * (2 + index) ** power for index in range(20))]
    assert verdict_on(make_rows(falling, [0.9] * 21)).action is action


def test_the_checkpoint_to_keep_has_the_lowest_fid(make_rows: MakeRows) -> None:
    assert verdict_on(make_rows([9, 4, nan, 6])).keep_step == 100
    assert verdict_on(make_rows([nan])).keep_step is None


def test_the_order_of_arrival_does_not_matter(make_rows: MakeRows) -> None:
    rows = make_rows(SLOW, DIVERSE, log_noise=0.05)
    shuffled = [rows[index] for index in np.random.default_rng(0).permutation(NUM_ROWS)]
    assert verdict_on(shuffled) == verdict_on([*rows, rows[3]]) == verdict_on(rows)


numbers = st.floats() | st.sampled_from([nan, inf, 0.0, -1.0, 1e-300, 1e308]) | st.floats(1, 300)
any_row = st.builds(
    Evaluation,
    run=st.just("trial"),
    step=st.integers(-10, 60) | st.integers(-(2**63), 2**63),
    nimg=st.integers(0, 60) | st.integers(-(2**63), 2**63),
    fid=numbers,
    fid_a=numbers,
    fid_b=numbers,
    coverage=numbers,
    d_real_logit=numbers,
    finite=st.sampled_from([True, True, True, False]),
)
any_rules = st.sampled_from([VerdictRules(), RULES, rules_for(1)])
any_budget = st.none() | st.integers(0, 10**9)


@given(st.lists(any_row, max_size=60), any_rules, any_budget, st.none() | numbers)
def test_every_record_has_a_verdict_and_always_the_same(
    rows: list[Evaluation], rules: VerdictRules, budget: int | None, reference: float | None
) -> None:
    first, second = (
        judge(rows, rules, budget_nimg=budget, reference_coverage=reference) for _ in range(2)
    )
    assert first == second
    assert first.reason
    assert first.keep_step is None or first.keep_step in {row.step for row in rows}

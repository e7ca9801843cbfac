"""The thresholds of a verdict, with the values that were tried on recorded runs."""

from dataclasses import dataclass

COVERAGE_NEIGHBOURS = 5
SELF_COVERAGE = 1.0 - 2.0**-COVERAGE_NEIGHBOURS  # real against as many real samples, in expectation


@dataclass(frozen=True, kw_only=True)
class VerdictRules:
    """Thresholds; the defaults suit trials of about 60 evaluations (:func:`rules_for` scales them).

    Windows and persistences count evaluations. Ratios compare FIDs, so they are free of scale;
    ``…_sds`` count standard deviations of ln(FID), so that a noisy metric needs more evidence.

    Attributes:
        warm_up_evaluations: nothing but death and divergence is judged before.
        warm_up_frac: the same, as a share of the budget.
        suspect_after: evaluations in a row after which an alarm is spoken of.
        confirm_after: evaluations in a row after which an alarm ends the trial: some recover.
        diverged_after: evaluations in a row of divergence, from which no run recovers.
        diverged_ratio: FID this many times its first value.
        diverged_logit: mean logit of D beyond any that a working pair reaches.
        coverage_drop_frac: collapsed is coverage below this share of the mean of its three best,
        collapse_ratio: while FID is more than this many times its reference
        collapse_sds: and that is more than this many standard deviations of the metric;
        coverage_floor_frac: below this share of what real data score there is no diversity to lose;
            a trial that is flat there has collapsed,
        narrow_coverage_frac: and so has one below this share,
        narrow_precision: whose fakes look real in more than this share.
        few_vendi: while they are not as varied as this many different samples (Vendi score);
        single_vendi: so has one whose fakes are hardly more varied than one, wherever FID is.
        scattered_vendi_ratio: fakes this many times as varied as at their fullest are scattered.
        degraded_ratio: degraded is FID more than this many times its reference,
        degraded_sds: while that is more than this many standard deviations of its wobble.
        junk_accuracy: D tells reals from fakes no better than this where its feedback is junk.
        overpowered_accuracy: D tells them better than this where it is overpowered,
        overpowered_gradient_frac: while G's gradient is below this share of what it was early.
        overfitted_gap: by how much D does better on the reals it learnt from than on others.
        oscillating_turns: how often FID crosses its trend at least where it oscillates,
        oscillating_log_sd: while it strays from it by more than this standard deviation of ln(FID)
        oscillating_sds: and by more than this many standard deviations of the metric.
        plateau_window: evaluations that the slope needs at least.
        plateau_fracs: shares of the evaluations so far over which the slope is taken.
        plateau_budget_frac: a plateau ends no trial before this share of a known budget.
        horizon_growth: how far to look ahead, as a multiple of the budget spent so far,
        slow_start_growth: and the same for a trial that has not taken off yet,
        started_ratio: its best FID being above this share of its first, or no reals reached.
        min_gain_frac: a trial that cannot lower FID by this share within the horizon is futile.
        slope_sds: standard errors granted to the slope in the trial's favour (one-sided 1 %).
        coverage_gate_frac: coverage of a converged trial, as a share of what real data score.
        noise_window: evaluations from which the noise of the metric is estimated.
        wobble_window: evaluations from which the wobble of training is estimated.
    """

    warm_up_evaluations: int = 8
    warm_up_frac: float = 0.05
    suspect_after: int = 4
    confirm_after: int = 6
    diverged_after: int = 3
    diverged_ratio: float = 2.0
    diverged_logit: float = 1e3
    collapse_ratio: float = 1.5
    collapse_sds: float = 4.0
    coverage_drop_frac: float = 0.5
    coverage_floor_frac: float = 0.10
    narrow_coverage_frac: float = 0.25
    narrow_precision: float = 0.5
    few_vendi: float = 4.0
    single_vendi: float = 1.2
    scattered_vendi_ratio: float = 2.0
    degraded_ratio: float = 1.25
    degraded_sds: float = 3.0
    junk_accuracy: float = 0.60
    overpowered_accuracy: float = 0.97
    overpowered_gradient_frac: float = 0.05
    overfitted_gap: float = 0.25
    oscillating_turns: int = 3
    oscillating_log_sd: float = 0.30
    oscillating_sds: float = 4.0
    plateau_window: int = 20
    plateau_fracs: tuple[float, ...] = (0.3, 0.5)
    plateau_budget_frac: float = 0.6
    horizon_growth: float = 1.5
    slow_start_growth: float = 2.0
    started_ratio: float = 0.5
    min_gain_frac: float = 0.065
    slope_sds: float = 2.33
    coverage_gate_frac: float = 0.8
    noise_window: int = 20
    wobble_window: int = 12


def rules_for(num_planned_evaluations: int) -> VerdictRules:
    """Return the default rules with windows and persistence scaled to the length of a trial.

    They shrink in proportion below 60 evaluations, down to a window of 8 and a persistence of
    2 (suspect) and 4 (confirmed); above 60 they stay, so that a long trial is judged no later.
    """
    planned = num_planned_evaluations
    window = _within(8, planned / 3, 20)
    return VerdictRules(
        warm_up_evaluations=_within(2, planned * 8 / 60, 8),
        suspect_after=_within(2, planned * 4 / 60, 4),
        confirm_after=_within(4, planned * 6 / 60, 6),
        plateau_window=window,
    )


def _within(low: int, value: float, high: int) -> int:
    return min(max(low, round(value)), high)

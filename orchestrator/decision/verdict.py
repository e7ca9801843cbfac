"""Is this trial broken, futile, or worth going on with? One chain of rules, the first that fits.

The order matters: what is broken comes first, and while an alarm is counting the rules that end a
trial peacefully wait, so that a dying trial is not closed as a plateau.
"""

from collections.abc import Sequence
from math import exp, isfinite, log
from typing import NamedTuple

from orchestrator.decision.alarms import (
    has_runaway_logits,
    is_collapsed,
    is_degraded,
    is_diverged,
    streak,
)
from orchestrator.decision.case import (
    Case,
    coverage_and_best,
    fid_against_best,
    fid_against_first,
    fid_and_best,
    times,
)
from orchestrator.decision.curve import Curve, in_order, is_measured
from orchestrator.decision.feedback import (
    accuracy_in_words,
    gradient_left,
    is_overpowered,
    is_uninformative,
    overfitting_in_words,
)
from orchestrator.decision.futility import gain_ahead, horizon_growth
from orchestrator.decision.gate import (
    gated_coverage,
    is_narrow,
    is_worth_keeping,
)
from orchestrator.decision.oscillation import is_oscillating, swing_of
from orchestrator.decision.rules import SELF_COVERAGE, VerdictRules
from orchestrator.decision.score import best_evaluation
from orchestrator.decision.variety import (
    is_scattered,
    makes_few_things,
    makes_one_thing,
    variety_in_words,
)
from orchestrator.records import Action, Evaluation, Verdict, VerdictKind


class Opinion(NamedTuple):
    """A verdict before the checkpoint to keep is added."""

    kind: VerdictKind
    action: Action
    reason: str


class Alarm(NamedTuple):
    """For how many evaluations in a row a trial has looked broken, and by what."""

    length: int
    evidence: str


def judge(
    evaluations: Sequence[Evaluation],
    rules: VerdictRules,
    *,
    budget_nimg: int | None,
    reference_coverage: float | None,
) -> Verdict:
    """Say what a trial's record so far means, what to do, and which checkpoint to keep.

    Every record has a verdict: rows may be late, doubled or not finite, and columns missing.

    Args:
        evaluations: the trial's rows so far; of rows with the same step the first counts.
        rules: thresholds.
        budget_nimg: images the trial is meant to see; None if that is not known.
        reference_coverage: coverage that real samples reach against real samples; None for its
            expectation, 1 - 2^-5 with five neighbours and as many samples on both sides.
    """
    rows = in_order(evaluations)
    best = best_evaluation(rows)
    if not rows:
        opinion = Opinion(VerdictKind.WARMING_UP, Action.GO_ON, "nothing was evaluated yet")
    elif best is None or not is_measured(rows[-1]):
        opinion = _dead(rows[-1])
    else:
        curve = Curve.of(rows)
        self_coverage = SELF_COVERAGE if reference_coverage is None else reference_coverage
        case = Case(curve, curve.index_of_best, rules, self_coverage, budget_nimg)
        opinion = _opinion(case)
    return Verdict(
        kind=opinion.kind,
        action=opinion.action,
        reason=opinion.reason,
        keep_step=best.step if best else None,
    )


def asks_for_pause(verdicts: Sequence[Verdict]) -> bool:
    """Whether the latest verdict asks for a pause that the one before has not brought about.

    An alarm that goes on after a resume is no new evidence.
    """
    latest = [verdict.action for verdict in verdicts[-2:]]
    return latest[-1] is Action.PAUSE and latest != [Action.PAUSE, Action.PAUSE]


def _opinion(case: Case) -> Opinion:
    diverged_after = case.rules.diverged_after
    if streak(is_diverged, case, first=1, most=diverged_after) == diverged_after:
        return _diverged(case)
    if _is_warming_up(case):
        reason = f"too early to judge: {fid_and_best(case)}"
        return Opinion(VerdictKind.WARMING_UP, Action.GO_ON, reason)
    confirmed = case.rules.confirm_after
    collapse, degradation = _collapse(case), _degradation(case)
    if collapse.length >= confirmed:
        kind = VerdictKind.DIVERGED if is_scattered(case, case.last) else VerdictKind.COLLAPSED
        return _broken(case, kind, _lasting(collapse))
    if degradation.length >= confirmed and not collapse.length:
        return _degraded(case, degradation)
    overpower = _overpower(case)
    if overpower.length >= confirmed:
        return _overpowered(case, overpower)
    watched = next((alarm for alarm in (collapse, degradation, overpower) if alarm.length), None)
    return _benign(case) if watched is None else _suspected(case, watched)


def _dead(last: Evaluation) -> Opinion:
    what = f"FID is {last.fid}" if last.finite else "training is no longer finite"
    where = f"{last.nimg / 1000:g} kimg" if last.nimg else f"step {last.step}"
    return Opinion(VerdictKind.DEAD, Action.STOP_REJECT, f"{what} at {where}")


def _diverged(case: Case) -> Opinion:
    last = case.curve.rows[-1]
    evidence = fid_against_first(case)
    if has_runaway_logits(case, case.last):
        evidence = f"D's mean logits {last.d_real_logit:.3g} (real), {last.d_fake_logit:.3g} (fake)"
    kind = VerdictKind.DIVERGED
    if makes_few_things(case, case.last):
        kind, evidence = VerdictKind.COLLAPSED, f"{_lost_diversity(case)}; {evidence}"
    return _broken(case, kind, _lasting(Alarm(case.rules.diverged_after, evidence)))


def _is_warming_up(case: Case) -> bool:
    if len(case.curve) < case.rules.warm_up_evaluations:
        return True
    if case.budget_nimg is None or not case.curve.counts_images:
        return False
    return case.curve.budget[-1] < case.rules.warm_up_frac * case.budget_nimg


def _collapse(case: Case) -> Alarm:
    rules = case.rules
    length = streak(_is_collapsing, case, first=rules.warm_up_evaluations, most=rules.confirm_after)
    return Alarm(length, f"{_lost_diversity(case)}; {fid_against_best(case)}" if length else "")


def _is_collapsing(case: Case, index: int) -> bool:
    return makes_one_thing(case, index) or is_collapsed(case, index)


def _lost_diversity(case: Case) -> str:
    return f"{coverage_and_best(case)}{variety_in_words(case, case.last)}"


def _degradation(case: Case) -> Alarm:
    rules = case.rules
    length = streak(is_degraded, case, first=rules.warm_up_evaluations, most=rules.confirm_after)
    return Alarm(length, fid_against_best(case) if length else "")


def _overpower(case: Case) -> Alarm:
    rules = case.rules
    length = streak(is_overpowered, case, first=rules.warm_up_evaluations, most=rules.confirm_after)
    if not length:
        return Alarm(0, "")
    left = gradient_left(case, case.last)
    return Alarm(length, f"{accuracy_in_words(case)}, G's gradient {left:.1%} of what it was early")


def _degraded(case: Case, alarm: Alarm) -> Opinion:
    if makes_few_things(case, case.last):
        reason = f"{_lost_diversity(case)}; {_lasting(alarm)}"
        return _broken(case, VerdictKind.COLLAPSED, reason)
    if is_scattered(case, case.last):
        reason = f"{_lost_diversity(case)}; {_lasting(alarm)}"
        return _broken(case, VerdictKind.DIVERGED, reason)
    if is_uninformative(case, case.last):
        reason = f"{_lasting(alarm)}; {accuracy_in_words(case)}: G has been learning from junk"
        return Opinion(VerdictKind.JUNK_FEEDBACK, Action.STOP_KEEP_BEST, reason)
    reason = f"{_lasting(alarm)}{overfitting_in_words(case)}"
    return Opinion(VerdictKind.DEGRADED, Action.STOP_KEEP_BEST, reason)


def _overpowered(case: Case, alarm: Alarm) -> Opinion:
    action = Action.STOP_KEEP_BEST if is_worth_keeping(case) else Action.STOP_REJECT
    reason = f"{_lasting(alarm)}; {fid_and_best(case)}{overfitting_in_words(case)}"
    return Opinion(VerdictKind.DISCRIMINATOR_OVERPOWERED, action, reason)


def _broken(case: Case, kind: VerdictKind, reason: str) -> Opinion:
    if is_worth_keeping(case):
        return Opinion(kind, Action.STOP_KEEP_BEST, reason)
    return Opinion(kind, Action.STOP_REJECT, f"{reason}; its best was not diverse either")


def _suspected(case: Case, alarm: Alarm) -> Opinion:
    """Hold the peaceful endings back: a dying trial must not be closed as a plateau."""
    rules = case.rules
    is_improving = _benign(case).kind is VerdictKind.IMPROVING
    kind = VerdictKind.IMPROVING if is_improving else VerdictKind.PLATEAUED
    if alarm.length < rules.suspect_after:
        return Opinion(kind, Action.GO_ON, f"{fid_and_best(case)}; watched: {_lasting(alarm)}")
    # Only once: a trial that was let go on must not be held up again by what was known.
    action = Action.PAUSE if alarm.length == rules.suspect_after else Action.GO_ON
    reason = f"suspect: {_lasting(alarm)}; {rules.confirm_after} end the trial"
    return Opinion(kind, action, reason)


def _benign(case: Case) -> Opinion:
    if is_oscillating(case):
        return _oscillating(case)
    growth = horizon_growth(case)
    gain = gain_ahead(case.curve, case.rules, growth=growth)
    worthwhile = -log(1.0 - case.rules.min_gain_frac)
    if gain.hoped < worthwhile:  # False while it is NaN
        left = f"at best {_percent(gain.hoped)} lower after {growth:.2g}x as long"
        return _at_rest(case, left)
    if gain.expected < worthwhile:
        left = f"{_percent(gain.expected)} lower to be expected after {growth:.2g}x as long"
        resting = _at_rest(case, f"{left}, but up to {_percent(gain.hoped)} possible")
        return resting._replace(action=Action.GO_ON)
    return Opinion(VerdictKind.IMPROVING, Action.GO_ON, fid_and_best(case))


def _percent(log_gain: float) -> str:
    return f"{100.0 * (1.0 - exp(-max(log_gain, 0.0))):.1f} %"


def _oscillating(case: Case) -> Opinion:
    strayed, turns = swing_of(case)
    reason = (
        f"FID swings by {times(strayed)} around its level and turned {turns} times; "
        f"{fid_and_best(case)}"
    )
    return Opinion(VerdictKind.OSCILLATING, Action.STOP_KEEP_BEST, reason)


def _at_rest(case: Case, left: str) -> Opinion:
    """Say what a trial that is flat has come to rest at."""
    reason = f"{fid_and_best(case)}; {left}"
    coverage = gated_coverage(case)
    if is_narrow(case):
        reason = f"{reason}; coverage {coverage:.2f}: next to no diversity"
        return _broken(case, VerdictKind.COLLAPSED, reason)
    if is_scattered(case, case.last):
        reason = f"{reason}; {_lost_diversity(case)}"
        return _broken(case, VerdictKind.DIVERGED, reason)
    if coverage >= case.coverage_gate:
        reason = f"{reason}; coverage {coverage:.2f}"
        return Opinion(VerdictKind.CONVERGED, Action.STOP_KEEP_BEST, reason)
    lack = f"coverage {coverage:.2f} is below {case.coverage_gate:.2f}"
    lack = lack if isfinite(coverage) else "its diversity was not measured"
    reason = f"{reason}; {lack}{overfitting_in_words(case)}"
    if _may_break_through(case):
        reason = f"{reason}; too early to stop for that"
        return Opinion(VerdictKind.PLATEAUED, Action.GO_ON, reason)
    return Opinion(VerdictKind.PLATEAUED, Action.STOP_KEEP_BEST, reason)


def _may_break_through(case: Case) -> bool:
    """Whether much of a known budget is left: generators rest at a blob before they find modes."""
    if case.budget_nimg is None or not case.curve.counts_images:
        return False
    return case.curve.budget[-1] < case.rules.plateau_budget_frac * case.budget_nimg


def _lasting(alarm: Alarm) -> str:
    plural = "s" if alarm.length > 1 else ""
    return f"{alarm.evidence}, for {alarm.length} evaluation{plural} in a row"

"""Population Based Training (Jaderberg et al. 2017, arXiv:1711.09846) that asks for significance.

A trial that stands among the worst of its population goes on from the weights of one of the best.
What is copied stays, and so does the luck of whoever was copied: hence only a difference that the
noise of both scores does not explain is acted on.
"""

import random
from bisect import bisect_left, insort
from collections.abc import Container, Sequence
from math import ceil, floor, hypot, isfinite
from typing import NamedTuple

from orchestrator.decision.asha import rows_to
from orchestrator.decision.noise import evaluation_noise
from orchestrator.decision.scheduler import CohortAction, CohortDecision, Donor, ToCome
from orchestrator.decision.score import smoothed_log_fid
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

_ROUNDING = 1e-9  # 0.29 * 100 is a little less than 29


class _Member(NamedTuple):
    """A trial at a place; members sort by score, then by their arrival."""

    score: float
    arrival: int
    noise: float
    donor: Donor


class _Course(NamedTuple):
    """How far a trial has come: rows known, places come to, and the decision that holds.

    The first ``num_former`` rows were measured on weights that it has given up since.
    """

    num_rows: int
    num_places: int
    decision: CohortDecision
    num_former: int = 0


class PbtScheduler:
    """Lets the worst of a population go on from the weights of the best, where that is sure.

    Trials are compared at every multiple of ``interval_nimg`` below ``budget_nimg``, each as it
    comes there, with those that have come before it. The score is the smoothed ln(FID) of the
    weights that would be copied; the best so far may be of weights that are gone. A trial among the
    worst ``quantile`` is set against one that is drawn among as many of the best, those that broke
    later left out; nobody is, until there are enough for one in each.

    Args:
        interval_nimg: images between two comparisons.
        budget_nimg: images of a whole trial.
        quantile: share of a population that counts as its best, and as its worst.
        significant_sds: how many standard deviations of the difference of two single evaluations
            are no chance. That of two scores, each a running median of three, is two thirds of it,
            but these two are picked from the ends of a ranking.
        seed: what draws the donors.

    Raises:
        ConfigError: if a number is out of range.
    """

    def __init__(
        self,
        *,
        interval_nimg: int,
        budget_nimg: int,
        quantile: float = 0.25,
        significant_sds: float = 2.0,
        seed: int = 0,
    ) -> None:
        if interval_nimg < 1:
            raise ConfigError(f"interval of {interval_nimg} images: must be at least 1")
        if not 0 < quantile <= 0.5:
            raise ConfigError(f"quantile {quantile:g}: must be above 0 and at most 0.5")
        if not significant_sds >= 0:
            raise ConfigError(f"significant from {significant_sds:g} sds: must be 0 or more")
        self.places_nimg = range(interval_nimg, budget_nimg, interval_nimg)
        self._quantile, self._sds, self._seed = quantile, significant_sds, seed
        self._rankings: list[list[_Member]] = [[] for _ in self.places_nimg]
        self._start = _Course(0, 0, _go_on(self._before_first_place()))
        self._courses: dict[str, _Course] = {}
        self._exploiting: dict[str, None] = {}  # in the order of their decisions
        self._failed: set[str] = set()

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Decide at each place that the trial has newly come to; the latest decision holds."""
        course = self._courses.get(trial_id, self._start)
        if len(evaluations) > course.num_rows:
            course = self._advance(trial_id, course, evaluations)
            self._courses[trial_id] = course
        return course.decision

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Let the trial wait no more; one that broke is copied by nobody."""
        self._exploiting.pop(trial_id, None)
        if is_failure:
            self._failed.add(trial_id)

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Return the first of those that are to go on from other weights."""
        del to_come  # nothing has to be waited for
        return next((name for name in self._exploiting if name in paused), None)

    def _advance(
        self, trial_id: str, course: _Course, evaluations: Sequence[Evaluation]
    ) -> _Course:
        decision, num_places, num_former = course.decision, course.num_places, course.num_former
        if decision.donor is not None:  # and yet it has new rows: it went on
            self._exploiting.pop(trial_id, None)
            num_former = course.num_rows
            decision = _go_on(f"goes on from the weights of {decision.donor.trial_id}")
        while num_places < len(self.places_nimg) and decision.action is CohortAction.GO_ON:
            end = rows_to(self.places_nimg[num_places], evaluations)
            if end is None:
                break
            if end > num_former:  # else the row that has passed two places was looked at
                decision = self._enter(num_places, trial_id, evaluations[:end], num_former)
            num_places += 1
        return _Course(len(evaluations), num_places, decision, num_former)

    def _enter(
        self, number: int, trial_id: str, rows: Sequence[Evaluation], num_former: int
    ) -> CohortDecision:
        score = smoothed_log_fid(rows[num_former:])[-1]
        ranking = self._rankings[number]
        noise = evaluation_noise(rows)  # measuring is as noisy on whatever weights
        member = _Member(score, len(ranking), noise, Donor(trial_id, rows[-1].nimg))
        insort(ranking, member)
        rng = random.Random(f"{self._seed} {trial_id} {number}")  # text is hashed alike everywhere
        decision = self._compare(member, ranking, rng)
        if decision.action is CohortAction.EXPLOIT:
            self._exploiting[trial_id] = None
        where = f"place {number} at {self.places_nimg[number] / 1000:g} kimg"
        return CohortDecision(
            action=decision.action,
            reason=f"{where}: {decision.reason}",
            rung=number,
            donor=decision.donor,
        )

    def _compare(
        self, member: _Member, ranking: Sequence[_Member], rng: random.Random
    ) -> CohortDecision:
        num_come = len(ranking)
        num_ends = floor(self._quantile * num_come + _ROUNDING)
        if not num_ends:
            fewest = ceil(1 / self._quantile - _ROUNDING)
            return _go_on(f"{num_come} of the {fewest} trials to compare")
        rank = bisect_left(ranking, member)
        if rank < num_come - num_ends:
            worst = f"the worst {num_ends} of {num_come} trials"
            return _go_on(f"log FID {member.score:.2f}, not among {worst}")
        fit = [each for each in ranking if self._may_be_copied(each) and each != member]
        if not fit:
            return _go_on(f"none of {num_come} trials is fit to be copied")
        return self._set_against(member, rng.choice(fit[:num_ends]))

    def _set_against(self, member: _Member, best: _Member) -> CohortDecision:
        theirs = f"{best.score:.2f} of {best.donor.trial_id}"
        if not isfinite(member.score):
            return _exploit(f"no finite FID beside log FID {theirs}", best.donor)
        gap, noise = member.score - best.score, hypot(member.noise, best.noise)
        beside = f"log FID {member.score:.2f} beside {theirs}"
        if not isfinite(noise):
            return _go_on(f"{beside}: the noise of so few evaluations is not known")
        bound = f"{self._sds:g} x {noise:.2g}, the noise of both"
        if gap > self._sds * noise:
            return _exploit(f"{beside}: worse by {gap:.2g}, more than {bound}", best.donor)
        return _go_on(f"{beside}: worse by {gap:.2g}, within {bound}")

    def _may_be_copied(self, member: _Member) -> bool:
        return isfinite(member.score) and member.donor.trial_id not in self._failed

    def _before_first_place(self) -> str:
        if not self.places_nimg:
            return "no place of comparison below the budget"
        return f"below the first place at {self.places_nimg[0] / 1000:g} kimg"


def _go_on(reason: str) -> CohortDecision:
    return CohortDecision(action=CohortAction.GO_ON, reason=reason)


def _exploit(reason: str, donor: Donor) -> CohortDecision:
    return CohortDecision(action=CohortAction.EXPLOIT, reason=reason, donor=donor)

"""Asynchronous successive halving (Li et al. 2018, arXiv:1810.05934) that pauses and promotes.

A trial that comes to a rung and is not among the best there is paused; it goes on once later
trials make it one of the best. Unlike the usual implementations it compares the best so far of
the smoothed log FID instead of the latest value, treats scores within the noise of the metric as
ties, and stops a trial that has no finite score.
"""

from bisect import bisect_left
from collections.abc import Container, Sequence
from typing import NamedTuple

from orchestrator.decision.noise import evaluation_noise
from orchestrator.decision.rung import Rung
from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.decision.score import best_so_far
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation


class _Course(NamedTuple):
    """How far a trial has come: rows known, rungs come to, and the decision that holds."""

    num_rows: int
    num_rungs: int
    decision: CohortDecision


class AshaScheduler:
    """Pauses trials that are outclassed at a rung, and promotes those that prove not to be.

    Rungs lie at ``grace_nimg * reduction**k`` below ``budget_nimg``.

    Args:
        grace_nimg: images before the first rung.
        reduction: one trial in so many goes on from a rung.
        budget_nimg: images of a whole trial.
        tie_sds: see :class:`orchestrator.decision.rung.Rung`.

    Raises:
        ConfigError: if a number is out of range.
    """

    def __init__(
        self, *, grace_nimg: int, reduction: int, budget_nimg: int, tie_sds: float = 2.0
    ) -> None:
        check_rungs(grace_nimg, reduction)
        if not tie_sds >= 0:
            raise ConfigError(f"ties within {tie_sds:g} standard deviations: must be 0 or more")
        self.rungs: list[Rung] = []
        while grace_nimg < budget_nimg:
            self.rungs.append(Rung(grace_nimg, reduction=reduction, tie_sds=tie_sds))
            grace_nimg *= reduction
        self._start = _Course(0, 0, self._before_first_rung())
        self._courses: dict[str, _Course] = {}

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Decide at each rung that the trial has newly come to; the latest decision holds."""
        course = self._course(trial_id)
        is_stopped = course.decision.action is CohortAction.STOP
        if not is_stopped and len(evaluations) > course.num_rows:
            course = self._advance(trial_id, course, evaluations)
            self._courses[trial_id] = course
        return course.decision

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Let the trial wait nowhere any more."""
        for rung in self.rungs[: self._course(trial_id).num_rungs]:
            rung.end(trial_id, is_failure=is_failure)

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Return the best that may go on from the highest rung where one may."""
        for hoped_for in range(ToCome.NEW_TRIALS, to_come - 1, -1):
            for rung in reversed(self.rungs):
                trial_id = rung.next_to_resume(paused, ToCome(hoped_for))
                if trial_id is not None:
                    return trial_id
        return None

    def _advance(
        self, trial_id: str, course: _Course, evaluations: Sequence[Evaluation]
    ) -> _Course:
        decision, num_rungs = course.decision, course.num_rungs
        if decision.action is CohortAction.PAUSE:  # and yet it has new rows: it was resumed
            decision = self._release(num_rungs - 1, trial_id)
        while num_rungs < len(self.rungs) and decision.action is CohortAction.GO_ON:
            end = rows_to(self.rungs[num_rungs].nimg, evaluations)
            if end is None:
                break
            decision = self._enter(num_rungs, trial_id, evaluations[:end])
            num_rungs += 1
        return _Course(len(evaluations), num_rungs, decision)

    def _enter(
        self, number: int, trial_id: str, evaluations: Sequence[Evaluation]
    ) -> CohortDecision:
        rung = self.rungs[number]
        standing = rung.enter(trial_id, best_so_far(evaluations), evaluation_noise(evaluations))
        action = CohortAction.PAUSE if trial_id in rung.waiting else CohortAction.STOP
        if standing.goes_on:
            action = CohortAction.GO_ON
        reason = f"rung {number} at {rung.nimg / 1000:g} kimg: {standing.reason}"
        return CohortDecision(action=action, reason=reason, rung=number)

    def _release(self, number: int, trial_id: str) -> CohortDecision:
        self.rungs[number].release(trial_id)
        reason = f"resumed at rung {number}"
        return CohortDecision(action=CohortAction.GO_ON, reason=reason, rung=number)

    def _course(self, trial_id: str) -> _Course:
        return self._courses.get(trial_id, self._start)

    def _before_first_rung(self) -> CohortDecision:
        reason = "no rung below the budget"
        if self.rungs:
            reason = f"below the first rung at {self.rungs[0].nimg / 1000:g} kimg"
        return CohortDecision(action=CohortAction.GO_ON, reason=reason)


def check_rungs(grace_nimg: int, reduction: int) -> None:
    """Refuse rungs that cannot be.

    Raises:
        ConfigError: if a number is out of range.
    """
    if grace_nimg < 1:
        raise ConfigError(f"grace of {grace_nimg} images: the first rung needs at least 1")
    if reduction < 2:
        raise ConfigError(f"reduction {reduction}: at least 2 are compared for each kept")


def rows_to(nimg: int, evaluations: Sequence[Evaluation]) -> int | None:
    """Count the rows up to the first at or past ``nimg``: every trial is compared there."""
    count = bisect_left(evaluations, nimg, key=lambda row: row.nimg) + 1
    return count if count <= len(evaluations) else None

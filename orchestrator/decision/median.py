"""The median stopping rule of Vizier (Golovin et al. 2017, section 3.2), on the best so far.

Vizier compares a trial's best with the running means of the others, which on a curve that falls
from a high start lag so far behind that nothing is ever stopped. Here both sides are the best so
far of the smoothed log FID after the same number of images.
"""

from bisect import bisect_left
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from math import isfinite
from statistics import median

from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.decision.score import SMOOTHING_WINDOW, smoothed_log_fid
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation


@dataclass
class _Course:
    """A trial's best so far, row by row, and the decision that holds."""

    decision: CohortDecision
    nimg: list[int] = field(default_factory=list)
    best: list[float] = field(default_factory=list)

    def extend(self, evaluations: Sequence[Evaluation]) -> None:
        """Take in the rows that are new."""
        for end in range(len(self.nimg) + 1, len(evaluations) + 1):
            window = evaluations[max(0, end - SMOOTHING_WINDOW) : end]
            self.nimg.append(window[-1].nimg)
            self.best.append(min([smoothed_log_fid(window)[-1], *self.best[-1:]]))

    def best_at(self, nimg: int) -> float | None:
        """Return the best so far at the first row at or past ``nimg``; None if none is there."""
        row = bisect_left(self.nimg, nimg)
        return self.best[row] if row < len(self.best) else None


class MedianScheduler:
    """Stops a trial that is worse than the median of the others were after as many images.

    Others without a finite score are left out: were they counted, a cohort of which half dies
    would stop nobody.

    Args:
        grace_nimg: images before which no trial is stopped.
        min_trials: how many others must have come as far, with a finite score.

    Raises:
        ConfigError: if a number is out of range.
    """

    def __init__(self, *, grace_nimg: int, min_trials: int) -> None:
        if grace_nimg < 0:
            raise ConfigError(f"grace of {grace_nimg} images: must be 0 or more")
        if min_trials < 1:
            raise ConfigError(f"a median of {min_trials} trials: at least 1 is compared with")
        self._grace_nimg = grace_nimg
        self._min_trials = min_trials
        self._courses: dict[str, _Course] = {}

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Compare a trial with its siblings where it now stands."""
        course = self._courses.setdefault(trial_id, _Course(_go_on("nothing evaluated yet")))
        is_stopped = course.decision.action is CohortAction.STOP
        if not is_stopped and len(evaluations) > len(course.nimg):
            course.extend(evaluations)
            course.decision = self._decide(trial_id, course)
        return course.decision

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Remember nothing: what the trial scored still counts."""

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Return None: it pauses none."""
        del paused, to_come
        return None

    def _decide(self, trial_id: str, course: _Course) -> CohortDecision:
        nimg, score = course.nimg[-1], course.best[-1]
        if nimg < self._grace_nimg:
            return _go_on(f"below the grace of {self._grace_nimg / 1000:g} kimg")
        where = f"at {nimg / 1000:g} kimg"
        if not isfinite(score):
            return _stop(f"{where}: no finite FID so far")
        others = self._others_at(nimg, trial_id)
        if len(others) < self._min_trials:
            return _go_on(f"{where}: {len(others)} of the {self._min_trials} others to compare")
        middle = median(others)
        standing = f"the median {middle:.2f} of {len(others)} others"
        if score > middle:
            return _stop(f"{where}: log FID {score:.2f}, worse than {standing}")
        return _go_on(f"{where}: log FID {score:.2f}, not worse than {standing}")

    def _others_at(self, nimg: int, trial_id: str) -> list[float]:
        there = (course.best_at(nimg) for name, course in self._courses.items() if name != trial_id)
        return [score for score in there if score is not None and isfinite(score)]


def _go_on(reason: str) -> CohortDecision:
    return CohortDecision(action=CohortAction.GO_ON, reason=reason)


def _stop(reason: str) -> CohortDecision:
    return CohortDecision(action=CohortAction.STOP, reason=reason)

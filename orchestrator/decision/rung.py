"""A rung of successive halving: who has come to it, who has gone on, and who waits."""

from bisect import bisect_right, insort
from collections.abc import Container, Sequence
from math import ceil, inf, isfinite
from typing import NamedTuple

from orchestrator.decision.scheduler import ToCome

_TIED_FRAC = 0.5
_FRACTION_NAMES = {2: "half", 3: "third", 4: "quarter", 5: "fifth"}

Place = tuple[float, int]  # the score, then the order of arrival: no two places are equal


class Standing(NamedTuple):
    """Whether a trial goes on from a rung, and why."""

    goes_on: bool
    reason: str


class Rung:
    """A place on the budget at which trials are compared, each by its score there.

    The best 1/reduction of all that have come have a place beyond the rung, rounded down: the
    first few wait until ``reduction`` have come. Scores within ``tie_sds`` of the noise from the
    worst of the best are ties with it (the soft ranking of PASHA, Bohdal et al. 2023,
    arXiv:2207.06940) and go on, too, but at most half as many as there are places.

    Nor do more than half as many again as there are places go on while new trials are to come;
    the best wait for the next place then. Without these caps noise would pass everybody, and so
    would a sampler that learns: where each trial is better than those before, each is among the
    best when it comes. With them noise and learning slow the halving down but do not end it.

    Args:
        nimg: images after which trials are compared.
        reduction: one trial in so many goes on.
        tie_sds: how many standard deviations of one evaluation count as a tie. The difference of
            two scores, each a running median of three, has a standard deviation of 0.95 of that.
    """

    def __init__(self, nimg: int, *, reduction: int, tie_sds: float) -> None:
        self.nimg = nimg
        self.scores: dict[str, float] = {}
        self.gone_on: set[str] = set()
        self.waiting: set[str] = set()
        self._reduction = reduction
        self._tie_sds = tie_sds
        self._places: dict[str, Place] = {}
        self._ranking: list[Place] = []
        self._queue: list[tuple[Place, str]] = []  # those that wait
        self._gone: list[Place] = []  # those that have gone on
        self._failed: set[str] = set()
        self._noises: list[float] = []

    def enter(self, trial_id: str, score: float, noise: float) -> Standing:
        """Take in a trial that has come, and say whether it goes on at once or waits.

        Args:
            trial_id: of a trial that was never here.
            score: lower is better; one that is not finite never goes on, nor does it wait.
            noise: standard deviation of one evaluation of the trial; NaN where it is not known.
        """
        place = (score if isfinite(score) else inf, len(self._ranking))
        self.scores[trial_id] = score
        self._places[trial_id] = place
        insort(self._ranking, place)
        if isfinite(noise):
            insort(self._noises, noise)
        standing = self._standing(place)
        if standing.goes_on:
            self._let_on(trial_id)
        elif isfinite(score):
            self.waiting.add(trial_id)
            insort(self._queue, (place, trial_id))
        return standing

    def release(self, trial_id: str) -> None:
        """Take in that a trial which waited here runs again."""
        self._unqueue(trial_id)
        self._let_on(trial_id)

    def end(self, trial_id: str, *, is_failure: bool) -> None:
        """Take in that a trial which has come here never runs again."""
        if is_failure:
            self._failed.add(trial_id)
        if trial_id in self.waiting:  # it ended here by itself, or told nothing new once resumed
            self._unqueue(trial_id)

    def next_to_resume(self, paused: Container[str], to_come: ToCome) -> str | None:
        """Return the best that waits here if it may go on by now.

        One that waits but is not ``paused`` has been resumed and counts as gone on. Where nothing
        is to come, the best goes on from a rung that none has left, or only such as failed later.
        """
        resumed: list[Place] = []
        for place, trial_id in self._queue:
            if trial_id in paused:
                is_stuck = to_come is ToCome.NOTHING and not resumed
                may_go_on = (is_stuck and self.gone_on <= self._failed) or (
                    self._standing(place, resumed, to_come).goes_on
                )
                return trial_id if may_go_on else None
            resumed.append(place)
        return None

    def _unqueue(self, trial_id: str) -> None:
        self.waiting.remove(trial_id)
        self._queue.remove((self._places[trial_id], trial_id))

    def _let_on(self, trial_id: str) -> None:
        self.gone_on.add(trial_id)
        insort(self._gone, self._places[trial_id])

    def _standing(
        self,
        place: Place,
        resumed: Sequence[Place] = (),
        to_come: ToCome = ToCome.NEW_TRIALS,
    ) -> Standing:
        score, num_come = place[0], len(self._ranking)
        num_best = num_come // self._reduction
        if not isfinite(score):
            return Standing(False, "no finite FID so far")
        if not num_best:
            few = f"{num_come} of the {self._reduction} trials to compare"
            return Standing(False, f"log FID {score:.2f}, {few}")
        cutoff = self._ranking[num_best - 1]
        fraction = _FRACTION_NAMES.get(self._reduction, f"1/{self._reduction}")
        best = f"the best {fraction} of {num_come} trials (cutoff {cutoff[0]:.2f})"
        if score > cutoff[0] + self._tie_sds * self._noise:
            return Standing(False, f"log FID {score:.2f}, worse than {best}")
        is_tie = place > cutoff
        standing = f"log FID {score:.2f}, {'tied with' if is_tie else 'among'} {best}"
        num_tied = len(self._gone) - bisect_right(self._gone, cutoff)
        num_tied += sum(each > cutoff for each in resumed)
        num_extra = ceil(_TIED_FRAC * num_best)
        is_crowded = len(self._gone) + len(resumed) >= num_best + num_extra
        if (is_tie and num_tied >= num_extra) or (is_crowded and to_come is ToCome.NEW_TRIALS):
            return Standing(False, f"{standing}, but enough have gone on")
        return Standing(True, standing)

    @property
    def _noise(self) -> float:
        """The median over trials, which one wild trial cannot move; 0 where none is known."""
        return self._noises[len(self._noises) // 2] if self._noises else 0.0

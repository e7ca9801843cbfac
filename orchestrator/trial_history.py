"""One trial as its journal tells it: proposal, curve, verdicts and end, and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from typing import Any

from orchestrator.decision.score import best_evaluation, best_so_far
from orchestrator.records import (
    Adjustment,
    Evaluation,
    Exploit,
    LostAttempt,
    Retry,
    StoppedBy,
    TrialRecord,
    TrialStatus,
    Verdict,
)


@dataclass(frozen=True)
class Location:
    """Where an attempt runs: Ray's id of the node, its address, and the process there."""

    node: str = ""
    host: str = ""
    pid: int | None = None


@dataclass(eq=False)
class TrialHistory:
    """One trial: its proposal, its curve with the verdict at each point, and its end.

    Its ``record`` is summed up from the curve when it is asked for, and not for each row that is
    recalled; what every row needs of it can be had by itself.

    ``paused_by`` says what paused it, a verdict or the scheduler, until it is resumed; a trial that
    ended while it waited goes on waiting once it is reopened. ``location`` says where its present
    attempt has begun; None where it has not, or none is under way. ``last_node`` is Ray's id of the
    node on which the latest one began, whatever became of it.

    A roll back takes the rows after its place out of the curve, so that ``evaluations`` is always
    in order and holds each step once; ``abandoned`` keeps those rows, for what they cost.
    """

    _record: TrialRecord = field(repr=False)
    evaluations: list[Evaluation] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    paused_by: StoppedBy | None = None
    pause_reason: str = ""
    adjustments: list[Adjustment] = field(default_factory=list)
    abandoned: list[Evaluation] = field(default_factory=list)
    exploits: list[Exploit] = field(default_factory=list)
    lost_attempts: list[LostAttempt] = field(default_factory=list)
    location: Location | None = None
    last_node: str = ""
    _has_new_rows: bool = field(default=False, repr=False)

    @property
    def record(self) -> TrialRecord:
        """How it stands by all that is known of it."""
        self._sum_up()
        return self._record

    @record.setter
    def record(self, record: TrialRecord) -> None:
        self._record, self._has_new_rows = record, False

    @property
    def status(self) -> TrialStatus:
        """What happened to it."""
        return self._record.status

    @property
    def is_replicate(self) -> bool:
        """Whether it trains a finalist's parameters anew."""
        return self._record.is_replicate

    @property
    def nimg(self) -> int:
        """How many images it has trained on."""
        return self.evaluations[-1].nimg if self.evaluations else self._record.nimg

    @property
    def seconds(self) -> float:
        """How long it has trained; roll backs take nothing away from that."""
        if not self.evaluations:
            return self._record.seconds
        return max([self.evaluations[-1].seconds, *(row.seconds for row in self.abandoned)])

    @property
    def num_known(self) -> int:
        """How many evaluations were ever made of it, those that were abandoned included."""
        return len(self.evaluations) + len(self.abandoned)

    @property
    def is_given_up(self) -> bool:
        """Whether its last attempt was lost and none is to follow, though its end is not told."""
        if self.record.status.is_finished or not self.lost_attempts:
            return False
        last = self.lost_attempts[-1]
        return last.retry is Retry.NEVER and last.attempt == self.record.num_attempts

    @property
    def params(self) -> Mapping[str, Any]:
        """By what it trains now."""
        return self.exploits[-1].params if self.exploits else self.record.params

    @property
    def has_new_weights(self) -> bool:
        """Whether it was not measured yet since it took over another's weights."""
        return bool(self.exploits) and self.exploits[-1].nimg == self.record.nimg

    @property
    def is_of_its_proposal(self) -> bool:
        """Whether what was proposed alone made its scores."""
        return not self.exploits or (len(self.exploits) == 1 and self.has_new_weights)

    def params_until(self, nimg: int) -> Mapping[str, Any]:
        """Return by what it trained to the state that it had after ``nimg`` images."""
        later = [each.old_params for each in self.exploits if each.nimg >= nimg]
        return later[0] if later else self.params

    @property
    def num_rollbacks(self) -> int:
        """How often the trial has gone back to an earlier checkpoint."""
        return self.adjustments[-1].num_rollbacks if self.adjustments else 0

    @property
    def waited_in_vain(self) -> bool:
        """Whether it ended while it was paused, because nothing was left that might resume it."""
        return self.record.status.is_finished and self.paused_by is not None

    @property
    def is_retracing(self) -> bool:
        """Whether its latest row lies before one that a roll back abandoned."""
        return any(row.step > self.evaluations[-1].step for row in self.abandoned)

    def knows(self, evaluation: Evaluation, num_rollbacks: int = 0) -> bool:
        """Say whether the curve already reaches this step, or was rolled back since."""
        if num_rollbacks != self.num_rollbacks:
            return num_rollbacks < self.num_rollbacks
        return bool(self.evaluations) and evaluation.step <= self.evaluations[-1].step

    def knows_adjustment(self, adjustment: Adjustment) -> bool:
        """Say whether this adjustment, or a later one, is on record."""
        return bool(self.adjustments) and adjustment.place <= self.adjustments[-1].place

    def add(self, evaluation: Evaluation, verdict: Verdict, num_rollbacks: int = 0) -> None:
        """Take in one evaluation; one that is already known (after a resume) changes nothing.

        One that comes in late, after the trial's end, does not overrule why it ended.
        """
        if self.knows(evaluation, num_rollbacks):
            return
        self.evaluations.append(evaluation)
        self.verdicts.append(verdict)
        self._has_new_rows = True

    def adjust(self, adjustment: Adjustment) -> None:
        """Take in one adjustment, and abandon what a roll back leaves behind."""
        if self.knows_adjustment(adjustment):
            return
        self.adjustments.append(adjustment)
        if adjustment.died_nimg is None:
            return
        self._sum_up()  # it stays so, should no row be left
        num_kept = sum(row.step <= adjustment.step for row in self.evaluations)
        self.abandoned += self.evaluations[num_kept:]
        del self.evaluations[num_kept:], self.verdicts[num_kept:]
        self._has_new_rows = bool(self.evaluations)

    def to_mapping(self) -> dict[str, Any]:
        """Return the trial as its ``trial.json`` has it: plain data, without the curve."""
        adjustments = [adjustment.to_mapping() for adjustment in self.adjustments]
        exploits = [exploit.to_mapping() for exploit in self.exploits]
        lost = [attempt.to_mapping() for attempt in self.lost_attempts]
        lists = {"adjustments": adjustments, "exploits": exploits, "lost_attempts": lost}
        return self.record.to_mapping() | lists

    def _sum_up(self) -> None:
        if self._has_new_rows:
            record = _summarise(self._record, self.evaluations, self.verdicts[-1])
            self.record = replace(record, seconds=self.seconds)


def _summarise(record: TrialRecord, curve: list[Evaluation], verdict: Verdict) -> TrialRecord:
    last, best, score = curve[-1], best_evaluation(curve), best_so_far(curve)
    is_over = record.status.is_finished
    return replace(
        record,
        verdict=record.verdict if is_over else verdict.kind,
        reason=record.reason if is_over else verdict.reason,
        score=score if isfinite(score) else nan,
        best_fid=best.fid if best else nan,
        best_coverage=best.coverage if best else nan,
        best_step=best.step if best else None,
        best_nimg=best.nimg if best else None,
        nimg=last.nimg,
        num_evaluations=len(curve),
    )

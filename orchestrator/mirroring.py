"""What of a sweep is shown to optuna-dashboard: a listener that feeds the mirror of the study."""

from contextlib import ExitStack
from datetime import UTC, datetime
from math import exp, isfinite
from types import TracebackType
from typing import Self

from orchestrator.config.model import SweepConfig
from orchestrator.history import SweepHistory
from orchestrator.journal import Event, read_journal
from orchestrator.outcomes import DIRECTIONS, outcome_of
from orchestrator.paths import RunPaths
from orchestrator.progress.listener import SweepListener
from orchestrator.sampling.mirror import MirroredState, MirroredTrial, StudyMirror
from orchestrator.sampling.mirror_target import NONE
from orchestrator.trial_history import TrialHistory
from search_spaces.space import SearchSpace

_CLOSE_S = 10.0


class MirroringListener:
    """Passes a sweep on to another listener, and to the mirror of its study.

    Args:
        listener: the other one.
        config: of the sweep.
        space: by which its trials are proposed.
        paths: of its run folder.
    """

    def __init__(
        self, listener: SweepListener, config: SweepConfig, space: SearchSpace, paths: RunPaths
    ) -> None:
        self._listener, self._config, self._space, self._paths = listener, config, space, paths
        self._mirror: StudyMirror | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Begin to show."""
        self._stack.enter_context(self._listener)
        return self

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Show what has changed; at first everything, as after a resume."""
        self._listener.on_event(event, history)
        if self._mirror is None:
            self._mirror = self._open()
            self._mirror.put([self._mirrored(trial) for trial in history.trials.values()])
        elif "trial_id" in event:
            self._mirror.put([self._mirrored(history.trials[event["trial_id"]])])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop showing, and leave the mirror complete if it answers in time."""
        self._stack.__exit__(kind, error, traceback)
        if self._mirror is not None:
            self._mirror.close(_CLOSE_S)

    def _open(self) -> StudyMirror:
        began_s = read_journal(self._paths.journal)[0]["time_s"]
        began = datetime.fromtimestamp(began_s, UTC).isoformat(timespec="milliseconds")
        return StudyMirror(
            self._config.search.mirror,
            self._paths.root,
            name=f"{self._config.name} {began}",  # the same on every resume, and for no other sweep
            space=self._space,
            directions=[DIRECTIONS[name] for name in self._config.search.objectives],
        )

    def _mirrored(self, trial: TrialHistory) -> MirroredTrial:
        record = trial.record
        state, values = _standing(trial, self._config.search.objectives)
        folder = self._paths.trial(record.trial_id).folder.relative_to(self._paths.root)
        return MirroredTrial(
            name=record.trial_id,
            params=record.params,
            state=state,
            values=values,
            reports={row.nimg: row.fid for row in trial.evaluations if isfinite(row.fid)},
            attributes={
                "status": record.status.value,
                "verdict": None if record.verdict is None else record.verdict.value,
                "reason": record.reason,
                "seed": record.seed,
                "replicate_of": record.replicate_of,
                "folder": folder.as_posix(),
            },
        )


def mirrored(
    listener: SweepListener, config: SweepConfig, space: SearchSpace, paths: RunPaths
) -> SweepListener:
    """Return a listener that also feeds the mirror, where the spec asks for one."""
    if config.search.mirror == NONE:
        return listener
    return MirroringListener(listener, config, space, paths)


def _standing(
    trial: TrialHistory, objectives: tuple[str, ...]
) -> tuple[MirroredState, tuple[float, ...] | None]:
    """Return what a trial is called and what it reached: FID itself, not its logarithm."""
    record = trial.record
    if not record.status.is_finished:
        return "running", None
    outcome = outcome_of(record, objectives)
    if outcome.is_failure:
        return "failed", None
    values = tuple(
        exp(value) if name == "fid" else value
        for name, value in zip(objectives, outcome.values, strict=True)
    )
    is_complete = outcome.is_final or len(values) > 1  # Optuna prunes on one objective only
    return ("complete" if is_complete else "pruned"), values

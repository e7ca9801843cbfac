"""Training one trial from its order to its end: the only place that looks back.

The verdict on the curve so far may end the loop; the caller may end it by not pulling any more.
Killed at any moment and run again, it goes on from its last checkpoint to the same records.
"""

import io
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset, Split
from gan_models.data.residence import place
from gan_models.files import whole_file
from gan_models.grids import draw_grid
from gan_models.model_folder import Model
from gan_models.threads import pinned_threads
from gan_models.training.checkpoint import restore_latest, save_checkpoint
from gan_models.training.loop import train
from gan_models.training.state import TrainState, new_state
from orchestrator.decision.rules import rules_for
from orchestrator.decision.score import best_evaluation
from orchestrator.decision.verdict import judge
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import Evaluation, StoppedBy, TrialStatus, Verdict
from orchestrator.tensorboard import TrialBoard
from orchestrator.trial.curve_file import append_evaluation, rewind_evaluations
from orchestrator.trial.meter import LossWindow, Meter
from orchestrator.trial.snapshots import keep_snapshot
from orchestrator.trial.spec import Message, Messages, TrialSpec, evaluated, finished
from orchestrator.yardstick import Yardstick, open_yardstick

NUM_SHOWN = 64  # fakes in a sample grid


def run_trial(spec: TrialSpec) -> Messages:
    """Run a trial, or go on with it, yielding a message at each evaluation and at its end.

    Raises:
        GanModelsError: if data, parameters or a checkpoint cannot be used.
    """
    with pinned_threads(spec.num_threads):
        trial = _open(spec)
        with closing(trial.board):
            try:
                yield from trial.run()
            except GeneratorExit:
                trial.close_board(TrialStatus.STOPPED)
                raise
            except Exception:
                trial.close_board(TrialStatus.FAILED)
                raise
            yield trial.ending()


@dataclass
class _Trial:
    """The parts of a running trial."""

    spec: TrialSpec
    config: GanConfig
    paths: TrialPaths
    real: Dataset
    yardstick: Yardstick
    state: TrainState
    meter: Meter
    board: TrialBoard
    curve: list[Evaluation]
    verdicts: list[Verdict] = field(default_factory=list)

    def run(self) -> Iterator[Message]:
        for num_known, row in enumerate(list(self.curve), start=1):
            self._show_samples(row.nimg)  # the board begins anew with each attempt
            yield self._judge(num_known)
        for due_nimg in self._due():
            if self._is_over():
                break
            self._advance(due_nimg)
            yield self._judge(len(self.curve))

    def ending(self) -> Message:
        """Return the last message of a trial that ran to its own end."""
        verdict = self.verdicts[-1]
        if self._is_over():
            status, stopped_by, reason = TrialStatus.STOPPED, StoppedBy.VERDICT, verdict.reason
        else:
            status, stopped_by = TrialStatus.COMPLETED, StoppedBy.BUDGET
            reason = f"budget of {self.spec.budget_nimg / 1000:g} kimg used; {verdict.reason}"
        self.close_board(status)
        return finished(status, stopped_by, reason=reason, verdict=verdict.kind)

    def close_board(self, status: TrialStatus) -> None:
        """Say on the board how the trial ended."""
        self.board.finish(self.verdicts[-1].kind if self.verdicts else None, status)

    def _due(self) -> Iterator[int]:
        """Yield the image counts at which to evaluate: 0, every interval, and the budget."""
        every, budget = self.spec.every_nimg, self.spec.budget_nimg
        for due_nimg in [*range(0, budget, every), budget]:
            if not self.curve or due_nimg > self.state.nimg:
                yield due_nimg

    def _advance(self, due_nimg: int) -> None:
        window, start_s = LossWindow(), time.perf_counter()
        for progress in train(
            self.config, self.state, self.real, seed=self.spec.seed, until_nimg=due_nimg
        ):
            window.add(progress)
        before_s = self.curve[-1].seconds if self.curve else 0.0
        seconds = before_s + time.perf_counter() - start_s
        row = self.meter.measure(self.state, window, seconds=seconds, index=len(self.curve))
        self._record(row)

    def _record(self, row: Evaluation) -> None:
        """Put one evaluation on disk; the checkpoint comes last, for it is what resume trusts."""
        self.curve.append(row)
        append_evaluation(self.paths.evaluations, row)
        model = Model(self.state.ema, self.config, self.yardstick.splits.sample)
        keep_snapshot(self.paths, model, self.curve, num_best=self.spec.num_snapshots)
        self._draw_samples(model)
        save_checkpoint(self.paths.checkpoints, self.state, self.config)

    def _draw_samples(self, model: Model) -> None:
        fakes = model.draw(NUM_SHOWN, seed=self.spec.evaluation_seed)
        picture = io.BytesIO()
        draw_grid(fakes, model.sample).save(picture, format="PNG")
        with whole_file(self.paths.sample_grid(self.state.nimg)) as draft:
            draft.write_bytes(picture.getvalue())
        self._show_samples(self.state.nimg)

    def _show_samples(self, nimg: int) -> None:
        picture = self.paths.sample_grid(nimg)
        if picture.exists():
            self.board.add_samples(picture.read_bytes(), nimg)

    def _judge(self, num_rows: int) -> Message:
        rows = self.curve[:num_rows]
        verdict = judge(
            rows,
            rules_for(self.spec.budget_nimg // self.spec.every_nimg),
            budget_nimg=self.spec.budget_nimg,
            reference_coverage=self.yardstick.perfect_coverage(Split.SELECT, self.spec.num_samples),
        )
        self.verdicts.append(verdict)
        self.board.add(rows[-1], verdict, best=best_evaluation(rows))
        return evaluated(rows[-1], verdict)

    def _is_over(self) -> bool:
        return bool(self.verdicts) and self.verdicts[-1].action.is_stop


def _open(spec: TrialSpec) -> _Trial:
    run_paths = RunPaths(Path(spec.run_folder))
    paths = run_paths.trial(spec.trial_id)
    config = GanConfig.from_params(spec.params)
    yardstick = open_yardstick(spec.data, spec.features)
    state = new_state(config, yardstick.splits.sample, seed=spec.seed, device=spec.device)
    is_resumed = restore_latest(paths.checkpoints, state, config)
    curve = rewind_evaluations(paths.evaluations, nimg=state.nimg if is_resumed else -1)
    return _Trial(
        spec=spec,
        config=config,
        paths=paths,
        real=place(yardstick.splits.train, spec.device),
        yardstick=yardstick,
        state=state,
        meter=Meter(spec, config, yardstick),
        curve=curve,
        board=TrialBoard(
            run_paths.tensorboard / spec.trial_id,
            trial_id=spec.trial_id,
            params=spec.params,
            purge_step=0 if is_resumed or paths.samples.exists() else None,
        ),
    )

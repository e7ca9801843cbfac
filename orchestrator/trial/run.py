"""Training one trial from its order to its end: the only place that looks back.

The verdict on the curve so far may end the loop; the caller may end it by not pulling any more.
Killed at any moment and run again, it goes on from its last checkpoint to the same records.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL.Image import Image

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.data.residence import place
from gan_models.errors import FactoryError, StorageError
from gan_models.factories import check_sources, look_in
from gan_models.files import discard, storing, whole_file
from gan_models.gpu_share import claim_gpu
from gan_models.grids import draw_classes, draw_grid
from gan_models.model_folder import Model
from gan_models.samples import SampleSpec
from gan_models.threads import pinned_threads
from gan_models.training.checkpoint import restore_latest, save_checkpoint
from gan_models.training.loop import train
from gan_models.training.state import TrainState, adopt, new_state
from orchestrator.decision.score import best_evaluation
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import Action, Adjustment, Evaluation, TrialStatus, Verdict
from orchestrator.storage.trial import IN_RUN_FOLDER, Kept, TrialStore, open_trial_store
from orchestrator.tensorboard import TrialBoard
from orchestrator.trial.curve_file import append_evaluation, rewind_evaluations
from orchestrator.trial.fence import Fence
from orchestrator.trial.inheritance import is_milestone, take_over
from orchestrator.trial.judge import TrialJudge
from orchestrator.trial.mending import check_rows, put_damage_aside
from orchestrator.trial.meter import Meter
from orchestrator.trial.pulse import Pulse
from orchestrator.trial.regime import Regime
from orchestrator.trial.rollback_file import read_rollbacks, record_rollbacks
from orchestrator.trial.snapshots import keep_snapshot
from orchestrator.trial.spec import (
    Message,
    Messages,
    TrialSpec,
    adjusted,
    evaluated,
    mended,
    saved,
)
from orchestrator.trial.stretch import Beginning, Stretch
from orchestrator.trial.timer import Timer
from orchestrator.yardstick import open_yardstick

NUM_SHOWN = 64  # fakes in a sample grid


def run_trial(spec: TrialSpec, kept: Kept = IN_RUN_FOLDER) -> Messages:
    """Run a trial, or go on with it, yielding a message at each evaluation and at its end.

    Args:
        spec: of the trial.
        kept: where its run is kept, if not in the run folder that every node sees.

    Raises:
        GanModelsError: if data, parameters or a checkpoint cannot be used, or its GPU is taken.
        StorageError: if the disk of the run folder is full, read-only or gone.
        StoreError: if what it has done cannot be stored.
    """
    run_paths, store = open_trial_store(
        spec.trial_id, Path(spec.run_folder), kept, attempt=spec.attempt
    )
    spec = replace(spec, run_folder=str(run_paths.root))  # as this node has it
    with pinned_threads(spec.num_threads), storing(run_paths.root):
        claim_gpu(spec.device, share=spec.gpu_share, memory_bytes=spec.gpu_memory_bytes)
        _find_modules(spec)
        paths = run_paths.trial(spec.trial_id)
        Fence(paths, spec.attempt).check()
        _fetch(spec, store)
        for note in put_damage_aside(paths):
            yield mended(note)
        trial = _open(spec, store)
        with closing(trial), closing(trial.board):
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
    store: TrialStore
    fence: Fence
    real: Dataset
    meter: Meter
    board: TrialBoard
    judge: TrialJudge
    rollbacks: list[Adjustment]
    state: TrainState
    curve: list[Evaluation]
    pulse: Pulse
    verdicts: list[Verdict] = field(default_factory=list)

    def run(self) -> Messages:
        for exploit in self.spec.exploits:
            self.board.add_exploit(exploit)
        for num_known, row in enumerate(list(self.curve), start=1):
            self._show_samples(row.nimg)  # the board begins anew with each attempt
            yield from self._report(num_known)
        while not self._is_over():
            if self._must_roll_back():
                yield self._roll_back()
            else:
                yield from self._advance()
                yield from self._report(len(self.curve))

    def ending(self) -> Message:
        """Return the last message of a trial that ran to its own end."""
        ending = self.judge.ending(self.verdicts[-1])
        self.close_board(TrialStatus(ending["status"]))
        return ending

    def close_board(self, status: TrialStatus) -> None:
        """Say on the board how the trial ended."""
        self.board.finish(self.verdicts[-1].kind if self.verdicts else None, status)

    def close(self) -> None:
        """Leave the trial where any node may go on with it."""
        self.store.finish()

    def _is_over(self) -> bool:
        if not self.verdicts or self._must_roll_back():
            return False
        return self.verdicts[-1].action.is_stop or self.state.nimg >= self.spec.budget_nimg

    def _must_roll_back(self) -> bool:
        return bool(self.verdicts) and self.verdicts[-1].action is Action.ROLL_BACK

    def _due_nimg(self) -> int:
        """Return the image count of the next evaluation: 0, every interval, and the budget."""
        every, budget = self.spec.every_nimg, self.spec.budget_nimg
        return min((self.state.nimg // every + 1) * every, budget) if self.curve else 0

    def _advance(self) -> Messages:
        """Train up to the next evaluation, and make it; saves and leaves before if it is asked."""
        regime = self.judge.regimes.after(self.curve, self.rollbacks)
        config, seed = regime.config(self.config), regime.seed(self.spec.training_seed)
        begins = Beginning(self.state.nimg, len(self.rollbacks), len(self.spec.exploits))
        stretch = Stretch.resume(self.paths.between, self.state, self.config, beginning=begins)
        adopt(self.state, config)
        due_nimg = self._due_nimg()
        saving = Timer(self.spec.checkpoint_every_s)
        for progress in train(config, self.state, self.real, seed=seed, until_nimg=due_nimg):
            stretch.add(progress)
            if progress.nimg >= due_nimg:
                continue  # the state that is saved at this place is one that was evaluated
            if saving.rings():
                self._save_between(stretch)
            if (yield from self.pulse.training()):
                self._save_between(stretch)
                yield saved(progress.nimg)
        seconds = self._seconds_before() + stretch.seconds
        yield from self.pulse.evaluating()
        row = self.meter.measure(self.state, stretch.window, seconds=seconds, index=len(self.curve))
        self._record(row.as_recorded)  # so that it is judged as a resumed trial would

    def _save_between(self, stretch: Stretch) -> None:
        self.fence.check()
        stretch.save(self.paths.between, self.state, self.config)
        self.store.commit()

    def _seconds_before(self) -> float:
        """Return how long the trial has trained, stretches that it abandoned included."""
        abandoned_s = [each.seconds for each in self.rollbacks if each.nimg <= self.state.nimg]
        return max([row.seconds for row in self.curve[-1:]] + abandoned_s, default=0.0)

    def _record(self, row: Evaluation) -> None:
        """Put one evaluation on disk; the checkpoint comes last, for it is what resume trusts."""
        self.curve.append(row)
        self.fence.check()
        append_evaluation(self.paths.evaluations, row, number=len(self.curve) - 1)
        model = Model(self.state.ema, self.config, self.meter.yardstick.splits.sample)
        self.fence.check()
        keep_snapshot(self.paths, model, self.curve, num_best=self.spec.num_snapshots)
        self._draw_samples(model)
        if is_milestone(self.spec, self.curve):
            save_checkpoint(self.paths.milestone(row.nimg), self.state, self.config)
        self.fence.check()
        good = self.judge.last_good(self.curve) if self.spec.max_rollbacks else None
        keep_nimg = None if good is None else good.nimg
        save_checkpoint(self.paths.checkpoints, self.state, self.config, keep_nimg=keep_nimg)
        if self.paths.between.exists():
            discard(self.paths.between)
        self.store.commit()

    def _roll_back(self) -> Message:
        """Go back to the last good checkpoint, just as if the trial had been killed after it."""
        rollback = self.judge.rollback(self.curve, self.rollbacks, self.verdicts[-1].reason)
        self.rollbacks.append(rollback)
        self.fence.check()
        record_rollbacks(self.paths, self.rollbacks)
        self.store.commit_rollback()
        self.state, self.curve = _restore(self.spec, self.config, self.paths, self.real.sample)
        del self.verdicts[len(self.curve) :]
        self.board.add_adjustment(rollback)
        return adjusted(rollback)

    def _draw_samples(self, model: Model) -> None:
        seed, nimg = self.spec.evaluation_seed, self.state.nimg
        fakes = model.draw(NUM_SHOWN, seed=seed)
        _save_picture(draw_grid(fakes, model.sample), self.paths.sample_grid(nimg))
        by_class = draw_classes(model, seed=seed)
        if by_class is not None:
            _save_picture(by_class, self.paths.class_grid(nimg))
        self._show_samples(nimg)

    def _show_samples(self, nimg: int) -> None:
        grids = {"samples": self.paths.sample_grid(nimg), "classes": self.paths.class_grid(nimg)}
        for tag, picture in grids.items():
            if picture.exists():
                self.board.add_samples(picture.read_bytes(), nimg, tag=tag)

    def _report(self, num_rows: int) -> Iterator[Message]:
        """Yield the messages of one row: its verdict, and what is adjusted after it."""
        rows = self.curve[:num_rows]
        regime = self.judge.regimes.after(rows[:-1], self.rollbacks)
        yield self._judge(rows, regime)
        if not self.verdicts[-1].action.is_stop and rows[-1].nimg < self.spec.budget_nimg:
            for adjustment in self.judge.regimes.changes_at(rows, self.rollbacks):
                self.board.add_adjustment(adjustment)
                yield adjusted(adjustment)

    def _judge(self, rows: Sequence[Evaluation], regime: Regime) -> Message:
        verdict = self.judge.verdict(
            rows, num_rollbacks=len(self.rollbacks), exploits=self.spec.exploits
        )
        self.verdicts.append(verdict)
        self.board.add(rows[-1], verdict, best=best_evaluation(rows))
        if self.spec.may_adjust:
            self.board.add_regime(regime.ratio, regime.lr_factor, rows[-1].nimg)
        return evaluated(rows[-1], verdict, regime.num_rollbacks)


def _save_picture(picture: Image, path: Path) -> None:
    encoded = io.BytesIO()
    picture.save(encoded, format="PNG")
    with whole_file(path) as draft:
        draft.write_bytes(encoded.getvalue())


def _open(spec: TrialSpec, store: TrialStore) -> _Trial:
    run_paths = RunPaths(Path(spec.run_folder))
    paths = run_paths.trial(spec.trial_id)
    config = GanConfig.from_params(spec.params)
    yardstick = open_yardstick(spec.data, spec.features)
    sample = yardstick.splits.sample
    take_over(spec, config, sample)
    state, curve = _restore(spec, config, paths, sample)
    meter = Meter(spec, config, yardstick)
    return _Trial(
        spec=spec,
        config=config,
        paths=paths,
        store=store,
        fence=Fence(paths, spec.attempt),
        real=place(yardstick.splits.train, spec.device),
        meter=meter,
        board=TrialBoard(
            run_paths.tensorboard / spec.trial_id,
            trial_id=spec.trial_id,
            params=spec.params,
            purge_step=0 if paths.samples.exists() else None,
        ),
        judge=TrialJudge.of(spec, config, meter.protocol),
        rollbacks=read_rollbacks(paths.rollbacks),
        state=state,
        curve=curve,
        pulse=Pulse(spec.sign_of_life_s),
    )


def _find_modules(spec: TrialSpec) -> None:
    """Let the user's modules be found in this process, once they are what the sweep began with.

    Raises:
        StorageError: if they are not, on this node or by now; for that is no fault of the trial.
    """
    look_in(spec.modules.get("folders", ()))
    try:
        check_sources(spec.modules.get("sha256", {}))
    except FactoryError as error:
        raise StorageError(str(error)) from error


def _fetch(spec: TrialSpec, store: TrialStore) -> None:
    store.fetch()
    if spec.exploits:
        store.fetch_milestone(spec.exploits[-1].donor, spec.exploits[-1].donor_nimg)


def _restore(
    spec: TrialSpec, config: GanConfig, paths: TrialPaths, sample: SampleSpec
) -> tuple[TrainState, list[Evaluation]]:
    """Return the state of the latest checkpoint with the curve up to it, or an untrained one."""
    state = new_state(config, sample, seed=spec.seed, device=spec.device)
    is_resumed = restore_latest(paths.checkpoints, state, config)
    curve = rewind_evaluations(paths.evaluations, nimg=state.nimg if is_resumed else -1)
    check_rows(paths, curve, state.nimg)
    return state, curve

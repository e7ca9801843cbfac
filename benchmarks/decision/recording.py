"""One run of the bank: the project's own training and measuring, with the truth beside it."""

from typing import Any

import torch

from benchmarks.decision.scenarios import Change, RunPlan
from benchmarks.decision.truth import NUM_FAKES, truth_of
from gan_models.config import GanConfig
from gan_models.model_folder import Model
from gan_models.seeds import derive_seed
from gan_models.threads import pinned_threads
from gan_models.training.loop import train
from gan_models.training.state import TrainState, new_state
from orchestrator.trial.meter import LossWindow, Meter
from orchestrator.trial.spec import TrialSpec
from orchestrator.yardstick import open_yardstick

Row = dict[str, Any]
TRUE_COLUMNS = ("true_distance", "true_mode_mass", "true_spread")


def record(plan: RunPlan) -> list[Row]:
    """Train one run to the end of its budget; return a row for each evaluation.

    Each row has the columns of an evaluation and the true ones, which are None once training
    is not finite.
    """
    with pinned_threads(1):
        return _record(plan)


def _record(plan: RunPlan) -> list[Row]:
    meter = _meter(plan)
    state = new_state(meter.config, meter.yardstick.splits.sample, seed=plan.seed)
    rows: list[Row] = []
    pending = list(plan.changes)
    for due_nimg in range(0, plan.data.budget_nimg + 1, plan.every_nimg):
        window = LossWindow()
        while pending and pending[0].at_nimg <= due_nimg:
            _advance(plan, meter, state, window, pending[0].at_nimg)
            meter = _change(plan, meter, state, pending.pop(0))
        _advance(plan, meter, state, window, due_nimg)
        rows.append(_row(plan, meter, state, window, index=len(rows)))
        if not rows[-1]["finite"]:
            break
    return rows


def _meter(plan: RunPlan) -> Meter:
    yardstick = open_yardstick({"name": plan.data.name}, plan.data.features)
    spec = TrialSpec(
        trial_id=plan.run,
        index=0,
        params=plan.params,
        seed=plan.seed,
        run_folder="",
        data={"name": plan.data.name},
        budget_nimg=plan.data.budget_nimg,
        every_nimg=plan.every_nimg,
        num_samples=plan.num_samples,
        features=plan.data.features,
        evaluation_seed=derive_seed(0, "bank", "evaluation"),
    )
    return Meter(spec, GanConfig.from_params(plan.params), yardstick)


def _advance(
    plan: RunPlan, meter: Meter, state: TrainState, window: LossWindow, until_nimg: int
) -> None:
    real = meter.yardstick.splits.train
    for progress in train(meter.config, state, real, seed=plan.seed, until_nimg=until_nimg):
        window.add(progress)


def _change(plan: RunPlan, meter: Meter, state: TrainState, change: Change) -> Meter:
    """Let it happen to the run, and return what measures and steers it from there on."""
    _set_rate(state.d_optimizer, plan.params["d_lr"] * change.d_lr_factor)
    _set_rate(state.g_optimizer, plan.params["g_lr"] * change.g_lr_factor)
    if change.forget_d:
        fresh = new_state(meter.config, meter.yardstick.splits.sample, seed=plan.seed + 1)
        state.discriminator.load_state_dict(fresh.discriminator.state_dict())
    if change.poison:
        with torch.no_grad():
            next(state.discriminator.parameters()).fill_(float("nan"))
    config = GanConfig.from_params({**plan.params, **change.params})
    return Meter(meter.spec, config, meter.yardstick)


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _row(plan: RunPlan, meter: Meter, state: TrainState, window: LossWindow, *, index: int) -> Row:
    evaluation = meter.measure(state, window, seconds=0.0, index=index)
    model = Model(state.ema, meter.config, meter.yardstick.splits.sample)
    row = evaluation.to_mapping() | dict.fromkeys(TRUE_COLUMNS)
    if evaluation.finite:
        fakes = model.draw(NUM_FAKES, seed=derive_seed(plan.seed, "truth", index))
        truth = truth_of(plan.data.name)
        row["true_distance"] = truth.distance(fakes)
        row["true_mode_mass"] = truth.mode_mass(fakes)
        row["true_spread"] = truth.spread(fakes)
    return row

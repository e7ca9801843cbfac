"""What it is worth that a trial adapts its ratio of D to G updates, and that a dead one goes back.

The same short trials with and without, from balanced to hopeless. See benchmarks/README.md.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean
from typing import Any
from unittest.mock import patch

import click
import torch

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.training.loop import Progress, train
from gan_models.training.state import TrainState
from orchestrator.decision.score import best_so_far
from orchestrator.history import SweepHistory
from orchestrator.records import Adjustment
from orchestrator.trial.run import run_trial
from orchestrator.trial.spec import TrialSpec

Params = dict[str, Any]

BUDGET_NIMG = {"ring8": 240_000, "digits": 120_000}
NUM_SAMPLES = 500
RING8: Params = {
    "network": "mlp",
    "width": 64,
    "depth": 2,
    "latent_dim": 8,
    "batch_size": 128,
    "r1_gamma": 0.02,
    "d_lr": 2.5e-3,
    "g_lr": 2.5e-3,
}
DIGITS: Params = {
    "network": "mlp",
    "width": 128,
    "depth": 2,
    "latent_dim": 32,
    "batch_size": 64,
    "r1_gamma": 0.3,
    "d_lr": 1e-3,
    "g_lr": 1e-3,
}
SATURATING: Params = {"d_loss": "minimax", "g_loss": "minimax", "penalty": "none", "d_steps": 4}


@dataclass(frozen=True)
class Case:
    """One kind of trial, by what is wrong with it; ``dies_at_frac`` of the budget, if it does."""

    name: str
    data: str
    features: str
    params: Params
    dies_at_frac: float = 0.0

    @property
    def budget_nimg(self) -> int:
        """Images of a trial that is not stopped."""
        return BUDGET_NIMG[self.data]


def _ring8(name: str, **params: Any) -> Case:
    return Case(f"ring8, {name}", "ring8", "random-fourier", RING8 | params)


def _digits(name: str, dies_at_frac: float = 0.0, **params: Any) -> Case:
    return Case(f"digits, {name}", "digits", "auto", DIGITS | params, dies_at_frac)


CASES = (
    _ring8("balanced"),
    _ring8("8 G updates", g_steps=8),
    _ring8("4 fast D updates, saturating G", **SATURATING, d_lr=1e-2),
    _digits("balanced"),
    _digits("D learns 1/50", d_lr=2e-5),
    _digits("8 G updates", g_steps=8),
    _digits("4 fast D updates, saturating G", **SATURATING, d_lr=4e-3),
    _digits("NaN at 40 %", dies_at_frac=0.4),
)


@dataclass(frozen=True)
class Outcome:
    """What came of one trial: its smoothed best, and how far and by what ratios it got there."""

    fid: float
    coverage: float
    kimg: float
    adjustments: Sequence[Adjustment]

    def __str__(self) -> str:
        return f"{self.fid:8.2f} {self.coverage:5.2f} {self.kimg:5.0f}"


def run_case(case: Case, *, seed: int, num_evaluations: int, adjusts: bool) -> Outcome:
    """Run one trial of a case in a folder that does not stay."""
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("orchestrator.trial.run.train", _dying(case)),
    ):
        return _outcome(
            TrialSpec(
                trial_id="trial",
                index=0,
                params=case.params,
                seed=seed,
                run_folder=folder,
                data={"name": case.data},
                budget_nimg=case.budget_nimg,
                every_nimg=case.budget_nimg // num_evaluations,
                num_samples=NUM_SAMPLES,
                features=case.features,
                evaluation_seed=1,
                adapt_ratio=adjusts,
                max_rollbacks=2 if adjusts else 0,
            )
        )


def _dying(case: Case) -> Any:
    """Return training that ends in NaN at the case's place, as long as D has its first rate."""

    def dying_train(
        config: GanConfig, state: TrainState, real: Dataset, *, seed: int, until_nimg: int
    ) -> Iterator[Progress]:
        before_nimg, dies_at_nimg = state.nimg, case.dies_at_frac * case.budget_nimg
        yield from train(config, state, real, seed=seed, until_nimg=until_nimg)
        if before_nimg < dies_at_nimg <= state.nimg and config.d_lr == case.params["d_lr"]:
            with torch.no_grad():
                next(state.discriminator.parameters()).fill_(float("nan"))

    return dying_train


def _outcome(spec: TrialSpec) -> Outcome:
    history, name = SweepHistory(), {"trial_id": spec.trial_id}
    history.apply({"event": "proposed", **name, "index": 0, "params": spec.params, "seed": 0})
    for message in run_trial(spec):
        history.apply({**message, **name, "event": message["kind"]})
    trial = history.trials[spec.trial_id]
    return Outcome(
        fid=exp(best_so_far(trial.evaluations)),
        coverage=trial.record.best_coverage,
        kimg=trial.record.nimg / 1000,
        adjustments=trial.adjustments,
    )


def describe(adjustments: Sequence[Adjustment]) -> str:
    """Say each adjustment in short: ``2:1 at 12``, ``back to 46, x 0.5``."""
    return "; ".join(
        f"{each.d_steps}:{each.g_steps} at {each.nimg / 1000:.0f}"
        if each.died_nimg is None
        else f"back to {each.nimg / 1000:.0f}, x {each.lr_factor:g}"
        for each in adjustments
    )


@click.command()
@click.option("--seed", "seeds", multiple=True, type=int, default=(1, 2, 3), show_default=True)
@click.option("--evaluations", default=40, show_default=True)
@click.option("--match", default="", help="Only cases with this in their name.")
def main(seeds: tuple[int, ...], evaluations: int, match: str) -> None:
    """Print each trial without and with adjustments, and what these were worth."""
    torch.set_num_threads(1)
    click.echo(f"{'':40s} | {'without: FID, coverage, kimg':28s} | with")
    for case in (case for case in CASES if match in case.name):
        pairs = []
        for seed in seeds:
            plain, adjusted = (
                run_case(case, seed=seed, num_evaluations=evaluations, adjusts=adjusts)
                for adjusts in (False, True)
            )
            pairs.append((plain, adjusted))
            told = describe(adjusted.adjustments) or "nothing adjusted"
            click.echo(f"{case.name:36s} {seed:3d} | {str(plain):28s} | {adjusted}  {told}")
        ratio = exp(fmean(log(adjusted.fid / plain.fid) for plain, adjusted in pairs))
        gain = fmean(adjusted.coverage - plain.coverage for plain, adjusted in pairs)
        click.echo(f"{'':40s} | FID x {ratio:.3f} (geometric mean), coverage {gain:+.3f}\n")


if __name__ == "__main__":
    main()

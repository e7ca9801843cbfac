"""A finished sweep of fourteen made-up trials on disk, with every kind of ending."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from math import exp, isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_digits

from orchestrator.journal import Journal
from orchestrator.paths import RunPaths
from orchestrator.records import Action, Evaluation, Verdict, VerdictKind
from orchestrator.report.view import RunView, load_view

BUDGET_KIMG, EVERY_KIMG = 250, 10
SPEC = {
    "name": "digits-demo",
    "data": {"name": "digits"},
    "search": {"trials": 14, "seed": 0},
    "budget": {"kimg_per_trial": BUDGET_KIMG},
}
CERTIFICATE = {
    "fid": 3.41,
    "fid_low": 3.08,
    "fid_high": 3.83,
    "coverage": 0.951,
    "coverage_at_real_n": 0.874,
    "perfect_coverage_at_real_n": 0.969,
    "density": 0.978,
    "precision": 0.742,
    "recall": 0.691,
    "modes": 10.0,
    "n_fake": 2000,
    "n_real": 360,
    "features": "digits-cnn",
    "protocol": "8a3f02c7d1be",
    "real_fid": 3.02,
    "fid_at_real_n": 3.66,
    "n_chunk": 180,
}


@dataclass(frozen=True)
class Story:
    """How one made-up trial goes: its floor, its speed, where it ends and why."""

    trial_id: str
    low: float
    speed_kimg: float
    end_kimg: int
    verdict: str
    stopped_by: str
    reason: str
    network: str = "dcgan"
    d_loss: str = "non-saturating"
    turn_kimg: float = 1e9
    nan_from_kimg: float = 1e9


STORIES = [
    Story("ash-4f2a", 6.1, 40, 250, "improving", "budget", "gained 6 % over 5 evaluations"),
    Story("elm-91c0", 9.5, 30, 90, "improving", "scheduler", "rank 6 of 8 at the rung of 90 kimg"),
    Story("fir-07de", 3.3, 38, 250, "improving", "budget", "gained 3 % over 5 evaluations"),
    Story("oak-c3b1", 14, 20, 30, "improving", "scheduler", "rank 9 of 9 at the rung of 30 kimg",
          "mlp"),
    Story("yew-55aa", 5.2, 25, 140, "collapsed", "verdict",
          "coverage 0.21, below half of its best 0.83, in 8 evaluations running",
          d_loss="minimax", turn_kimg=60),
    Story("bay-e802", 22, 35, 60, "diverged", "verdict",
          "distance 412, more than twice the untrained 180, in 3 evaluations running",
          d_loss="wasserstein", turn_kimg=25),
    Story("box-2d6f", 7.4, 30, 200, "plateaued", "verdict",
          "the optimistic bound on the gain over the next 100 kimg is 4 %, less than 10 %", "mlp"),
    Story("may-b7e9", 3.9, 42, 250, "converged", "budget", "flat, coverage 0.94"),
    Story("fig-8810", 30, 50, 30, "improving", "scheduler", "rank 8 of 9 at the rung of 30 kimg",
          "mlp", "hinge"),
    Story("gum-6e4c", 12, 30, 50, "dead", "verdict", "loss of G is not finite at 50 kimg",
          d_loss="wasserstein", nan_from_kimg=45),
    Story("ivy-1f93", 4.6, 45, 180, "converged", "verdict", "flat, coverage 0.92",
          d_loss="hinge"),
    Story("nut-a0d5", 8.8, 35, 90, "degraded", "verdict",
          "distance 1.6 times its own best in 8 evaluations running", d_loss="least-squares",
          turn_kimg=45),
    Story("tea-77b2", 11, 28, 30, "warming_up", "scheduler", "rank 7 of 9 at the rung of 30 kimg"),
    Story("rue-3c48", 25, 60, 20, "warming_up", "error",
          "RuntimeError: the worker died twice in 3 minutes"),
]  # fmt: skip


def evaluations(story: Story, rng: np.random.Generator) -> Iterator[Evaluation]:
    for kimg in range(0, story.end_kimg + 1, EVERY_KIMG):
        fid = story.low + 180 * exp(-kimg / (story.speed_kimg * 0.55))
        fid *= exp(max(kimg - story.turn_kimg, 0) / 30) * exp(rng.normal(0, 0.05))
        fid = nan if kimg >= story.nan_from_kimg else fid
        coverage = min(0.97, 3.2 / (fid + 0.2)) if isfinite(fid) else nan
        yield Evaluation(
            run=story.trial_id,
            step=kimg * 15,
            nimg=kimg * 1000,
            fid=fid,
            fid_a=fid * 1.03,
            fid_b=fid * 0.98,
            coverage=coverage,
            modes=min(10.0, round(100 / fid)) if isfinite(fid) else nan,
            seconds=kimg * 0.4,
            d_loss=1.2,
            g_loss=0.9,
            finite=isfinite(fid),
            protocol="8a3f02c7d1be",
        )


def params(story: Story, index: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "network": story.network,
        "width": [32, 64, 96][index % 3],
        "latent_dim": 64,
        "d_loss": story.d_loss,
        "g_loss": "non-saturating" if story.d_loss == "minimax" else story.d_loss,
        "penalty": "gradient-penalty" if story.d_loss == "wasserstein" else "r1",
        "batch_size": 64,
        "d_lr": 2e-4 * 1.37**index,
        "g_lr": 2e-4 * 1.21 ** (13 - index),
        "beta1": 0.5,
        "spectral_norm": index % 2 == 0,
    }
    return values | ({"depth": 3} if story.network == "mlp" else {"r1_gamma": 0.3 * (index + 1)})


def grid_png(noise: float, rng: np.random.Generator) -> bytes:
    """Return 8 x 8 real digits under noise as a PNG: a stand-in for a generator's samples."""
    digits = rng.permutation(load_digits().images)[:64] * (255 / 16)
    noisy = (digits + rng.normal(0, noise, digits.shape)).clip(0, 255).astype(np.uint8)
    image = np.pad(noisy, ((0, 0), (1, 1), (1, 1))).reshape(8, 8, 10, 10)
    buffer = BytesIO()
    Image.fromarray(image.transpose(0, 2, 1, 3).reshape(80, 80)).save(buffer, "PNG")
    return buffer.getvalue()


def write_trial(journal: Journal, paths: RunPaths, story: Story, index: int) -> None:
    rng = np.random.default_rng(index)
    journal.append(
        "proposed", trial_id=story.trial_id, index=index, params=params(story, index), seed=index
    )
    journal.append("started", trial_id=story.trial_id)
    for row in evaluations(story, rng):
        is_last = row.nimg == story.end_kimg * 1000
        kind = VerdictKind(story.verdict) if is_last else VerdictKind.IMPROVING
        verdict = Verdict(kind=kind, action=Action.GO_ON, reason=story.reason if is_last else "")
        values = {"evaluation": row.to_mapping(), "verdict": verdict.to_mapping()}
        journal.append("evaluated", trial_id=story.trial_id, **values)
    status = {"budget": "completed", "error": "failed"}.get(story.stopped_by, "stopped")
    journal.append(
        "finished",
        trial_id=story.trial_id,
        status=status,
        stopped_by=story.stopped_by,
        reason=story.reason,
    )
    if story.stopped_by != "error":
        grid = paths.trial(story.trial_id).sample_grid(story.end_kimg * 1000)
        grid.parent.mkdir(parents=True)
        grid.write_bytes(grid_png(story.low * 6, rng))


def write_run(root: Path) -> RunPaths:
    paths = RunPaths(root)
    root.mkdir(parents=True)
    paths.sweep.write_text(yaml.safe_dump(SPEC), encoding="utf-8")
    with Journal(paths.journal) as journal:
        for index, story in enumerate(STORIES):
            write_trial(journal, paths, story, index)
        selection = {
            "trial_id": "fir-07de",
            "snapshot_nimg": 220_000,
            "fid": 3.37,
            "fid_standard_error": 0.06,
            "coverage": 0.948,
            "candidates": 3,
            "evaluations": 9,
            "passed_gate": True,
            "reason": "0.31 below the runner-up may-b7e9, five standard errors",
        }
        journal.append("selected", selection=selection, certificate=CERTIFICATE)
    paths.best.mkdir()
    rng = np.random.default_rng(100)
    (paths.best / "samples.png").write_bytes(grid_png(14.0, rng))
    paths.real_samples.write_bytes(grid_png(0.0, rng))
    return paths


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    """A finished sweep of fourteen trials with pictures; only to be read."""
    return write_run(tmp_path_factory.mktemp("runs") / "digits-demo")


@pytest.fixture
def demo_run(finished_run: RunPaths, tmp_path: Path) -> RunPaths:
    """The same sweep to change at will."""
    return RunPaths(shutil.copytree(finished_run.root, tmp_path / "digits-demo"))


@pytest.fixture
def demo_view(finished_run: RunPaths) -> RunView:
    """What the report shows of it."""
    return load_view(finished_run)
